/** Every op in several shapes and settings: what it is evaluated on, and differentiated by, in the tests of graph/. */
import type { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { DType, OpName, Pads, Shape, Value } from "../../src-main/graph/graph.ts";
import type { Feeds } from "./interpreter.ts";
import { numbers } from "./interpreter.ts";
import { normals, positives, spaced } from "./randomNumbers.ts";

export interface OpInput {
  shape: Shape;
  /** float32 unless told. */
  dtype?: DType;
  values: readonly number[];
}

export interface OpCase {
  title: string;
  inputs: readonly OpInput[];
  build: (g: GraphBuilder, inputs: readonly Value[]) => Value;
  /** Inputs with a gradient; all of float32 unless told. */
  differentiable?: readonly number[];
}

let made = 0;
const random = (...shape: Shape): OpInput => ({ shape, values: normals(shape, ++made) });
const positive = (...shape: Shape): OpInput => ({ shape, values: positives(shape, ++made) });
const distinct = (...shape: Shape): OpInput => ({ shape, values: spaced(shape, ++made) });
const given = (shape: Shape, values: readonly number[], dtype: DType = "float32"): OpInput => ({
  shape,
  dtype,
  values,
});

type Build = OpCase["build"];
const show = (inputs: readonly OpInput[]) => inputs.map(({ shape }) => `[${shape.join()}]`).join(" ");
const of = (inputs: readonly OpInput[], build: Build, more: Partial<OpCase> = {}): OpCase => ({
  title: show(inputs),
  inputs,
  build,
  ...more,
});

function unary(op: "exp" | "log" | "sqrt" | "sigmoid" | "erf" | "gelu", make = random): OpCase[] {
  const build: Build = (g, [x]) => g[op](x!);
  return [make(2, 3), make(), make(1, 2, 1, 3)].map((x) => of([x], build));
}

function binary(op: "add" | "sub" | "mul" | "div", make = random): OpCase[] {
  const build: Build = (g, [a, b]) => g[op](a!, b!);
  return [
    of([random(2, 3), make(2, 3)], build),
    of([random(4, 1), make(2, 1, 3)], build),
    of([random(2, 1, 4), make(1, 3, 1)], build),
    of([random(), make(3)], build),
    of([random(3), make()], build),
    of([random(1, 1), make(2)], build),
    { ...of([make(2, 3)], (g, [x]) => g[op](x!, x!)), title: "[2,3] with itself" },
    { ...of([make(2)], (g, [x]) => g[op](1.5, x!)), title: "1.5 and [2]" },
  ];
}

function gemms(): OpCase[] {
  const flags = [0, 1] as const;
  return flags.flatMap((transA) =>
    flags.flatMap((transB) => {
      const [a, b] = [transA ? [4, 2] : [2, 4], transB ? [3, 4] : [4, 3]];
      const thirds = [undefined, [3], [2, 1], [2, 3], [1, 3], [1]];
      return thirds.map((c) => {
        const inputs = [random(...a), random(...b), ...(c ? [random(...c)] : [])];
        const title = `${transA ? "a' " : "a "}${transB ? "b'" : "b"} ${c ? `+ [${c.join()}]` : ""}`;
        const trans = { a: transA === 1, b: transB === 1 };
        return { ...of(inputs, (g, v) => g.gemm(v[0]!, v[1]!, v[2], trans)), title };
      });
    }),
  );
}

/** Convolutions: picture, channels out, kernel, strides, pads. */
const convolutions: readonly (readonly [Shape, number, [number, number], [number, number], Pads])[] = [
  [[1, 2, 3, 4], 3, [1, 1], [1, 1], [0, 0, 0, 0]],
  [[1, 2, 3, 4], 3, [3, 3], [1, 1], [1, 1, 1, 1]],
  [[2, 2, 4, 3], 1, [3, 3], [1, 1], [1, 1, 1, 1]],
  [[1, 1, 5, 7], 2, [3, 3], [2, 2], [1, 1, 1, 1]],
  [[1, 2, 4, 6], 2, [3, 3], [2, 2], [1, 1, 1, 1]],
  [[1, 2, 5, 4], 2, [3, 3], [2, 2], [0, 0, 1, 1]],
  [[1, 1, 4, 5], 2, [3, 3], [1, 1], [0, 2, 1, 0]],
  [[1, 1, 4, 5], 2, [3, 2], [2, 1], [1, 0, 0, 1]],
  [[1, 2, 5, 6], 2, [1, 1], [2, 2], [0, 0, 0, 0]],
  [[1, 1, 3, 3], 2, [1, 1], [1, 1], [1, 1, 1, 1]],
];

function convs(): OpCase[] {
  return convolutions.flatMap(([x, out, kernel, strides, pads]) => {
    const weights = random(out, x[1]!, ...kernel);
    const attributes = { strides, pads };
    const build: Build = (g, v) => g.conv(v[0]!, v[1]!, v[2], attributes);
    const title = `[${x.join()}] by ${kernel.join("x")}, strides ${strides.join()}, pads ${pads.join()}`;
    return [
      { ...of([random(...x), weights, random(out)], build, { differentiable: [0, 2] }), title },
      { ...of([random(...x), weights], build, { differentiable: [0] }), title: `${title}, no bias` },
    ];
  });
}

function transposedConvs(): OpCase[] {
  return convolutions.map(([x, out, kernel, strides, pads]) => {
    const [height, width] = [2, 3].map((axis, i) =>
      Math.floor((x[axis]! + pads[i]! + pads[i + 2]! - kernel[i]!) / strides[i]!),
    ) as [number, number];
    const inputs = [random(x[0]!, out, height + 1, width + 1), random(out, x[1]!, ...kernel)];
    const size = [x[2]!, x[3]!] as const;
    const build: Build = (g, v) => g.append("ConvTranspose", v, { strides, pads, size });
    const title = `to ${size.join("x")} by ${kernel.join("x")}, strides ${strides.join()}, pads ${pads.join()}`;
    return { ...of(inputs, build, { differentiable: [0] }), title };
  });
}

function reductions(op: "sum" | "mean" | "max", make = random): OpCase[] {
  return [[0], [1], [2], [0, 2], [2, 1], [0, 1, 2]].flatMap((axes) =>
    [true, false].map((keep) => ({
      ...of([make(2, 3, 4)], (g, [x]) => g[op](x!, axes, keep)),
      title: `over ${axes.join()}${keep ? ", kept" : ""}`,
    })),
  );
}

function slices(): OpCase[] {
  const ranges = [
    [0, 0, 2, 1],
    [1, 1, 4, 1],
    [1, 2, 99, 1],
    [1, 0, 5, 2],
    [1, 1, 5, 3],
    [1, 1, -1, 1],
    [1, 4, -6, -1],
    [1, 4, 0, -2],
    [1, 3, 1, -1],
    [1, 4, -4, -1],
    [2, 2, -99, -2],
  ] as const;
  return ranges.map(([axis, start, end, step]) => ({
    ...of([random(3, 5, 3)], (g, [x]) => g.slice(x!, axis, start, end, step)),
    title: `axis ${axis}, ${start} to ${end} by ${step}`,
    ...(step === 1 ? {} : { differentiable: [] }),
  }));
}

/** Query, key and value, and the number of heads. */
const attentions: readonly (readonly [Shape, Shape, Shape, number])[] = [
  [[1, 5, 4], [1, 5, 4], [1, 5, 4], 1],
  [[1, 5, 6], [1, 3, 6], [1, 3, 6], 3],
  [[2, 3, 4], [2, 4, 4], [2, 4, 4], 2],
];

const half: Build = (g, [x]) => g.cast(g.cast(x!, "float16"), "float32");

export const opCases = {
  Add: binary("add"),
  Sub: binary("sub"),
  Mul: binary("mul"),
  Div: binary("div", positive),
  Exp: unary("exp"),
  Log: unary("log", positive),
  Sqrt: unary("sqrt", positive),
  Sigmoid: [...unary("sigmoid"), of([given([4], [-30, -5, 5, 30])], (g, [x]) => g.sigmoid(x!))],
  Relu: [of([given([2, 3], [-3, -0.5, 0.25, 2, -7, 5])], (g, [x]) => g.relu(x!))],
  Erf: [...unary("erf"), of([given([6], [-7, -3, -0.001, 0, 2, 5])], (g, [x]) => g.erf(x!))],
  Gelu: [...unary("gelu"), of([given([5], [-6, -1, 0, 3, 9])], (g, [x]) => g.gelu(x!))],
  QuickGelu: [1, 1.702].map((alpha) => ({
    ...of([random(2, 3)], (g, [x]) => g.quickGelu(x!, alpha)),
    title: `alpha ${alpha}`,
  })),
  MatMul: [
    [random(3, 4), random(4, 2)],
    [random(2, 3, 4), random(2, 4, 2)],
    [random(2, 1, 3, 4), random(3, 4, 2)],
    [random(5, 3, 4), random(4, 2)],
    [random(2, 3), random(4, 3, 5)],
    [random(1, 4), random(4, 1)],
  ].map((inputs) => of(inputs, (g, [a, b]) => g.matmul(a!, b!))),
  TurnedMatMul: [
    [random(4, 3), random(4, 2)],
    [random(2, 4, 3), random(2, 4, 2)],
    [random(1, 2, 4, 3), random(1, 2, 4, 5)],
    [random(2, 1, 4, 3), random(3, 4, 2)],
  ].map((inputs) => of(inputs, (g, v) => g.append("TurnedMatMul", v, {}))),
  Gemm: gemms(),
  Conv: convs(),
  ConvTranspose: transposedConvs(),
  Softmax: [0, 1, 2].map((axis) => ({
    ...of([random(2, 3, 4)], (g, [x]) => g.softmax(x!, axis)),
    title: `axis ${axis}`,
  })),
  LayerNormalization: [
    of([random(2, 5), random(5), random(5)], (g, [x, s, b]) => g.layerNorm(x!, s!, b!, 1e-5)),
    of([random(2, 3, 4), random(4), random(4)], (g, [x, s, b]) => g.layerNorm(x!, s!, b!, 0.1)),
  ],
  GroupNorm: [
    ...[1, 2, 4].map((groups) => ({
      ...of([random(1, 4, 3, 2), random(4), random(4)], (g, [x, s, b]) => g.groupNorm(x!, s!, b!, groups, 1e-5)),
      title: `${groups} groups of [1,4,3,2]`,
    })),
    of([random(2, 6, 4), random(6), random(6)], (g, [x, s, b]) => g.groupNorm(x!, s!, b!, 3, 0.01)),
    ...[
      [1, 0],
      [1, 2],
      [2, 0],
    ].map(([scale, bias]) => ({
      ...of([random(1, 4, 2, 3)], (g, [x]) => {
        const [s, b] = [g.constant(scale!, x!.dtype, [4]), g.constant(bias!, x!.dtype, [4])];
        return g.groupNorm(x!, s, b, 2, 1e-5);
      }),
      title: `constant scale ${scale!} and bias ${bias!}`,
    })),
  ],
  // Of numbers above 0: where they cancel, rounding is all that is left to compare.
  ReduceSum: reductions("sum", positive),
  ReduceMean: reductions("mean", positive),
  ReduceMax: reductions("max", distinct),
  Reshape: [
    of([random(2, 6)], (g, [x]) => g.reshape(x!, [3, 4])),
    of([random(2, 6)], (g, [x]) => g.reshape(x!, [1, 2, 1, 6])),
    of([random(1, 1)], (g, [x]) => g.reshape(x!, [])),
    of([random()], (g, [x]) => g.reshape(x!, [1])),
  ],
  Expand: [
    of([random(2, 1)], (g, [x]) => g.expand(x!, [2, 3])),
    of([random(3)], (g, [x]) => g.expand(x!, [2, 3])),
    of([random()], (g, [x]) => g.expand(x!, [2])),
    of([random(1, 2, 1)], (g, [x]) => g.expand(x!, [3, 2, 2])),
  ],
  Transpose: [
    of([random(2, 3)], (g, [x]) => g.transpose(x!, [1, 0])),
    of([random(2, 3, 4)], (g, [x]) => g.transpose(x!, [2, 0, 1])),
    of([random(1, 2, 3, 4)], (g, [x]) => g.transpose(x!, [0, 2, 3, 1])),
  ],
  Concat: [
    of([random(2, 3), random(1, 3)], (g, v) => g.concat(v, 0)),
    of([random(2, 1, 2), random(2, 3, 2), random(2, 2, 2)], (g, v) => g.concat(v, 1)),
    { ...of([random(2, 2)], (g, [x]) => g.concat([x!, x!], 1)), title: "[2,2] twice" },
  ],
  Slice: slices(),
  Pad: [
    of([random(2, 3)], (g, [x]) => g.pad(x!, [0, 1, 0, 2])),
    of([random(2, 3)], (g, [x]) => g.pad(x!, [2, 0, 1, 0])),
    of([random(1, 2, 2, 1)], (g, [x]) => g.pad(x!, [0, 0, 1, 0, 0, 1, 0, 1])),
  ],
  Upsample: [
    of([random(1, 2, 2, 3)], (g, [x]) => g.upsample(x!)),
    of([random(2, 1, 3, 1)], (g, [x]) => g.upsample(x!)),
  ],
  Cast: [
    { ...of([random(2, 3)], half, { differentiable: [] }), title: "to float16 and back" },
    of([given([3], [0, 1, 1], "bool")], (g, [x]) => g.cast(x!, "float32")),
    of([given([3], [-3, 0, 7], "int64")], (g, [x]) => g.cast(x!, "float32")),
    of([given([3], [-2.5, 0, 1.5])], (g, [x]) => g.cast(x!, "int64"), { differentiable: [] }),
    of([given([3], [-2.5, 0, 1.5])], (g, [x]) => g.cast(x!, "bool"), { differentiable: [] }),
  ],
  Gather: [
    of([random(5, 3), given([4], [4, 0, 0, 2], "int64")], (g, [x, i]) => g.gather(x!, i!)),
    of([random(3, 2, 2), given([2, 2], [1, 2, 0, 1], "int32")], (g, [x, i]) => g.gather(x!, i!)),
  ],
  Equal: [
    of([given([4], [1, 2, 3, 2]), given([4], [1, 3, 3, 1])], (g, [a, b]) => g.equal(a!, b!)),
    of([given([2, 2], [1, 2, 3, 2]), given([2], [1, 2])], (g, [a, b]) => g.equal(a!, b!)),
  ],
  Where: [
    of([given([3], [0, 1, 0], "bool"), random(3), random(3)], (g, [c, a, b]) => g.where(c!, a!, b!)),
    of([given([2, 1], [0, 1], "bool"), random(3), random()], (g, [c, a, b]) => g.where(c!, a!, b!)),
  ],
  Attention: attentions.map(([q, k, v, heads]) => ({
    ...of([random(...q), random(...k), random(...v)], (g, [a, b, c]) => g.attention(a!, b!, c!, heads)),
    title: `${heads} heads, [${q.join()}] to [${k.join()}]`,
  })),
  NhwcConv: (
    [
      [
        [2, 3, 4, 2],
        [3, 3, 3, 2],
        [1, 1],
        [1, 1, 1, 1],
      ],
      [
        [1, 5, 6, 3],
        [2, 3, 3, 3],
        [2, 2],
        [0, 0, 1, 1],
      ],
      [
        [1, 2, 3, 4],
        [3, 1, 1, 4],
        [1, 1],
        [0, 0, 0, 0],
      ],
    ] as const
  ).flatMap(([x, w, strides, pads]) => [
    of([random(...x), random(...w), random(w[0])], (g, v) => g.append("NhwcConv", v, { strides, pads })),
    of([random(...x), random(...w)], (g, v) => g.append("NhwcConv", v, { strides, pads })),
  ]),
  NhwcGroupNorm: (
    [
      [[1, 2, 3, 4], 2, 0],
      [[2, 3, 2, 6], 3, 1],
    ] as const
  ).map(([x, groups, silu]) =>
    of([random(...x), random(x[3]), random(x[3])], (g, v) =>
      g.append("NhwcGroupNorm", v, { groups, epsilon: 1e-5, silu }),
    ),
  ),
  BiasSplitGelu: [of([random(3, 8), random(8)], (g, v) => g.append("BiasSplitGelu", v, {}))],
  PackedAttention: [
    of([random(1, 4, 2, 3, 3)], (g, v) => g.append("PackedAttention", v, { heads: 2 })),
    of([random(2, 3, 1, 3, 4)], (g, v) => g.append("PackedAttention", v, { heads: 1 })),
  ],
} satisfies Record<OpName, readonly OpCase[]>;

/** [op, title, case] of all, for `test.each`. */
export const allCases = Object.entries(opCases).flatMap(([op, cases]) =>
  (cases as readonly OpCase[]).map((one) => [op as OpName, one.title, one] as const),
);

/** Declares the inputs of a case as `x0`, `x1`, ... */
export function declare(g: GraphBuilder, { inputs }: OpCase): Value[] {
  return inputs.map(({ shape, dtype = "float32" }, i) => g.input(`x${i}`, dtype, shape));
}

export function feedsOf({ inputs }: OpCase): Feeds {
  return Object.fromEntries(inputs.map(({ shape, values }, i) => [`x${i}`, numbers(shape, values)]));
}
