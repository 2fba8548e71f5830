/**
 * Both halves of a step of tiny-sd on the provider named by the first argument, as JSON: in one run, guided and plain, and what is measured of it where
 * nobody asks for either way.
 */
import type { ProviderName } from "../../src-main/scene/scene.ts";
import { BATCH } from "../../src-main/engine/sessions/pairChoice.ts";
import { bothOutputs, openHalves } from "./halves.ts";

const options = { provider: process.argv[2] as ProviderName, memory: "fast" } as const;
const plainOf = (outputs: Record<string, Float32Array>) =>
  Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, [...data]]));

process.env[BATCH] = "2";
const forced = await openHalves("test/goldens/tiny-sd", 77, options);
const [guided, plain] = [await bothOutputs(forced, true), await bothOutputs(forced, false)];
await forced.networks.close();

delete process.env[BATCH];
const [times, notes] = [new Map<string, number>(), [] as string[]];
const measured = await openHalves("test/goldens/tiny-sd", 77, options, {
  memo: { times, note: (text) => notes.push(text) },
});
const chosen = await bothOutputs(measured, false);
await measured.networks.close();
process.stdout.write(
  JSON.stringify({ guided: plainOf(guided), plain: plainOf(plain), chosen: plainOf(chosen), notes, times: [...times] }), // prettier-ignore
);
