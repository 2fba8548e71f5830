/**
 * `npm run bench:opening`: how long single files of Stable Diffusion 1.5's and XL's size take to be listed and to be opened, from a cold
 * cache, beside the time that reading them takes; and what is written meanwhile.
 */
import { execFileSync, fork } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { ALLOCATOR } from "../src-main/engine/allocator.ts";
import type { MemoryMode } from "../src-main/api/engine.ts";
import { openCheckpoint } from "../src-main/checkpoint/folder.ts";
import { STEERING } from "../src-main/guidance/steering.ts";
import { choosePrecision, Networks } from "../src-main/engine/sessions/networks.ts";
import { chunksOf } from "../src-main/model/tokenizer/encoding.ts";
import { createTokenizers } from "../src-main/model/tokenizer/tokenizer.ts";
import { answer } from "./answer.ts";
import { randomSingleFile } from "./randomSingleFile.ts";

interface Task {
  file: string;
  memory: MemoryMode;
}

interface Opening {
  /** Seconds: the header read and known; every graph checked; the prompt encoded and the network ready for its first step. */
  listed: number;
  checked: number;
  ready: number;
  /** Seconds of the processor until then, in this program and for it in the kernel: what a busy machine does not stretch. */
  user: number;
  system: number;
  /** Bytes that the process had written to disks. */
  written: number;
  peak: number;
}

const status = (name: string, file: "status" | "io") =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/self/${file}`, "utf8"))?.[1] ?? NaN);

async function open({ file, memory }: Task): Promise<Opening> {
  const before = status("write_bytes", "io");
  const begun = performance.now();
  const since = () => (performance.now() - begun) / 1000;
  const checkpoint = await openCheckpoint(file);
  const listed = since();
  const options = { provider: "cpu", memory } as const;
  const precision = await choosePrecision(options);
  const tokenizers = await createTokenizers(checkpoint);
  const networks = new Networks(checkpoint, options, precision, tokenizers[0].maxTokens);
  networks.validate();
  const checked = since();
  await networks.encode(chunksOf(tokenizers, "a red circle and a blue square"));
  const side = checkpoint.unet.config.sampleSize ?? 64;
  await networks.unet({ height: side, width: side }, tokenizers[0].maxTokens, STEERING, () => undefined);
  const ready = since();
  const { user, system } = process.cpuUsage();
  const written = status("write_bytes", "io") - before;
  await networks.close();
  return {
    listed,
    checked,
    ready,
    user: user / 1e6,
    system: system / 1e6,
    written,
    peak: status("VmHWM", "status") * 1024,
  };
}

/** Lets the kernel forget the file's pages, so that it is read from the disk. */
const forget = (file: string) => execFileSync("dd", [`if=${file}`, "iflag=nocache", "count=0"], { stdio: "ignore" });

function readingTime(file: string): number {
  forget(file);
  const buffer = Buffer.alloc(1 << 24);
  const handle = openSync(file, "r");
  const begun = performance.now();
  while (readSync(handle, buffer) > 0);
  closeSync(handle);
  return (performance.now() - begun) / 1000;
}

function opened(task: Task): Promise<Opening> {
  forget(task.file);
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...ALLOCATOR };
    const child = fork(import.meta.filename, ["--child"], { serialization: "advanced", env });
    child.once("message", (message) => resolve(message as Opening));
    child.once("exit", (code, signal) => reject(new Error(`opening ${task.file} ended with ${signal ?? code}`)));
    child.send(task);
  });
}

async function main(): Promise<void> {
  const cache = process.env.DIORAMA_CACHE ?? path.join(homedir(), ".cache", "diorama");
  mkdirSync(cache, { recursive: true });
  console.log(
    "| file | GB | memory mode | read whole | listed | checked | ready to draw | user + system | written | peak GiB |",
  );
  console.log(`|${" --- |".repeat(10)}`);
  for (const [size, memory] of [
    ["sd15", "low"],
    ["sd15", "fast"],
    ["sdxl", "low"],
  ] as const) {
    const file = randomSingleFile(cache, size);
    const reading = readingTime(file);
    const { listed, checked, ready, user, system, written, peak } = await opened({ file, memory });
    const seconds = (s: number) => (s < 1 ? `${(s * 1000).toFixed(0)} ms` : `${s.toFixed(1)} s`);
    const cells = [
      size,
      (statSync(file).size / 1e9).toFixed(1),
      memory,
      ...[reading, listed, checked, ready].map(seconds),
      `${user.toFixed(1)} + ${system.toFixed(1)} s`,
      `${(written / 1024).toFixed(0)} KiB`,
      (peak / 2 ** 30).toFixed(1),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

if (process.argv.includes("--child")) answer(open);
else await main();
