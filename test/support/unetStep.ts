/**
 * Runs one guided step of tiny-sd at 64 x 64 on the provider named by the first argument, and prints prediction, loss and
 * gradient as JSON.
 */
import type { ProviderName } from "../../src-main/api/scene.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { Session } from "../../src-main/engine/sessions/session.ts";
import { GRADIENT_GATE, unetGraph } from "../../src-main/engine/sessions/unetGraph.ts";
import { DEFAULT_GRADIENT_OPTIONS } from "../../src-main/graph/gradient.ts";
import { layoutInputs } from "../../src-main/guidance/attentionLoss.ts";
import { layoutOf } from "../../src-main/guidance/layout.ts";
import { gridKey } from "../../src-main/guidance/masks.ts";
import { normals } from "./randomNumbers.ts";

const TOKENS = 77;
const { unet } = await openCheckpoint("test/goldens/tiny-sd");
const latent = { height: 8, width: 8 };
const step = unetGraph(unet.config, unet.weights, latent, TOKENS, "float32", DEFAULT_GRADIENT_OPTIONS);
const region = { id: "r", box: { x: 0.1, y: 0.3, width: 0.5, height: 0.6 }, spans: [], strength: 1 };
const layout = layoutOf([{ region, tokens: [1, 3] }], TOKENS, step.latent, step.target, step.layers);

const feeds: Record<string, Float32Array> = { token_weights: layout.tokenWeights };
for (const layer of step.layers) {
  feeds[layoutInputs(layer).injection] = layout.injection.get(gridKey(layer))!.map((v) => 1.2 * v);
  feeds[layoutInputs(layer).contrast] = layout.contrast.get(gridKey(layer))!;
}
step.graph.inputs.forEach(({ source, shape }, i) => {
  if (source.kind === "input") feeds[source.name] ??= Float32Array.from(normals(shape, i + 1));
});

const session = await Session.open(
  step.graph,
  { provider: process.argv[2] as ProviderName, memory: "fast" },
  { input: GRADIENT_GATE, outputs: ["gradient"] },
);
const outputs = await session.run(feeds, true);
const plain = await session.run(feeds, false);
const result = Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, [...data]]));
process.stdout.write(JSON.stringify({ ...result, plain: [...plain.prediction!] }));
