/** One denoising step's whole program: prediction, maps, loss and the gradient through network, injection and loss. */
import { beforeAll, describe, expect, test } from "vitest";
import { GRADIENT_GATE, unetGraph } from "../../src-main/engine/sessions/unetGraph.ts";
import type { Tile } from "../../src-main/graph/convolution/transforms.ts";
import type { GradientOptions } from "../../src-main/graph/gradient/rule.ts";
import { DEFAULT_GRADIENT_OPTIONS } from "../../src-main/graph/gradient/rule.ts";
import type { DType, Graph } from "../../src-main/graph/graph.ts";
import { print } from "../../src-main/graph/print.ts";
import { withoutDeadNodes } from "../../src-main/graph/simplify.ts";
import { layoutInputs } from "../../src-main/guidance/attentionLoss.ts";
import { layoutOf } from "../../src-main/guidance/layout.ts";
import { gridKey } from "../../src-main/guidance/masks.ts";
import { programOf, STEERING } from "../../src-main/guidance/steering.ts";
import { expectClose, relativeError } from "../support/closeness.ts";
import type { Numbers } from "../support/interpreter.ts";
import { evaluate, numbers } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { normals } from "../support/randomNumbers.ts";
import { RandomWeights, TINY_UNET, unetLacks } from "../support/tinyCheckpoint.ts";
import { inWinogradForm } from "../support/winograd.ts";

const TOKENS = 5;
const latent = { height: 5, width: 3 };
const weights = RandomWeights.create(unetLacks);

function step(options: Partial<GradientOptions> = {}, dtype: DType = "float32", program = STEERING) {
  return unetGraph(TINY_UNET, weights, latent, { columns: TOKENS, masked: false, program }, dtype, {
    ...DEFAULT_GRADIENT_OPTIONS,
    ...options,
  });
}

const plain = step();

/** A random latent and text, and a box for two tokens. */
function randomFeeds(): Record<string, Numbers> {
  const box = { x: 0.1, y: 0.3, width: 0.5, height: 0.6 };
  const region = { id: "r", box, spans: [{ start: 0, end: 1 }], strength: 1 };
  const layout = layoutOf([{ region, tokens: [1, 3] }], TOKENS, latent, plain.target, plain.layers);
  const random = (seed: number, ...shape: number[]) => numbers(shape, normals(shape, seed));
  const feeds: Record<string, Numbers> = {
    latent: random(1, 1, 4, 5, 3),
    time: random(2, 1, 4),
    context: random(3, TOKENS, 6),
    token_weights: numbers([TOKENS], layout.tokenWeights),
  };
  for (const grid of plain.layers) {
    const shape = [grid.height * grid.width, TOKENS];
    const { injection, contrast } = layoutInputs(grid);
    feeds[injection] = numbers(
      shape,
      layout.injection.get(gridKey(grid))!.map((v) => 1.2 * v),
    );
    feeds[contrast] = numbers(shape, layout.contrast.get(gridKey(grid))!);
  }
  return feeds;
}

/** The slope of the loss of `graph` along a direction, by its values. */
function slopeOf(graph: Graph, feeds: Record<string, Numbers>, direction: ArrayLike<number>): number {
  const forward = withoutDeadNodes({ ...graph, outputs: graph.outputs.filter(({ name }) => name === "loss") });
  const x = feeds["latent"]!;
  const loss = (h: number) => {
    const moved = x.data.map((v, i) => v + h * direction[i]!);
    return evaluate(forward, { ...feeds, latent: numbers(x.shape, moved) })["loss"]!.data[0]!;
  };
  const h = 1e-4; // the loss is strongly curved: norms of so few numbers
  return (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h);
}

test("its inputs and outputs are what the engine feeds and reads", () => {
  const lines = print(plain.graph).split("\n");
  expect(lines.filter((line) => !line.startsWith("%") && !line.includes("<-"))).toMatchInlineSnapshot(`
    [
      "latent : f32[1,4,5,3]",
      "time : f32[1,4]",
      "context : f32[5,6]",
      "token_weights : f32[5]",
      "injection.5x3 : f32[15,5]",
      "injection.3x2 : f32[6,5]",
      "contrast.5x3 : f32[15,5]",
      "contrast.3x2 : f32[6,5]",
    ]
  `);
  const outputs = plain.graph.outputs.map(({ name, value }) => `${name} ${value.dtype} ${value.shape.join()}`);
  expect(outputs).toMatchInlineSnapshot(`
        [
          "prediction float32 1,4,5,3",
          "maps float32 15,5",
          "loss float32 1",
          "gradient float32 1,4,5,3",
        ]
      `);
});

