/**
 * Runs one guided step of tiny-sd at 64 x 64 on the provider named by the first argument, with those of its own operators that the others
 * name, and prints its outputs as JSON. Fails where it had to go without them.
 */
import type { ProviderName } from "../../src-main/scene/scene.ts";
import type { OwnForm } from "../../src-main/engine/sessions/ownOperators.ts";
import { guidedStep } from "./guidedStep.ts";

const [provider, ...forms] = process.argv.slice(2) as [ProviderName, ...OwnForm[]];
const note = (text: string) => {
  throw new Error(text);
};
const outputs = await guidedStep("test/goldens/tiny-sd", 77, { provider, memory: "fast", forms, note });
const result = Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, [...data]]));
process.stdout.write(JSON.stringify(result));
