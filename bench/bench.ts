/**
 * `npm run bench`: time and memory of everything that drawing a picture is made of, for the demo model and for a
 * checkpoint of Stable Diffusion 1.5's size with random weights, which is written once to the cache folder.
 */
import { fork } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, homedir, totalmem } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ALLOCATOR } from "../src-main/engine/allocator.ts";
import type { ProviderName } from "../src-main/scene/scene.ts";
import type { Configuration, Measurement } from "./measure.ts";
import { randomCheckpoint } from "./randomCheckpoint.ts";
import { randomSingleFile } from "./randomSingleFile.ts";

const HELP = `npm run bench -- [options]

  --only LABELS    of demo, sd15-fp32, sd15-fp16, sd15-fp32-low, sd15-fp16-low, sdxl-fp16-low, separated by commas
                   (default: all but the last)
  --provider NAME  cpu, cuda, dml, webgpu or coreml (default: cpu)
  --rounds N       rounds of every kind of step (default: 3)
  --json FILE      write the numbers there too

The random checkpoints take 6.4 GB (SDXL another 6.9) in $DIORAMA_CACHE (default: ~/.cache/diorama). Steps are at the checkpoint's own size;
a plain step is two forward passes (classifier-free guidance).`;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "demo,sd15-fp32,sd15-fp16,sd15-fp32-low,sd15-fp16-low" },
    provider: { type: "string", default: "cpu" },
    rounds: { type: "string", default: "3" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

function configuration(label: string): Configuration {
  const cache = process.env.DIORAMA_CACHE ?? path.join(homedir(), ".cache", "diorama");
  const common = { label, provider: values.provider as ProviderName, rounds: Number(values.rounds) };
  const random = (dtype: "float16" | "float32") => {
    mkdirSync(cache, { recursive: true });
    return randomCheckpoint(cache, dtype);
  };
  switch (label) {
    case "demo":
      return {
        ...common,
        path: path.resolve(import.meta.dirname, "../resources/models/demo"),
        memory: "fast",
        rounds: 5 * common.rounds,
      };
    case "sd15-fp32":
      return { ...common, path: random("float32"), memory: "fast" };
    case "sd15-fp16":
      return { ...common, path: random("float16"), memory: "fast" };
    case "sd15-fp32-low":
      return { ...common, path: random("float32"), memory: "low" };
    case "sd15-fp16-low":
      return { ...common, path: random("float16"), memory: "low" };
    case "sdxl-fp16-low":
      mkdirSync(cache, { recursive: true });
      return { ...common, path: randomSingleFile(cache, "sdxl"), memory: "low", rounds: 0 };
    default:
      throw new Error(`There is no configuration ${label}. ${HELP}`);
  }
}

/** Measures in a fresh process, with the allocator settings that the engine's process has. */
function measured(configuration: Configuration): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...ALLOCATOR };
    const child = fork(path.join(import.meta.dirname, "measure.ts"), [], { serialization: "advanced", env });
    child.once("message", (message) => resolve(message as Measurement));
    child.once("exit", (code, signal) =>
      reject(new Error(`measuring ${configuration.label} ended with ${signal ?? code}`)),
    );
    child.send(configuration);
  });
}

const giga = (n: number, digits = 1) => (n / 1e9).toFixed(digits);
const time = (s: number) => (Number.isNaN(s) ? "" : s < 1 ? `${(s * 1000).toFixed(0)} ms` : `${s.toFixed(2)} s`);

const ratio = (r: number, [left, right] = "") => (Number.isNaN(r) ? "" : `${left ?? ""}${r.toFixed(2)}x${right ?? ""}`);

function row(m: Measurement): string[] {
  const { seconds: s, ratios: r } = m;
  return [
    m.label,
    m.precision,
    time(s.open),
    time(s.text),
    time(s.plain),
    `${time(s.injected)} ${ratio(r.injected, "()")}`,
    `${time(s.guided)} ${ratio(r.guided, "()")}`,
    `${ratio(r.guided4)}, ${ratio(r.guided16)}`,
    time(s.decode),
    `${giga(2 * m.flops.forward, 0)} / ${giga(m.flops.forward + m.flops.withGradient, 0)}`,
    `${(100 * m.share.plain).toFixed(0)}% / ${(100 * m.share.guided).toFixed(0)}% of ${giga(m.peak, 0)}`,
    [m.memory.plain, m.memory.guided, m.memory.all].map((bytes) => (bytes / 2 ** 30).toFixed(1)).join(" / "),
  ];
}

const COLUMNS = [
  "checkpoint",
  "type",
  "open",
  "text",
  "plain step",
  "injected step",
  "guided step",
  "with 4, 16 boxes",
  "decode",
  "GFLOP plain / guided",
  "GFLOP/s share",
  "peak GiB plain / guided / all",
];

async function main(): Promise<void> {
  if (values.help) {
    console.log(HELP);
    return;
  }
  const results: Measurement[] = [];
  for (const label of values.only.split(",")) {
    process.stderr.write(`measuring ${label}\n`);
    results.push(await measured(configuration(label)));
  }
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? "?"}, ${giga(totalmem(), 0)} GB, Node ${process.version}`;
  console.log(
    `${machine}\nTimes are the best of all rounds, ratios the median against the plain step of the same round.\n`,
  );
  console.log(`| ${COLUMNS.join(" | ")} |\n|${COLUMNS.map(() => " --- ").join("|")}|`);
  for (const m of results) console.log(`| ${row(m).join(" | ")} |`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
}

await main();
