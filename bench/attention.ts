/**
 * `npm run bench:attention`: at what rate ONNX Runtime computes the products that attention's gradient is made of, form by form, beside its
 * best matrix product and its own fused attention: what bounds a guided step (docs/performance.md). Stable Diffusion 1.5's finest layers: 4096
 * pixels in heads of 40 channels.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { OrtSession } from "../src-main/engine/sessions/session.ts";
import { GraphBuilder } from "../src-main/graph/builder.ts";
import { gradient } from "../src-main/graph/gradient/gradient.ts";
import type { Graph, Shape, Value } from "../src-main/graph/graph.ts";
import { sizeOf } from "../src-main/graph/graph.ts";
import { flopCount } from "./flops.ts";

const [TOKENS, WIDTH, HEADS] = [4096, 40, 8];
/** Rows of probabilities at once: 8 MiB of them. */
const ROWS = 512;
const RUNS = 8;
const folder = mkdtempSync(path.join(tmpdir(), "diorama-bench-"));

type Build = (g: GraphBuilder, ...inputs: Value[]) => Value;

const flip = (g: GraphBuilder, x: Value) => g.transpose(x, [1, 0]);

/** Of one head and one block of rows. */
const PRODUCTS: readonly (readonly [name: string, shapes: readonly Shape[], build: Build])[] = [
  ["scores, dP: [512, 40] [40, 4096]", [[ROWS, WIDTH], [WIDTH, TOKENS]], (g, a, b) => g.matmul(a, b)],
  ["dQ: [512, 4096] [4096, 40]", [[ROWS, TOKENS], [TOKENS, WIDTH]], (g, a, b) => g.matmul(a, b)],
  ["dK, dV, the wide factor turned: [512, 4096]' [512, 40]", [[ROWS, TOKENS], [ROWS, WIDTH]], (g, a, b) => g.matmul(flip(g, a), b)],
  ["dK, dV, as Gemm", [[ROWS, TOKENS], [ROWS, WIDTH]], (g, a, b) => g.gemm(a, b, undefined, { a: true })],
  ["dK', dV', the narrow factor turned: [512, 40]' [512, 4096]", [[ROWS, TOKENS], [ROWS, WIDTH]], (g, a, b) => g.matmul(flip(g, b), a)],
  ["dK', dV', the narrow factor given so: [40, 512] [512, 4096]", [[ROWS, TOKENS], [WIDTH, ROWS]], (g, a, b) => g.matmul(b, a)],
  ["for comparison: [2048, 2048] [2048, 2048]", [[2048, 2048], [2048, 2048]], (g, a, b) => g.matmul(a, b)],
]; // prettier-ignore

/** Seconds of each run of `graph`, of its nodes alone but for those named: what they are given and give would be measured, too. */
async function secondsOf(graph: Graph, without: readonly string[] = []): Promise<number[]> {
  const session = await OrtSession.open(graph, {
    provider: "cpu",
    memory: "fast",
    profile: path.join(folder, "profile"),
  });
  const feeds = Object.fromEntries(
    graph.inputs.map(({ source, shape }) => [
      source.kind === "input" ? source.name : "",
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i) / 2),
    ]),
  );
  for (let i = 0; i <= RUNS; i++) await session.run(feeds);
  session.endProfiling();
  await session.close();
  const [file] = readdirSync(folder);
  const events = JSON.parse(readFileSync(path.join(folder, file!), "utf8")) as Event[];
  rmSync(path.join(folder, file!));
  const runs = events.filter(({ name }) => name === "model_run").sort((a, b) => a.ts - b.ts);
  const nodes = events.filter(({ cat, name, args }) => cat === "Node" && name.endsWith("_kernel_time") && !without.includes(args?.op_name ?? "")); // prettier-ignore
  const within = (run: Event) => nodes.filter(({ ts }) => ts >= run.ts && ts <= run.ts + run.dur);
  return runs.slice(1).map((run) => within(run).reduce((sum, { dur }) => sum + dur, 0) / 1e6);
}

/** Of ONNX Runtime's profile; microseconds. */
interface Event {
  cat: string;
  name: string;
  ts: number;
  dur: number;
  args?: { op_name?: string };
}

function report(name: string, flops: number, seconds: readonly number[]): void {
  const best = Math.min(...seconds);
  console.log(`| ${name} | ${(1000 * best).toFixed(2)} ms | ${(flops / best / 1e9).toFixed(0)} |`);
}

console.log("| products | best of 8 | GFLOP/s |\n| --- | --- | --- |");
for (const [name, shapes, build] of PRODUCTS) {
  const g = new GraphBuilder();
  const inputs = shapes.map((shape, i) => g.input(`x${i}`, "float32", shape));
  const graph = g.finish({ y: g.max(build(g, ...inputs), [0, 1]) });
  report(name, flopCount(graph, ["y"]), await secondsOf(graph, ["ReduceMax"]));
}

const g = new GraphBuilder();
const wide: Shape = [1, TOKENS, WIDTH * HEADS];
const [q, k, v, dy] = ["q", "k", "v", "dy"].map((name) => g.input(name, "float32", wide)) as [
  Value,
  Value,
  Value,
  Value,
];
const y = g.attention(q, k, v, HEADS);
const few = (x: Value) => g.max(x, [0, 1, 2]);
const forward = g.finish({ y: few(y) });
report("fused attention, 8 heads", flopCount(forward, ["y"]), await secondsOf(forward, ["ReduceMax"]));

// dq, dk and dv in one program, as a network has them.
const s = g.input("s", "float32", []);
const [sq, sk, sv] = [q, k, v].map((x) => g.mul(x, s)) as [Value, Value, Value];
const options = { attentionBlock: ROWS * TOKENS, transposedProducts: true };
const ds = gradient(g, [[g.attention(sq, sk, sv, HEADS), dy]], s, options);
const both = g.finish({ ds });
const flops = flopCount(both, ["ds"]);
const all = await secondsOf(both);
const fused = Math.min(...(await secondsOf(forward, ["ReduceMax"])));
report(
  "its gradient, softmax and sums included",
  flops - flopCount(forward, ["y"]),
  all.map((one) => one - fused),
);
rmSync(folder, { recursive: true });
