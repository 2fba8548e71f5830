/**
 * Pictures with the channels last, [batch, height, width, channels], between normalisations and convolutions: so the providers' GroupNorm
 * takes them, SiLU included, and so their convolutions take them without laying anything out anew. Sums, joins and enlargements between
 * two of these follow; everything else, such as the gradient, has the channels where they were, by a transpose. Gradients are of the
 * convolutions as they were, so weights that have one are there in both forms.
 */
import type { GraphBuilder } from "../builder.ts";
import type { Graph, OpAttributes, OpName, Value } from "../graph.ts";
import { Layout, pictureShape } from "./layout.ts";
import { originsOf, rewritten, type Origins, type Rewriting } from "./rewriting.ts";

export interface ChannelsLast {
  /** Number type of a normalisation's scale and bias: float32, or that of the picture. */
  weights: "float32" | "same";
  /** Whether the provider can normalise so many pictures of so many channels in so many groups. */
  normalises: (batch: number, channels: number, groups: number) => boolean;
}

/** What a node becomes: a picture with the channels last, or what it gives as it is. */
type Form = { picture: Value } | { matrix: Value } | undefined;

export function withChannelsLast(graph: Graph, provider: ChannelsLast): Graph {
  const origins = originsOf(graph);
  const twins = new Map<Value, Value>();
  return rewritten(graph, (rewriting) => {
    const layout = new Layout(rewriting.g, twins);
    const form = formOf(layout, rewriting, origins, provider);
    if (!form) return undefined;
    return "matrix" in form ? form.matrix : layout.first(form.picture, rewriting.node.output.shape);
  });
}

interface Context<Op extends OpName> extends Rewriting {
  layout: Layout;
  /** What stands for the first input. */
  x: Value;
  attributes: OpAttributes[Op];
  origins: Origins;
  provider: ChannelsLast;
}

function formOf(layout: Layout, rewriting: Rewriting, origins: Origins, provider: ChannelsLast): Form {
  const { node, inputs } = rewriting;
  const form = forms[node.op] as ((context: Context<OpName>) => Form) | undefined; // the table is keyed by the op itself
  const attributes = node.attributes as OpAttributes[OpName];
  return form?.({ ...rewriting, layout, x: inputs[0]!, attributes, origins, provider });
}

/** Of the ops that take or give pictures; all others stay as they are. */
const forms: { readonly [Op in OpName]?: (context: Context<Op>) => Form } = {
  GroupNorm: normalised,
  QuickGelu({ g, layout, x, attributes: { alpha } }) {
    const norm = layout.isThere(x) ? g.producer(layout.of(x)) : undefined;
    if (alpha !== 1 || norm?.op !== "NhwcGroupNorm") return undefined;
    const attributes = norm.attributes as OpAttributes["NhwcGroupNorm"];
    return { picture: g.append("NhwcGroupNorm", norm.inputs, { ...attributes, silu: 1 }) };
  },
  Conv({ g, layout, node, x, inputs, attributes: { strides, pads }, origins }) {
    if (!node.inputs.slice(1).every(origins.isFixed)) return undefined;
    const weights = g.transpose(inputs[1]!, [0, 2, 3, 1]);
    return { picture: g.append("NhwcConv", [layout.of(x), weights, ...inputs.slice(2)], { strides, pads }) };
  },
  Add: elementwise("Add"),
  Sub: elementwise("Sub"),
  Mul: elementwise("Mul"),
  Concat({ g, layout, node, inputs, attributes: { axis } }) {
    const isOfChannels = axis === node.output.shape.length - 3;
    if (!isOfChannels || !inputs.every((value) => layout.isThere(value))) return undefined;
    const parts = inputs.map((value) => layout.of(value));
    return { picture: g.concat(parts, 3) };
  },
  Upsample: ({ g, layout, x }) => (layout.isThere(x) ? { picture: enlarged(g, layout.of(x)) } : undefined),
  Reshape(context) {
    const { layout, x, node } = context;
    const isOnePicture = layout.isThere(x) && pictureShape(x.shape)?.join() === pictureShape(node.output.shape)?.join();
    return isOnePicture ? { picture: layout.of(x) } : ofColumns(context);
  },
  Transpose({ g, layout, node, x, attributes: { perm } }) {
    const picture = perm.join() === "1,0" || perm.join() === "0,2,1" ? layout.behind(x) : undefined;
    return picture && { matrix: g.reshape(picture, node.output.shape) };
  },
  Gemm({ g, layout, x, inputs, attributes: { transA, transB } }) {
    const picture = transA === 1 ? layout.behind(x) : undefined;
    if (!picture) return undefined;
    const cells = g.reshape(picture, x.shape.toReversed()); // [cells, channels]
    return { matrix: g.gemm(cells, inputs[1]!, inputs[2], { b: transB === 1 }) };
  },
};

