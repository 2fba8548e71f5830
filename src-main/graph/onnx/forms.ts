/**
 * How each op is written in ONNX, opset 20. Most are the ONNX op of the same name; the rest are what the CPU, CUDA,
 * DirectML and WebGPU providers all have (ops/provider table: onnxruntime docs/OperatorKernels.md).
 */
import { invariant } from "../../wire/errors.ts";
import { spelledAttention } from "./attention.ts";
import { ownForms, spelledForms } from "./fused.ts";
import { MICROSOFT, ONNX_TYPE, type Emitter, type OnnxForm } from "./form.ts";
import { sizeOf, type OpAttributes, type OpName, type Value } from "../graph.ts";

const plain =
  (op: string) =>
  (e: Emitter, inputs: readonly string[]): string =>
    e.node(op, inputs);

const reduce =
  (op: string) =>
  (e: Emitter, inputs: readonly string[], { axes, keepdims }: OpAttributes["ReduceSum"]): string =>
    e.node(op, [inputs[0]!, e.ints(axes)], { keepdims });

function own<Op extends keyof typeof ownForms>(op: Op): OnnxForm<Op> {
  const forms: { readonly [Name in keyof typeof ownForms]: OnnxForm<Name> }[] = [ownForms, spelledForms];
  return (e, ...of) => forms[e.hasOwn ? 0 : 1]![op](e, ...of);
}

/** `x` with mean 0 and variance 1 within each group of its channels, in a shape of its own. */
function normalisedGroups(e: Emitter, name: string, x: Value, groups: number, epsilon: number): string {
  const batch = x.shape[0]!;
  if (e.groups === "rows") {
    const rows = batch * groups;
    const n = sizeOf(x.shape) / rows;
    const grouped = e.node("Reshape", [name, e.ints([rows, n])]);
    return e.node("LayerNormalization", [grouped, e.ones(n, x.dtype)], { axis: 1, epsilon: { float: epsilon } });
  }
  const grouped = e.node("Reshape", [name, e.ints([batch, groups, -1])]);
  const [one, zero] = [e.fill(1, x.dtype, [groups]), e.fill(0, x.dtype, [groups])];
  return e.node("InstanceNormalization", [grouped, one, zero], { epsilon: { float: epsilon } });
}

export const onnxForms: { readonly [Op in OpName]: OnnxForm<Op> } = {
  Add: plain("Add"),
  Sub: plain("Sub"),
  Mul: plain("Mul"),
  Div: plain("Div"),
  Exp: plain("Exp"),
  Log: plain("Log"),
  Sqrt: plain("Sqrt"),
  Sigmoid: plain("Sigmoid"),
  Relu: plain("Relu"),
  Erf: plain("Erf"),
  Gelu: plain("Gelu"),
  QuickGelu: (e, inputs, { alpha }) => e.node("QuickGelu", inputs, { alpha: { float: alpha } }, MICROSOFT),
  MatMul: plain("MatMul"),
  Gemm: (e, inputs, { transA, transB }) => e.node("Gemm", inputs, { transA, transB }),
  Conv: (e, inputs, { strides, pads }, node) =>
    e.node("Conv", inputs, { strides, pads, kernel_shape: node.inputs[1]!.shape.slice(2) }),
  ConvTranspose(e, inputs, { strides, pads, size }, node) {
    const [dy, w] = [node.inputs[0]!, node.inputs[1]!];
    const spare = [0, 1].map((i) => {
      const natural = (dy.shape[2 + i]! - 1) * strides[i]! + w.shape[2 + i]! - pads[i]! - pads[i + 2]!;
      return size[i]! - natural;
    });
    // Rows and columns that the convolution never reached get no cotangent; ONNX appends them as output padding.
    invariant(
      spare.every((n, i) => n >= 0 && n < strides[i]!),
      `ConvTranspose: output padding ${spare.join()}`,
    );
    const kernel = w.shape.slice(2);
    return e.node("ConvTranspose", inputs, { strides, pads, kernel_shape: kernel, output_padding: spare });
  },
  Softmax: (e, inputs, { axis }) => e.node("Softmax", inputs, { axis }),
  LayerNormalization: (e, inputs, { epsilon }, node) =>
    e.node("LayerNormalization", inputs, { axis: node.inputs[0]!.shape.length - 1, epsilon: { float: epsilon } }),
  // ONNX's own GroupNormalization becomes two dozen nodes on CPU and WebGPU; this is five everywhere.
  GroupNorm(e, inputs, { groups, epsilon }, node) {
    const x = node.inputs[0]!;
    const channels = x.shape[1]!;
    const back = e.node("Reshape", [normalisedGroups(e, inputs[0]!, x, groups, epsilon), e.ints(x.shape)]);
    const perChannel = e.ints([1, channels, ...x.shape.slice(2).map(() => 1)]);
    const affine = (v: number) => {
      const source = node.inputs[v]!.source;
      return source.kind === "constant" && source.data.every((n) => n === 2 - v);
    };
    const scaled = affine(1) ? back : e.node("Mul", [back, e.node("Reshape", [inputs[1]!, perChannel])]);
    return affine(2) ? scaled : e.node("Add", [scaled, e.node("Reshape", [inputs[2]!, perChannel])]);
  },
  ReduceSum: reduce("ReduceSum"),
  ReduceMean: reduce("ReduceMean"),
  ReduceMax: reduce("ReduceMax"),
  Reshape: (e, inputs, { shape }) => e.node("Reshape", [inputs[0]!, e.ints(shape)]),
  Expand: (e, inputs, { shape }) => e.node("Expand", [inputs[0]!, e.ints(shape)]),
  Transpose: (e, inputs, { perm }) => e.node("Transpose", inputs, { perm }),
  Concat: (e, inputs, { axis }) => e.node("Concat", inputs, { axis }),
  Slice: (e, inputs, { axis, start, end, step }) =>
    e.node("Slice", [inputs[0]!, e.ints([start]), e.ints([end]), e.ints([axis]), e.ints([step])]),
  Pad: (e, inputs, { pads }) => e.node("Pad", [inputs[0]!, e.ints(pads)]),
  Upsample(e, inputs, _, node) {
    const shape = e.ints(node.output.shape);
    const options = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
    return e.node("Resize", [inputs[0]!, "", "", shape], options);
  },
  Cast: (e, inputs, { to }) => e.node("Cast", inputs, { to: ONNX_TYPE[to] }),
  Gather: (e, inputs) => e.node("Gather", inputs, { axis: 0 }),
  Equal: plain("Equal"),
  Where: plain("Where"),
  Attention: (e, inputs, attributes, node) =>
    e.attention === "fused"
      ? e.node("MultiHeadAttention", inputs, { num_heads: attributes.heads }, MICROSOFT)
      : spelledAttention(e, inputs, attributes, node, e.attention.block),
  TurnedMatMul: (e, inputs) => e.node("FusedMatMul", inputs, { transA: 1 }, MICROSOFT),
  NhwcConv: own("NhwcConv"),
  NhwcGroupNorm: own("NhwcGroupNorm"),
  BiasSplitGelu: own("BiasSplitGelu"),
  PackedAttention: own("PackedAttention"),
};