test("in float16 the engine still feeds and reads float32", () => {
  const { graph } = step({}, "float16");
  const ends = [...graph.inputs, ...graph.outputs.map((o) => o.value)];
  expect(new Set(ends.map((v) => v.dtype))).toEqual(new Set(["float32"]));
});

describe("the gradient", () => {
  const feeds = randomFeeds();
  let expected: Record<string, Numbers>;
  beforeAll(() => {
    expected = evaluate(withoutDeadNodes(plain.graph), feeds);
  });

  test("is the slope of the loss", () => {
    const direction = normals(feeds["latent"]!.shape, 11);
    const slope = slopeOf(plain.graph, feeds, direction);
    const derived = expected["gradient"]!.data.reduce((sum, v, i) => sum + v * direction[i]!, 0);
    expect(Math.abs(derived - slope)).toBeLessThan(1e-6 * Math.abs(slope));
  });

  test.each<Partial<GradientOptions>>([{}, { attentionBlock: 20 }, { transposedProducts: true }])(
    "is what ONNX Runtime computes, arranged as %j",
    async (options) => {
      const gate = { input: GRADIENT_GATE, outputs: ["gradient"] };
      const on = await runOnnx(step(options).graph, feeds, { ...gate, on: true });
      for (const name of Object.keys(expected)) expectClose(on[name]!, expected[name]!, 5e-5);
    },
  );

  test.each<Tile>([2, 4])("is that of convolutions in Winograd's form, with tiles of %i", async (tile) => {
    const on = await runOnnx(inWinogradForm(plain.graph, tile), feeds);
    for (const name of Object.keys(expected)) expectClose(on[name]!, expected[name]!, 5e-5);
  });

  test("may be left out without changing the rest", async () => {
    const gate = { input: GRADIENT_GATE, outputs: ["gradient"], on: false };
    const off = await runOnnx(plain.graph, feeds, gate);
    expect([...off["gradient"]!.data]).toEqual([0]);
    for (const name of ["prediction", "maps", "loss"]) {
      expect(relativeError(off[name]!.data, expected[name]!.data)).toBeLessThan(5e-5);
    }
  });

  test("keeps its direction in float16", async () => {
    const half = await runOnnx(step({ attentionBlock: 20 }, "float16").graph, feeds);
    expectClose(half["gradient"]!, expected["gradient"]!, 3e-2);
  });

  test("of the loss on the way down is that loss's slope, and goes through nothing above the middle", () => {
    const down = step({}, "float32", programOf("down"));
    const got = evaluate(withoutDeadNodes(down.graph), feeds);
    const direction = normals(feeds["latent"]!.shape, 12);
    const slope = slopeOf(down.graph, feeds, direction);
    const derived = got["gradient"]!.data.reduce((sum, v, i) => sum + v * direction[i]!, 0);
    expect(Math.abs(derived - slope)).toBeLessThan(1e-6 * Math.abs(slope));
    expect(relativeError(got["prediction"]!.data, expected["prediction"]!.data)).toBe(0);
    const ending = ({ graph }: typeof down) => withoutDeadNodes({ ...graph, outputs: graph.outputs.filter(({ name }) => name === "gradient") }); // prettier-ignore
    const names = (one: typeof down) => print(ending(one));
    expect(names(plain)).toContain("up_blocks.");
    expect(names(down)).not.toContain("up_blocks.");
  });

  test("of a loss past injection is that loss's slope, and injection acts on the rest as ever", () => {
    const past = step({}, "float32", programOf("authors", true));
    const got = evaluate(withoutDeadNodes(past.graph), feeds);
    const direction = normals(feeds["latent"]!.shape, 13);
    const slope = slopeOf(past.graph, feeds, direction);
    const derived = got["gradient"]!.data.reduce((sum, v, i) => sum + v * direction[i]!, 0);
    expect(Math.abs(derived - slope)).toBeLessThan(1e-6 * Math.abs(slope));
    for (const name of ["prediction", "maps"]) expect(relativeError(got[name]!.data, expected[name]!.data)).toBe(0);
    expect(relativeError(got["loss"]!.data, expected["loss"]!.data)).toBeGreaterThan(1e-3);
    // Where nothing is injected it is the loss as published.
    const idle = Object.entries(feeds).map(([name, of]) => [name, name.startsWith("injection.") ? numbers(of.shape, of.data.map(() => 0)) : of]); // prettier-ignore
    const [bare, plainly] = [past, plain].map(({ graph }) => evaluate(withoutDeadNodes(graph), Object.fromEntries(idle) as typeof feeds)); // prettier-ignore
    for (const name of ["loss", "gradient"]) expect(relativeError(bare![name]!.data, plainly![name]!.data)).toBeLessThan(1e-12); // prettier-ignore
  });
});