function normalised({ g, layout, inputs, attributes: { groups, epsilon }, provider }: Context<"GroupNorm">): Form {
  const [x, ...weights] = inputs as [Value, ...Value[]];
  // A gradient's, without scale and bias, is used as it is.
  const isBare = weights.every(({ source }, i) => source.kind === "constant" && source.data.every((n) => n === 1 - i));
  if (x.shape.length !== 4 || isBare) return undefined;
  if (!provider.normalises(x.shape[0]!, x.shape[1]!, groups)) return undefined;
  const cast = weights.map((value) => g.cast(value, provider.weights === "same" ? x.dtype : "float32"));
  return { picture: g.append("NhwcGroupNorm", [layout.of(x), ...cast], { groups, epsilon, silu: 0 }) };
}

/** Of pictures that all are there with the channels last, or are one number or one for each channel. */
function elementwise<Op extends "Add" | "Sub" | "Mul">(op: Op) {
  return ({ g, layout, node, inputs }: Context<Op>): Form => {
    const isWhole = (value: Value) => value.shape.join() === node.output.shape.join();
    const whole = inputs.filter(isWhole);
    if (whole.length === 0 || !whole.every((value) => layout.isThere(value))) return undefined;
    const operands = inputs.flatMap((value) => {
      if (isWhole(value)) return [layout.of(value)];
      if (value.shape.every((n) => n === 1)) return [g.reshape(value, [])];
      const [batch, channels, height, width] = pictureShape(value.shape) ?? [];
      return height === 1 && width === 1 ? [g.reshape(value, [batch!, 1, 1, channels!])] : [];
    });
    return operands.length === 2 ? { picture: g.append(op, operands, {}) } : undefined;
  };
}

/** [batch, height, width, channels] to twice the height and width, every element in a 2 x 2 block. */
function enlarged(g: GraphBuilder, x: Value): Value {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const apart = g.reshape(x, [batch, height, 1, width, 1, channels]);
  const blocks = g.expand(apart, [batch, height, 2, width, 2, channels]);
  return g.reshape(blocks, [batch, 2 * height, 2 * width, channels]);
}

/**
 * A picture of `shape` whose cells are the columns of a linear layer's result (linearToColumns): of the transposed product, or of what the
 * result for several rows was transposed from (rows/rules.ts), they are the rows.
 */
function ofColumns({ g, node, x, origins: { producer, isFixed } }: Context<"Reshape">): Form {
  const picture = pictureShape(node.output.shape);
  if (!picture) return undefined;
  const [batch, channels, height, width] = picture;
  const last = [batch, height, width, channels];
  const perCell = (bias: Value) => g.reshape(bias, [channels]);
  const isBias = (bias: Value | undefined) => !bias || bias.shape.join() === `${channels},1`;
  const own = producer(node.inputs[0]!);
  const maker = g.producer(x);
  if (own?.op === "Gemm" && maker) {
    const { transA, transB } = own.attributes as OpAttributes["Gemm"];
    const isLayer = transA === 0 && transB === 1 && isFixed(own.inputs[0]!) && !isFixed(own.inputs[1]!);
    const [weights, cells, bias] = maker.inputs;
    if (!isLayer || batch !== 1 || own.output.shape[0] !== channels || !isBias(bias)) return undefined;
    return { picture: g.reshape(g.gemm(cells!, weights!, bias && perCell(bias), { b: true }), last) };
  }
  const [sum, bias] = maker?.op === "Add" ? (maker.inputs as [Value, Value]) : [x, undefined];
  const turned = g.producer(sum);
  const isTurned = turned?.op === "Transpose" && (turned.attributes as OpAttributes["Transpose"]).perm.join() === "0,2,1"; // prettier-ignore
  if (!isTurned || !isBias(bias) || sum.shape.join() !== [batch, channels, height * width].join()) return undefined;
  const cells = turned.inputs[0]!; // [batch, cells, channels]
  return { picture: g.reshape(bias ? g.add(cells, perCell(bias)) : cells, last) };
}
