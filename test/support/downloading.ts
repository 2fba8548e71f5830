/** Downloads from a hub on this machine into an empty cache, for tests. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, onTestFinished, vi } from "vitest";
import { Downloads } from "../../src-main/models/hub/downloads.ts";
import { Memory } from "../../src-main/models/memory.ts";
import { type Fault, type HubRepo, type LocalHub, repoOf, startHub } from "./hub.ts";
import { temporaryFolder } from "./projects.ts";

/** Bytes that no compression makes small; every file another. */
const bytesOf = (length: number, seed: number) =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) % 256));

export const BIG = bytesOf(3_000_000, 1);
export const SMALL = Buffer.from(`{"a":1}`);
export const repo = (): HubRepo => ({
  files: { "big.safetensors": BIG, "config.json": SMALL, "readme.md": Buffer.from("x"), "evil.bin": bytesOf(100, 2) },
});

/** Of the test that runs: a hub of two models, and an empty cache. */
export let hub: LocalHub;
export let cache: string;

beforeEach(async () => {
  hub = await startHub({ "me/mine": repo(), "me/demo": repoOf("resources/models/demo") });
  cache = join(temporaryFolder(), "hub");
  vi.stubEnv("HF_HUB_CACHE", cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});

export interface Waits {
  asked: number[];
}

export function make(data = temporaryFolder(), token?: string) {
  const memory = new Memory(data, () => undefined);
  const waits: Waits = { asked: [] };
  const downloads = new Downloads({
    memory,
    onChange: () => undefined,
    onDone: () => undefined,
    pauseOf: (ms) => {
      waits.asked.push(ms);
      return 1;
    },
  });
  downloads.address = { url: hub.url, token };
  onTestFinished(() => downloads.close());
  return { downloads, memory, data, waits };
}

export async function get(downloads: Downloads, name = "me/mine", choice?: string) {
  const { commit, choices } = await downloads.describe(name);
  const { id } = await downloads.start({ repo: name, commit, choice: choice ?? choices[0]!.id, title: name });
  return downloads.ended(id);
}

/** Answers requests for weights' bytes, the first `times` of them. */
export function onBytes(
  times: number,
  answer: (response: Parameters<Fault>[1], asked: Parameters<Fault>[2]) => void,
): void {
  let left = times;
  hub.faults.push((_request, response, asked) => {
    if (!asked.url.startsWith("/cdn/") || left-- <= 0) return false;
    answer(response, asked);
    return true;
  });
}

/** Every request for something of this kind. */
export function always(pattern: RegExp, status: number, headers: Record<string, string> = {}, body = "{}"): void {
  hub.faults.push((_request, response, { url }) => {
    if (!pattern.test(url)) return false;
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(body);
    return true;
  });
}

export const blobs = (name = "me--mine") => readdirSync(join(cache, `models--${name}`, "blobs")).sort();
