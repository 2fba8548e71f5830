/**
 * Both halves of a step of tiny-sd on the provider named by the first argument, as JSON: in the way that is measured to be faster there, and then, guided
 * and plain, in one run.
 */
import type { ProviderName } from "../../src-main/scene/scene.ts";
import { kindOf } from "../../src-main/engine/sessions/pairChoice.ts";
import { bothOutputs, openHalves } from "./halves.ts";

const options = { provider: process.argv[2] as ProviderName, memory: "fast" } as const;
const plainOf = (outputs: Record<string, Float32Array>) =>
  Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, [...data]]));

const [times, notes] = [new Map<string, number>(), [] as string[]];
const memo = { times, note: (text: string) => void notes.push(text) };
const halves = await openHalves("test/goldens/tiny-sd", 77, options, { memo });
const chosen = plainOf(await bothOutputs(halves, false));
const measured = [...times];
for (const kind of [false, true].map((gradient) => kindOf(gradient))) {
  times.set(`halves 8x12 steering ${kind} apart`, 1);
  times.set(`halves 8x12 steering ${kind} together`, 0);
}
const [guided, plain] = [plainOf(await bothOutputs(halves, true)), plainOf(await bothOutputs(halves, false))];
await halves.networks.close();
process.stdout.write(JSON.stringify({ guided, plain, chosen, notes, times: measured }));
