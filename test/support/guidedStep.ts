/** One guided step of a checkpoint's noise predictor on numbers that are always the same. */
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { type Outputs, OrtSession, type SessionOptions } from "../../src-main/engine/sessions/session.ts";
import { GRADIENT_GATE, unetGraph } from "../../src-main/engine/sessions/unetGraph.ts";
import type { Graph } from "../../src-main/graph/graph.ts";
import { DEFAULT_GRADIENT_OPTIONS } from "../../src-main/graph/gradient/rule.ts";
import { layoutInputs } from "../../src-main/guidance/attentionLoss.ts";
import { layoutOf } from "../../src-main/guidance/layout.ts";
import { gridKey } from "../../src-main/guidance/masks.ts";
import { STEERING } from "../../src-main/guidance/steering.ts";
import { normals } from "./randomNumbers.ts";

/** Outputs with the gradient, and as `plain` the prediction of a run without it, for a latent of 8 x 8; of the program as `rewritten`. */
export async function guidedStep(
  folder: string,
  tokens: number,
  options: SessionOptions,
  rewritten = (graph: Graph) => graph,
): Promise<Outputs> {
  const { unet } = await openCheckpoint(folder);
  const latent = { height: 8, width: 8 };
  const step = unetGraph(
    unet.config,
    unet.weights,
    latent,
    { columns: tokens, masked: false, program: STEERING },
    "float32",
    DEFAULT_GRADIENT_OPTIONS,
  );
  const region = { id: "r", box: { x: 0.1, y: 0.3, width: 0.5, height: 0.6 }, spans: [], strength: 1 };
  const layout = layoutOf([{ region, tokens: [1, 3] }], tokens, step.latent, step.target, step.layers);

  const feeds: Record<string, Float32Array> = { token_weights: layout.tokenWeights };
  for (const layer of step.layers) {
    feeds[layoutInputs(layer).injection] = layout.injection.get(gridKey(layer))!.map((v) => 1.2 * v);
    feeds[layoutInputs(layer).contrast] = layout.contrast.get(gridKey(layer))!;
  }
  step.graph.inputs.forEach(({ source, shape }, i) => {
    if (source.kind === "input") feeds[source.name] ??= Float32Array.from(normals(shape, i + 1));
  });

  const session = await OrtSession.open(rewritten(step.graph), options, {
    input: GRADIENT_GATE,
    outputs: ["gradient"],
  });
  const outputs = await session.run(feeds, true);
  const { prediction } = await session.run(feeds, false);
  await session.close();
  return { ...outputs, plain: prediction! };
}
