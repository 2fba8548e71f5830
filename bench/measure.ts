/**
 * One configuration, in a process of its own so that its peak memory is its own: what bench.ts starts. The kinds of step
 * are timed in turn, round after round, each next to a matrix product, so that a machine that slows down slows all alike.
 */
import { readFileSync } from "node:fs";
import type { MemoryMode } from "../src-main/api/engine.ts";
import type { Method, ProviderName, Region } from "../src-main/scene/scene.ts";
import { openCheckpoint } from "../src-main/checkpoint/folder.ts";
import type { Conditioning, Denoiser } from "../src-main/engine/denoise.ts";
import { denoise } from "../src-main/engine/denoise.ts";
import { choosePrecision, Networks } from "../src-main/engine/sessions/networks.ts";
import type { TextStates } from "../src-main/engine/sessions/textEncoders.ts";
import { OrtSession } from "../src-main/engine/sessions/session.ts";
import { GraphBuilder } from "../src-main/graph/builder.ts";
import { methodOf } from "../src-main/guidance/methodOf.ts";
import { STEERING } from "../src-main/guidance/steering.ts";
import { additionFeatures } from "../src-main/model/features.ts";
import { chunksOf } from "../src-main/model/tokenizer/encoding.ts";
import { createTokenizers } from "../src-main/model/tokenizer/tokenizer.ts";
import { TorchGenerator } from "../src-main/sampling/random.ts";
import { createSampler } from "../src-main/sampling/samplers.ts";
import { answer } from "./answer.ts";
import { flopCount } from "./flops.ts";

export interface Configuration {
  label: string;
  path: string;
  provider: ProviderName;
  memory: MemoryMode;
  /** Of every kind of step, after one of each that does not count; 0 for steps of minutes: one plain and one guided. */
  rounds: number;
}

export interface Measurement {
  label: string;
  precision: string;
  /** Seconds, the best of all rounds; a step is both halves of classifier-free guidance. */
  seconds: Record<"text" | "open" | "plain" | "injected" | "guided" | "guided4" | "guided16" | "decode", number>;
  /** Median over rounds of a step's time over the plain step's of the same round. */
  ratios: Record<"injected" | "guided" | "guided4" | "guided16", number>;
  /** Floating-point operations of one forward pass, and of forward and gradient. */
  flops: { forward: number; withGradient: number };
  /** FLOP/s of the best matrix product, and the share of it that steps reach. */
  peak: number;
  share: { plain: number; guided: number };
  /** Peak resident bytes: of a plain step, of a guided one, and of all, decoding and this benchmark's own products included. */
  memory: { plain: number; guided: number; all: number };
}

const seconds = async (work: () => Promise<unknown>) => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
};
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

function peakBytes(): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"));
  return line ? Number(line[1]) * 1024 : process.resourceUsage().maxRSS * 1024;
}

/** FLOP/s of matrix products of the sizes at which ONNX Runtime is at its best. */
class Peak {
  best = 0;
  readonly #open: { session: OrtSession; flops: number; feeds: Record<string, Float32Array> }[] = [];

  async open(provider: ProviderName): Promise<void> {
    for (const [m, k, n] of [
      [1024, 1024, 1024],
      [4096, 320, 1280],
      [2048, 2048, 2048],
    ] as const) {
      // prettier-ignore
      const g = new GraphBuilder();
      const product = g.matmul(g.input("a", "float32", [m, k]), g.input("b", "float32", [k, n]));
      // Only a row of the product is handed over: copying all of it would be measured too.
      const session = await OrtSession.open(g.finish({ y: g.max(product, [0]) }), { provider, memory: "fast" });
      const feeds = { a: new Float32Array(m * k).fill(0.5), b: new Float32Array(k * n).fill(0.25) };
      this.#open.push({ session, flops: 2 * m * k * n, feeds });
    }
  }

  async sample(): Promise<void> {
    for (const { session, flops, feeds } of this.#open) {
      for (let i = 0; i < 3; i++) this.best = Math.max(this.best, flops / (await seconds(() => session.run(feeds))));
    }
  }
}

function regions(count: number): Region[] {
  return Array.from({ length: count }, (_, i) => ({
    id: String(i),
    box: { x: (i % 4) / 4, y: Math.floor(i / 4) / 4, width: 0.25, height: 0.25 },
    spans: [],
    strength: 1,
  }));
}

