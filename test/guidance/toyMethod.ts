/**
 * A method of layout control for tests, in one file: it halves the attention outside the boxes after the softmax, moves the latent along
 * the gradient of a loss of its own before every prediction, and draws random numbers from a generator in its state.
 */
import type { Value } from "../../src-main/graph/graph.ts";
import type { LayoutMethod, MethodState } from "../../src-main/guidance/method.ts";
import { gridKey, latentMask, layerMask } from "../../src-main/guidance/masks.ts";
import { beginRandom, drawFrom } from "../../src-main/guidance/ownRandom.ts";

interface Layout {
  keep: Record<string, Float32Array>;
  wanted: Float32Array;
}

/** What pictures under the method carried after each evaluation, for the test to look at. */
export const states: MethodState[] = [];

export const toy: LayoutMethod<Layout> = {
  program: {
    name: "toy",
    build: (g, { columns }) => {
      const inputs = new Map<string, Value>();
      const wanted = g.input("wanted", "float32", [columns]);
      return {
        probabilities: (probabilities, layer) => {
          const name = `keep.${gridKey(layer)}`;
          const keep = inputs.get(name) ?? g.input(name, "float32", [layer.height * layer.width, columns]);
          inputs.set(name, keep);
          return g.mul(probabilities, g.cast(keep, probabilities.dtype));
        },
        loss: (taps) => {
          // The middle of the network is the last thing that is read: the way up from there is no part of the gradient.
          const middle = taps.find(({ name }) => name.startsWith("mid_block"))!;
          const [, pixels] = middle.probabilities.shape as [number, number, number];
          const mean = g.mul(
            g.sum(g.cast(middle.probabilities, "float32"), [0, 1], false),
            1 / (middle.heads * pixels),
          );
          const loss = g.reshape(g.sum(g.mul(mean, wanted), [0]), [1]);
          return { loss, outputs: { means: mean } };
        },
      };
    },
  },
  layout({ regions, columns, latent, layers }) {
    const wanted = new Float32Array(columns);
    const keep: Record<string, Float32Array> = {};
    for (const layer of layers) keep[`keep.${gridKey(layer)}`] = new Float32Array(layer.height * layer.width * columns).fill(1); // prettier-ignore
    for (const { region, tokens } of regions) {
      for (const token of tokens) wanted[token] = -1;
      for (const layer of layers) {
        layerMask(latentMask(region.box, latent), latent, region.box, layer).forEach((on, p) => {
          for (const token of tokens) if (on === 0) keep[`keep.${gridKey(layer)}`]![p * columns + token] = 0.5;
        });
      }
    }
    return { keep, wanted };
  },
  begin: ({ seed }) => {
    return { ...beginRandom(seed), seen: [] };
  },
  async predict({ evaluation, layout, ...step }, latent, state) {
    const feeds = { ...layout.keep, wanted: layout.wanted };
    const { loss, gradient, outputs } = await step.slope(latent, { feeds });
    const [draw] = drawFrom(state, (generator) => generator.normal(16));
    const seen = Float64Array.of(evaluation.stepIndex, loss, outputs["means"]!.length, draw!);
    state["seen"] = [...state["seen"]!, seen];
    states.push({ ...state });
    const moved = latent.map((v, i) => v - 5 * gradient[i]!);
    const { epsilon, maps } = await step.guided(moved, { prompt: { feeds }, negative: { feeds } });
    return { latent: moved, epsilon, maps, loss };
  },
};
