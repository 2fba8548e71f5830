/**
 * Whether a provider's own operators give the numbers of the plain ones, on the very provider and device: a small program of each form,
 * computed both ways, in float32 and, where the provider has it, in float16.
 */
import { GraphBuilder } from "../../graph/builder.ts";
import type { DType, Graph, Shape, Value } from "../../graph/graph.ts";
import { messageOf } from "../../wire/errors.ts";
import { type FormFinding, type OwnForm, ownFormsOf } from "./ownOperators.ts";
import { type Outputs, OrtSession, type SessionOptions } from "./session.ts";

/**
 * Of both forms' numbers, ||a - b|| / ||b||. A GPU that multiplies float32 with fewer bits is off by some ten thousandths, float16 by some
 * thousandths, an operator that is wrong by much more.
 */
const MOST_DIFFERENT = { float32: 5e-3, float16: 2e-2 };

/** What each form of the provider's table comes to there; `options` are for sessions without any. */
export async function tryForms(options: SessionOptions): Promise<FormFinding[]> {
  const findings: FormFinding[] = [];
  for (const form of ownFormsOf(options.provider)) {
    const wrong = await whatIsWrong(form, options);
    findings.push(wrong === undefined ? { form } : { form, wrong });
  }
  return findings;
}

async function whatIsWrong(form: OwnForm, options: SessionOptions): Promise<string | undefined> {
  for (const dtype of ["float32", "float16"] as const) {
    const graph = PROGRAMS[form](dtype);
    let plain: Outputs;
    try {
      plain = await computed(graph, options);
    } catch (error) {
      if (dtype === "float16") return undefined; // then nothing is computed in it here
      return `the plain operators do not work: ${messageOf(error)}`;
    }
    const notes: string[] = [];
    const own = await computed(graph, { ...options, forms: [form], note: (text) => notes.push(text) });
    if (notes[0] !== undefined) return notes[0];
    const off = distance(own["y"]!, plain["y"]!);
    if (!(off < MOST_DIFFERENT[dtype])) return `off by ${off.toPrecision(2)} in ${dtype}`;
  }
  return undefined;
}

async function computed(graph: Graph, options: SessionOptions): Promise<Outputs> {
  const session = await OrtSession.open(graph, options);
  try {
    return await session.run({ x: Float32Array.from(numbers(graph.inputs[0]!.shape, 1)) });
  } finally {
    await session.close();
  }
}

/** Of one input x and output y in float32, computed in between in the given type, at sizes that Stable Diffusion has. */
const PROGRAMS: Record<OwnForm, (dtype: DType) => Graph> = {
  splitGelu: (dtype) =>
    program(dtype, [64, 16], (g, x, weight) => {
      const half = () => g.gemm(x, weight([1280, 16]), weight([1280]), { b: true });
      return g.mul(half(), g.gelu(half()));
    }),
  packedAttention: (dtype) =>
    program(dtype, [256, 16], (g, x, weight) => {
      const [q, k, v] = [0, 1, 2].map(() => g.reshape(g.gemm(x, weight([320, 16]), undefined, { b: true }), [1, 256, 320])); // prettier-ignore
      return g.attention(q!, k!, v!, 8);
    }),
  channelsLast: (dtype) =>
    program(dtype, [1, 320, 16, 16], (g, x, weight) => {
      const silu = (y: Value, groups: number) => {
        const channels = [y.shape[1]!];
        return g.quickGelu(g.groupNorm(y, weight(channels), weight(channels), groups, 1e-5), 1);
      };
      const conv = (y: Value, out: number, stride: number) =>
        g.conv(y, weight([out, y.shape[1]!, 3, 3]), weight([out]), { strides: [stride, stride], pads: [1, 1, 1, 1] });
      const h = g.add(conv(silu(x, 32), 32, 1), g.reshape(weight([32]), [1, 32, 1, 1]));
      return conv(g.add(silu(h, 16), h), 16, 2);
    }),
};

function program(
  dtype: DType,
  shape: Shape,
  build: (g: GraphBuilder, x: Value, weight: (shape: Shape) => Value) => Value,
): Graph {
  const g = new GraphBuilder();
  let made = 1;
  const weight = (of: Shape) => g.cast(g.constant(numbers(of, ++made), "float32", of), dtype);
  return g.finish({ y: g.cast(build(g, g.cast(g.input("x", "float32", shape), dtype), weight), "float32") });
}

/** From -1 to 1, without pattern, the same for everyone. */
function numbers(shape: Shape, seed: number): number[] {
  const count = shape.reduce((product, n) => product * n, 1);
  return Array.from({ length: count }, (_, i) => {
    const wave = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (wave - Math.floor(wave)) - 1;
  });
}

function distance(a: Float32Array, b: Float32Array): number {
  let [difference, length] = [0, 0];
  a.forEach((value, i) => {
    difference += (value - b[i]!) ** 2;
    length += b[i]! ** 2;
  });
  return Math.sqrt(difference / length);
}
