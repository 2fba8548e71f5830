/**
 * `npm run bench:lora`: what a LoRA costs at Stable Diffusion 1.5's size (random weights, 512 x 512), applied beside the layers, merged into
 * the weights as they are read, and not at all: opening the network, a forward pass, one with the gradient, changing the strength, memory.
 * Each way runs in a process of its own. `-- --ways beside,merged --memory low --rank 16` chooses.
 */
import { fork } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { MemoryMode } from "../src-main/api/engine.ts";
import type { Checkpoint } from "../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../src-main/checkpoint/folder.ts";
import { fitLora, type LowRanks } from "../src-main/checkpoint/lora/fit.ts";
import { openLora } from "../src-main/checkpoint/lora/open.ts";
import { type Feed, OrtSession } from "../src-main/engine/sessions/session.ts";
import { GRADIENT_GATE } from "../src-main/engine/sessions/unetGraph.ts";
import { GraphBuilder } from "../src-main/graph/builder.ts";
import { DEFAULT_GRADIENT_OPTIONS } from "../src-main/graph/gradient/rule.ts";
import { gradient } from "../src-main/graph/gradient/gradient.ts";
import { halvesOf } from "../src-main/graph/float16.ts";
import { Adapters, LORA_STRENGTHS } from "../src-main/model/adapters.ts";
import { Module } from "../src-main/model/layers.ts";
import { unet } from "../src-main/model/unet.ts";
import { MergedModule } from "../test/support/mergedLora.ts";
import { randomCheckpoint } from "./randomCheckpoint.ts";

const WAYS = ["none", "beside", "merged"] as const;
type Way = (typeof WAYS)[number];

const { values } = parseArgs({
  options: {
    ways: { type: "string", default: WAYS.join(",") },
    way: { type: "string" },
    memory: { type: "string", default: "fast" },
    rank: { type: "string", default: "16" },
    rounds: { type: "string", default: "3" },
    cache: { type: "string", default: process.env["DIORAMA_CACHE"] ?? join(homedir(), ".cache", "diorama") },
  },
});

/** A LoRA in float16 beside every matrix of the UNet's attention blocks, as kohya's trainer makes it by default. */
function writeLora(checkpoint: Checkpoint, rank: number): string {
  const path = join(values.cache, `random-sd15-lora-${rank}.safetensors`);
  if (existsSync(path)) return path;
  const { weights } = checkpoint.unet;
  const layers = weights.names().filter((name) => /attentions\..*\.(to_q|to_k|to_v|to_out\.0|proj|net\.2|proj_in|proj_out)\.weight$/.test(name)); // prettier-ignore
  let at = 0;
  const entries: Record<string, unknown> = {};
  const add = (key: string, shape: number[]) => {
    const end = at + 2 * shape.reduce((a, b) => a * b, 1);
    entries[key] = { dtype: "F16", shape, data_offsets: [at, end] };
    at = end;
  };
  for (const name of layers) {
    const [out, inner] = weights.shapeOf(name) as [number, number];
    const key = `lora_unet_${name.replace(/\.weight$/, "").replaceAll(".", "_")}`;
    add(`${key}.lora_down.weight`, [rank, inner]);
    add(`${key}.lora_up.weight`, [out, rank]);
  }
  const header = Buffer.from(JSON.stringify(entries));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = openSync(path, "w");
  writeSync(file, length);
  writeSync(file, header);
  const block = Buffer.from(
    halvesOf(Float32Array.from({ length: 1 << 18 }, (_, i) => Math.sin(i * 12.9898) * 0.02)).buffer,
  );
  for (let left = at; left > 0; left -= block.length) writeSync(file, block, 0, Math.min(left, block.length));
  closeSync(file);
  return path;
}

const seconds = async (work: () => Promise<unknown>) => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1_000;
};
const gibibytes = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))![1]) / 2 ** 20;

/** The network with a gradient of its prediction's sum of squares, which costs what the layout loss's costs. */
function program(way: Way, checkpoint: Checkpoint, low: LowRanks, strength: number) {
  const { config, weights } = checkpoint.unet;
  const g = new GraphBuilder();
  const m =
    way === "merged"
      ? new MergedModule(g, weights, "float32", [[low, strength]])
      : new Module(g, weights, "float32", new Adapters(g, way === "beside" ? [low] : []));
  const latent = g.input("latent", "float32", [1, 4, 64, 64]);
  const { prediction } = unet(m, config, {
    latent,
    time: g.input("time", "float32", [1, 320]),
    context: g.input("context", "float32", [77, 768]),
  });
  const options = { ...DEFAULT_GRADIENT_OPTIONS, attentionBlock: 1 << 21, transposedProducts: true };
  return g.finish({ prediction, gradient: gradient(g, [[prediction, prediction]], latent, options) });
}

async function measure(way: Way): Promise<void> {
  mkdirSync(values.cache, { recursive: true });
  const checkpoint = await openCheckpoint(randomCheckpoint(values.cache, "float32"));
  const path = writeLora(checkpoint, Number(values.rank));
  const options = { provider: "cpu", memory: values.memory as MemoryMode } as const;
  const gate = { input: GRADIENT_GATE, outputs: ["gradient"] };
  let low: LowRanks = new Map();
  const read = await seconds(async () => {
    low = fitLora(await openLora(path), checkpoint).unet;
  });
  let session!: OrtSession;
  const open = await seconds(async () => {
    session = await OrtSession.open(program(way, checkpoint, low, 0.8), options, gate);
  });
  const noise = (length: number, seed: number) =>
    Float32Array.from({ length }, (_, i) => Math.sin((i + seed) * 78.233));
  const feeds: Record<string, Feed> = {
    latent: noise(4 * 64 * 64, 1),
    time: noise(320, 2),
    context: noise(77 * 768, 3),
    ...(way === "beside" ? { [LORA_STRENGTHS]: Float32Array.of(0.8) } : {}),
  };
  const forwards: number[] = [];
  const guided: number[] = [];
  await session.run(feeds);
  for (let round = 0; round < Number(values.rounds); round++) {
    forwards.push(await seconds(() => session.run(feeds)));
    guided.push(await seconds(() => session.run(feeds, true)));
  }
  let change = 0;
  if (way === "merged") {
    await session.close();
    change = await seconds(async () => {
      session = await OrtSession.open(program(way, checkpoint, low, 0.5), options, gate);
    });
  }
  const row = { read, open, forward: Math.min(...forwards), guided: Math.min(...guided), change, peak: gibibytes() };
  console.log(way, Object.entries(row).map(([name, value]) => `${name} ${value.toFixed(3)}`).join(", ")); // prettier-ignore
  await session.close();
}

if (values.way !== undefined) await measure(values.way as Way);
else {
  for (const way of values.ways.split(",")) {
    const own = Object.entries(values).flatMap(([name, value]) => (name === "ways" ? [] : [`--${name}`, value]));
    await new Promise((done) => fork(import.meta.filename, ["--way", way, ...own]).on("exit", done));
  }
}
