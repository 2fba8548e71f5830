/** The gradient of the layout loss flows through layers that LoRAs change: beside matrices, columns, halves of GEGLU and convolutions. */
import { expect, test } from "vitest";
import type { LowRank, LowRanks } from "../../src-main/checkpoint/lora/fit.ts";
import { unetGraph } from "../../src-main/engine/sessions/unetGraph.ts";
import { DEFAULT_GRADIENT_OPTIONS } from "../../src-main/graph/gradient/rule.ts";
import type { DType, Shape } from "../../src-main/graph/graph.ts";
import { withoutDeadNodes } from "../../src-main/graph/simplify.ts";
import { layoutInputs } from "../../src-main/guidance/attentionLoss.ts";
import { layoutOf } from "../../src-main/guidance/layout.ts";
import { gridKey } from "../../src-main/guidance/masks.ts";
import { STEERING } from "../../src-main/guidance/steering.ts";
import { LORA_STRENGTHS } from "../../src-main/model/adapters.ts";
import { expectClose } from "../support/closeness.ts";
import { evaluate, numbers, type Numbers } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { normals } from "../support/randomNumbers.ts";
import { RandomWeights, TINY_UNET, unetLacks } from "../support/tinyCheckpoint.ts";
import { appendWeight, temporaryFile } from "../support/weightFile.ts";

const TOKENS = 5;
const RANK = 2;
const latent = { height: 5, width: 3 };
const weights = RandomWeights.create(unetLacks);
const file = temporaryFile("lora.bin");

function low(seed: number, down: Shape, up: Shape, mid?: Shape, dtype: DType = "float32"): LowRank {
  const part = (shape: Shape, n: number) =>
    appendWeight(file, shape, normals(shape, seed + n).map((v) => 0.2 * v), dtype); // prettier-ignore
  return { rank: RANK, scale: 0.5, down: part(down, 0), up: part(up, 1), ...(mid ? { mid: part(mid, 2) } : {}) };
}

const at = "down_blocks.1.attentions.0";
const block = `${at}.transformer_blocks.0`;
const first: LowRanks = new Map([
  [`${block}.attn1.to_q`, low(1, [RANK, 8], [8, RANK])],
  [`${block}.attn2.to_k`, low(4, [RANK, 6], [8, RANK])],
  [`${block}.attn2.to_out.0`, low(7, [RANK, 8], [8, RANK], undefined, "float16")],
  [`${block}.ff.net.0.proj`, low(10, [RANK, 8], [64, RANK])],
  [`${at}.proj_in`, low(13, [RANK, 8, 1, 1], [8, RANK, 1, 1])],
  [`${at}.proj_out`, low(16, [RANK, 8], [8, RANK])],
  ["down_blocks.1.resnets.0.conv1", low(19, [RANK, 4, 3, 3], [8, RANK, 1, 1])],
  ["down_blocks.1.resnets.0.conv_shortcut", low(22, [RANK, 4, 1, 1], [8, RANK, 1, 1])],
  ["down_blocks.0.downsamplers.0.conv", low(25, [RANK, 4, 3, 3], [4, RANK, 1, 1])],
  ["mid_block.resnets.0.conv2", low(28, [RANK, 8, 1, 1], [8, RANK, 1, 1], [RANK, RANK, 3, 3])],
]);
const second: LowRanks = new Map([[`${block}.attn1.to_q`, low(40, [RANK, 8], [8, RANK])]]);

const step = stepOf("float32");
function stepOf(dtype: DType) {
  return unetGraph(
    TINY_UNET,
    weights,
    latent,
    { columns: TOKENS, masked: false, program: STEERING },
    dtype,
    DEFAULT_GRADIENT_OPTIONS,
    [first, second],
  );
}

function randomFeeds(): Record<string, Numbers> {
  const box = { x: 0.1, y: 0.3, width: 0.5, height: 0.6 };
  const region = { id: "r", box, spans: [{ start: 0, end: 1 }], strength: 1 };
  const layout = layoutOf([{ region, tokens: [1, 3] }], TOKENS, latent, step.target, step.layers);
  const feeds: Record<string, Numbers> = {
    token_weights: numbers([TOKENS], layout.tokenWeights),
    [LORA_STRENGTHS]: numbers([2], [0.8, -1.3]),
  };
  for (const grid of step.layers) {
    const shape = [grid.height * grid.width, TOKENS];
    feeds[layoutInputs(grid).injection] = numbers(shape, layout.injection.get(gridKey(grid))!);
    feeds[layoutInputs(grid).contrast] = numbers(shape, layout.contrast.get(gridKey(grid))!);
  }
  step.graph.inputs.forEach(({ source, shape }, i) => {
    if (source.kind === "input") feeds[source.name] ??= numbers(shape, normals(shape, i + 1));
  });
  return feeds;
}

test("it is the slope of the loss, and what ONNX Runtime computes", async () => {
  const feeds = randomFeeds();
  const expected = evaluate(withoutDeadNodes(step.graph), feeds);
  const outputs = step.graph.outputs.filter(({ name }) => name === "loss");
  const forward = withoutDeadNodes({ ...step.graph, outputs });
  const x = feeds["latent"]!;
  const direction = normals(x.shape, 11);
  const loss = (h: number) => {
    const moved = x.data.map((v, i) => v + h * direction[i]!);
    return evaluate(forward, { ...feeds, latent: numbers(x.shape, moved) })["loss"]!.data[0]!;
  };
  const h = 1e-4;
  const slope = (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h);
  const derived = expected["gradient"]!.data.reduce((sum, v, i) => sum + v * direction[i]!, 0);
  expect(Math.abs(derived - slope)).toBeLessThan(1e-6 * Math.abs(slope));
  const got = await runOnnx(step.graph, feeds);
  for (const name of Object.keys(expected)) expectClose(got[name]!, expected[name]!, 3e-4);
  const without = evaluate(withoutDeadNodes(step.graph), { ...feeds, [LORA_STRENGTHS]: numbers([2], [0, 0]) });
  const change = expected["gradient"]!.data.map((v, i) => v - without["gradient"]!.data[i]!);
  expect(Math.hypot(...change)).toBeGreaterThan(0.01 * Math.hypot(...without["gradient"]!.data));
});

test("it keeps its direction in float16, in which a GPU computes", async () => {
  const feeds = randomFeeds();
  const expected = evaluate(withoutDeadNodes(step.graph), feeds);
  const half = await runOnnx(stepOf("float16").graph, feeds);
  expectClose(half["prediction"]!, expected["prediction"]!, 1e-2);
  expectClose(half["gradient"]!, expected["gradient"]!, 5e-2);
});

test("says which LoRAs change convolutions", () => {
  expect([...step.kernels]).toEqual([0]);
});