async function measure({ label, path, provider, memory, rounds }: Configuration): Promise<Measurement> {
  const checkpoint = await openCheckpoint(path);
  const tokenizers = await createTokenizers(checkpoint);
  const [tokenizer] = tokenizers;
  const options = { provider, memory };
  const precision = await choosePrecision(options);
  const networks = new Networks(checkpoint, options, precision, tokenizer.maxTokens);
  const prompt = await networks.encode(chunksOf(tokenizers, "a red circle and a blue square"));
  let negative = prompt;
  const text = await seconds(async () => {
    negative = await networks.encode(chunksOf(tokenizers, "blurred"));
  });

  const side = checkpoint.unet.config.sampleSize ?? 64;
  const size = { height: side, width: side };
  const opened = await seconds(() => networks.unet(size, tokenizer.maxTokens, STEERING, () => undefined));
  const unet = await networks.unet(size, tokenizer.maxTokens, STEERING, () => undefined);
  const sampler = createSampler("lms", checkpoint.scheduler, 50, { spacing: "model" });
  const noise = new TorchGenerator("7").normal(checkpoint.unet.config.inChannels * side * side);
  const latent = noise.map((v) => v * sampler.initNoiseSigma);

  const { addition, ...config } = checkpoint.unet.config;
  const pixels = side * 2 ** (checkpoint.vae.config.blockOutChannels.length - 1);
  const conditioning = ({ context, pooled }: TextStates): Conditioning => {
    if (!addition || !pooled) return { context };
    const sizes = [pixels, pixels, 0, 0, pixels, pixels] as const;
    return { context, addition: additionFeatures(pooled, sizes, { ...config, addition }) };
  };
  const kind = async (name: Method, boxes: number): Promise<Denoiser> => {
    const bound = regions(boxes).map((region, i) => ({ region, tokens: [2 + i] }));
    const method = await methodOf(name);
    const place = { latent: size, picture: size, target: unet.target, layers: unet.layers, attention: unet.attention };
    const layout = method.layout({ ...place, regions: bound, columns: tokenizer.maxTokens });
    const range = { start: 0, end: 50 };
    const guidance = { method: name, nu: 0.75, eta: 0.48, injectionSteps: range, lossSteps: range };
    const { prediction } = checkpoint.scheduler;
    return {
      unet,
      config: checkpoint.unet.config,
      prediction,
      evaluations: sampler.evaluations,
      method,
      layoutAt: () => layout,
      state: {},
      guidance,
      guidanceScale: 7.5,
      prompt: conditioning(prompt),
      negative: conditioning(negative),
    };
  };
  const kinds = {
    plain: await kind("none", 1),
    injected: await kind("injection", 1),
    guided: await kind("ilgd", 1),
    guided4: await kind("ilgd", 4),
    guided16: await kind("ilgd", 16),
  };
  const names = Object.keys(kinds) as (keyof typeof kinds)[];
  const step = (d: Denoiser) => seconds(() => denoise(d, 5, latent));
  const times: Record<keyof typeof kinds, number[]> = {
    plain: [],
    injected: [],
    guided: [],
    guided4: [],
    guided16: [],
  };
  const [firstPlain, afterPlain] = [await step(kinds.plain), peakBytes()];
  const [firstGuided, afterGuided] = [await step(kinds.guided), peakBytes()];
  const peak = new Peak();
  await peak.open(provider);
  if (rounds === 0) {
    // Steps of minutes are not warmed up.
    await peak.sample();
    times.plain.push(firstPlain);
    times.guided.push(firstGuided);
  }
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      await peak.sample();
      times[name].push(await step(kinds[name]));
    }
  }
  await networks.rest(size);
  if (rounds > 0) await networks.decode(latent, size);
  const decode = await seconds(() => networks.decode(latent, size));
  const best = (name: keyof typeof kinds) => (times[name].length === 0 ? NaN : Math.min(...times[name]));
  const ratio = (name: keyof typeof kinds) => median(times[name].map((t, i) => t / times.plain[i]!));
  const forward = flopCount(unet.graph, ["prediction"]);
  const withGradient = flopCount(unet.graph, ["prediction", "gradient"]);
  const memoryUsed = { plain: afterPlain, guided: afterGuided, all: peakBytes() };
  await networks.close();
  return {
    label,
    precision,
    seconds: {
      text,
      open: opened,
      plain: best("plain"),
      injected: best("injected"),
      guided: best("guided"),
      guided4: best("guided4"),
      guided16: best("guided16"),
      decode,
    },
    ratios: {
      injected: ratio("injected"),
      guided: ratio("guided"),
      guided4: ratio("guided4"),
      guided16: ratio("guided16"),
    },
    flops: { forward, withGradient },
    peak: peak.best,
    share: {
      plain: (2 * forward) / best("plain") / peak.best,
      guided: (forward + withGradient) / best("guided") / peak.best,
    },
    memory: memoryUsed,
  };
}

answer(measure);
