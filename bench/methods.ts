/**
 * `npm run bench:methods [FOLDER]`: what one guided step or one move of each method costs in arithmetic, against a plain step (both halves of
 * classifier-free guidance), for the demo model or the checkpoint in FOLDER, at the size that it was trained on. Counted, not timed.
 */
import { openCheckpoint } from "../src-main/checkpoint/folder.ts";
import { DEMO_FOLDER } from "../src-main/cli/render.ts";
import { unetGraph } from "../src-main/engine/sessions/unetGraph.ts";
import { DEFAULT_GRADIENT_OPTIONS } from "../src-main/graph/gradient/rule.ts";
import type { AttentionProgram } from "../src-main/guidance/method.ts";
import { methodOf } from "../src-main/guidance/methodOf.ts";
import { DEFAULT_SETTINGS } from "../src-main/scene/defaults.ts";
import { LOSSES } from "../src-main/scene/losses.ts";
import { METHOD_ROWS, METHODS, type Method } from "../src-main/scene/methods.ts";
import { actingGuidance } from "../src-main/scene/methodSettings.ts";
import type { Guidance } from "../src-main/scene/settings.ts";
import { flopCount } from "./flops.ts";

const { unet, text } = await openCheckpoint(process.argv[2] ?? DEMO_FOLDER);
const side = unet.config.sampleSize ?? 64;

function graphOf(program: AttentionProgram) {
  const columns = text.config.maxPositions;
  return unetGraph(unet.config, unet.weights, { height: side, width: side }, { columns, masked: false, program }, "float32", DEFAULT_GRADIENT_OPTIONS); // prettier-ignore
}

const plain = 2 * flopCount(graphOf((await methodOf("none")).program).graph, ["prediction"]);

/** A method that moves the picture looks first, and then asks for the gradient; the others have it with the prediction. */
async function costOf(changes: Partial<Guidance> & { method: Method }): Promise<string> {
  const method = await methodOf(changes.method);
  const guidance = actingGuidance({ ...DEFAULT_SETTINGS.guidance, ...changes }, 50);
  const { graph, told } = graphOf(method.programOf?.(guidance) ?? method.program);
  const of = (...outputs: string[]) => flopCount(graph, outputs) / plain;
  if (!METHOD_ROWS[changes.method].gradientSteps) return `${(2 * of("prediction") - 1).toFixed(2)} a step`;
  const program = method.programOf?.(guidance) ?? method.program;
  if (!program.isAlone) return `${(of("prediction", "gradient") - of("prediction")).toFixed(2)} a step`;
  return `${of("loss", "gradient").toFixed(2)} a move, and ${of("loss", ...told).toFixed(2)} to look`;
}

for (const method of METHODS) process.stdout.write(`${METHOD_ROWS[method].label}: ${await costOf({ method })}\n`);
for (const loss of LOSSES) process.stdout.write(`iLGD by ${loss}: ${await costOf({ method: "ilgd", loss })}\n`);
