/** Adjoints of convolution. The weights are constants, so only the picture's cotangent is ever asked for. */
import { invariant } from "../../wire/errors.ts";
import type { GraphBuilder } from "../builder.ts";
import type { Value } from "../graph.ts";
import type { GradientRule } from "./rule.ts";

/** [out, in, kh, kw] to [in, out, kh, kw] with both kernel axes reversed. A session folds this into one more constant. */
function flippedWeights(g: GraphBuilder, w: Value): Value {
  const swapped = g.transpose(w, [1, 0, 2, 3]);
  return [2, 3].reduce((v, axis) => {
    const n = v.shape[axis]!;
    return n === 1 ? v : g.slice(v, axis, n - 1, -n - 1, -1);
  }, swapped);
}

/**
 * dx of y = conv(x, w): `ConvTranspose` with the very same weights or, for stride 1, `Conv` with flipped ones, which
 * ONNX Runtime computes faster on a CPU but which costs a second copy of them.
 */
export const convGradient: GradientRule<"Conv"> = ({
  g,
  dy,
  inputs,
  attributes: { strides, pads },
  needs,
  options,
}) => {
  const [x, w, bias] = [inputs[0]!, inputs[1]!, inputs[2]];
  invariant(!needs(1), "Conv has no gradient for its weights");
  const db = bias && needs(2) ? g.sumTo(dy, [1, bias.shape[0]!, 1, 1]) : undefined;
  const rest = [undefined, db && bias ? g.reshape(db, bias.shape) : undefined];
  if (!needs(0)) return [undefined, ...rest];
  const [kh, kw] = [w.shape[2]!, w.shape[3]!];
  if (options.convAdjoint === "flipped" && strides[0] === 1 && strides[1] === 1) {
    const full = [kh - 1 - pads[0], kw - 1 - pads[1], kh - 1 - pads[2], kw - 1 - pads[3]] as const;
    // A convolution cannot crop, which is what padding wider than the kernel asks for.
    if (full.every((pad) => pad >= 0)) {
      return [g.conv(dy, flippedWeights(g, w), undefined, { strides, pads: full }), ...rest];
    }
  }
  const size = [x.shape[2]!, x.shape[3]!] as const;
  return [g.append("ConvTranspose", [dy, w], { strides, pads, size }), ...rest];
};

/** dx of the adjoint is the convolution itself. */
export const convTransposeGradient: GradientRule<"ConvTranspose"> = ({ g, dy, inputs, attributes, needs }) => {
  invariant(!needs(1), "ConvTranspose has no gradient for its weights");
  const { strides, pads } = attributes;
  return [g.conv(dy, inputs[1]!, undefined, { strides, pads }), undefined];
};
