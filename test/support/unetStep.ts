/** Runs one guided step of tiny-sd at 64 x 64 on the provider named by the first argument, and prints its outputs as JSON. */
import type { ProviderName } from "../../src-main/scene/scene.ts";
import { guidedStep } from "./guidedStep.ts";

const provider = process.argv[2] as ProviderName;
const outputs = await guidedStep("test/goldens/tiny-sd", 77, { provider, memory: "fast" });
const result = Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, [...data]]));
process.stdout.write(JSON.stringify(result));
