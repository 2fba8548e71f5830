/**
 * The ops that fused/ rewrites to, in both forms: the operator of com.microsoft that a provider has (onnxruntime docs/ContribOperators.md),
 * and spelled in operators that all have, which says what it means where nobody has it.
 */
import { MICROSOFT, ONNX_TYPE, type Emitter, type OnnxForm } from "./form.ts";

interface FusedForms {
  readonly NhwcConv: OnnxForm<"NhwcConv">;
  readonly NhwcGroupNorm: OnnxForm<"NhwcGroupNorm">;
  readonly BiasSplitGelu: OnnxForm<"BiasSplitGelu">;
  readonly PackedAttention: OnnxForm<"PackedAttention">;
}

export const ownForms: FusedForms = {
  NhwcConv: (e, inputs, { strides, pads }, node) =>
    e.node("NhwcConv", inputs, { strides, pads, kernel_shape: node.inputs[1]!.shape.slice(1, 3) }, MICROSOFT),
  NhwcGroupNorm: (e, inputs, { groups, epsilon, silu }) =>
    e.node("GroupNorm", inputs, { groups, epsilon: { float: epsilon }, activation: silu, channels_last: 1 }, MICROSOFT),
  // The operator takes [batch, rows, width].
  BiasSplitGelu(e, inputs, _, node) {
    const batch = e.node("Reshape", [inputs[0]!, e.ints([1, ...node.inputs[0]!.shape])]);
    return e.node("Reshape", [e.node("BiasSplitGelu", [batch, inputs[1]!], {}, MICROSOFT), e.ints(node.output.shape)]);
  },
  PackedAttention: (e, inputs, { heads }) => e.node("MultiHeadAttention", inputs, { num_heads: heads }, MICROSOFT),
};

const first = (e: Emitter, x: string) => e.node("Transpose", [x], { perm: [0, 3, 1, 2] });
const last = (e: Emitter, x: string) => e.node("Transpose", [x], { perm: [0, 2, 3, 1] });
const slice = (e: Emitter, x: string, axis: number, start: number, end: number) =>
  e.node("Slice", [x, e.ints([start]), e.ints([end]), e.ints([axis])]);

export const spelledForms: FusedForms = {
  NhwcConv(e, [x, w, ...bias], { strides, pads }, node) {
    const attributes = { strides, pads, kernel_shape: node.inputs[1]!.shape.slice(1, 3) };
    return last(e, e.node("Conv", [first(e, x!), first(e, w!), ...bias], attributes));
  },
  NhwcGroupNorm(e, [x, ...weights], { groups, epsilon, silu }, node) {
    const { dtype, shape } = node.output;
    const [batch, height, width, channels] = shape as [number, number, number, number];
    const grouped = e.node("Reshape", [first(e, x!), e.ints([batch, groups, -1])]);
    const [one, zero] = [e.fill(1, dtype, [groups]), e.fill(0, dtype, [groups])];
    const normal = e.node("InstanceNormalization", [grouped, one, zero], { epsilon: { float: epsilon } });
    const back = last(e, e.node("Reshape", [normal, e.ints([batch, channels, height, width])]));
    const [scale, bias] = weights.map((v, i) =>
      node.inputs[i + 1]!.dtype === dtype ? v : e.node("Cast", [v], { to: ONNX_TYPE[dtype] }),
    );
    const y = e.node("Add", [e.node("Mul", [back, scale!]), bias!]);
    return silu ? e.node("QuickGelu", [y], { alpha: { float: 1 } }, MICROSOFT) : y;
  },
  BiasSplitGelu(e, inputs, _, node) {
    const n = node.output.shape[1]!;
    const x = e.node("Add", inputs);
    return e.node("Mul", [slice(e, x, 1, 0, n), e.node("Gelu", [slice(e, x, 1, n, 2 * n)])]);
  },
  PackedAttention(e, [x], { heads }, node) {
    const parts = [0, 1, 2].map((i) => e.node("Reshape", [slice(e, x!, 3, i, i + 1), e.ints(node.output.shape)]));
    return e.node("MultiHeadAttention", parts, { num_heads: heads }, MICROSOFT);
  },
};
