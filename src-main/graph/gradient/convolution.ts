/** Adjoints of convolution. The weights are constants, so only the picture's cotangent is ever asked for. */
import { invariant } from "../../wire/errors.ts";
import type { GradientRule } from "./rule.ts";

/** dx of y = conv(x, w): `ConvTranspose` with the very same weights. A processor has faster forms of it (../convolution/rewrite.ts). */
export const convGradient: GradientRule<"Conv"> = ({ g, dy, inputs, attributes: { strides, pads }, needs }) => {
  const [x, w, bias] = [inputs[0]!, inputs[1]!, inputs[2]];
  invariant(!needs(1), "Conv has no gradient for its weights");
  const db = bias && needs(2) ? g.sumTo(dy, [1, bias.shape[0]!, 1, 1]) : undefined;
  const rest = [undefined, db && bias ? g.reshape(db, bias.shape) : undefined];
  if (!needs(0)) return [undefined, ...rest];
  const size = [x.shape[2]!, x.shape[3]!] as const;
  return [g.append("ConvTranspose", [dy, w], { strides, pads, size }), ...rest];
};

/** dx of the adjoint is the convolution itself. */
export const convTransposeGradient: GradientRule<"ConvTranspose"> = ({ g, dy, inputs, attributes, needs }) => {
  invariant(!needs(1), "ConvTranspose has no gradient for its weights");
  const { strides, pads } = attributes;
  return [g.conv(dy, inputs[1]!, undefined, { strides, pads }), undefined];
};
