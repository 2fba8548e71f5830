/** The file that a run adds each picture's verdict to as it is made, and that a later run reads to go on from. */
import { createHash } from "node:crypto";
import { open, readFile, type FileHandle } from "node:fs/promises";
import { guides, injects, type SceneSettings } from "../../src-main/scene/scene.ts";
import type { PictureNumbers } from "./features.ts";
import type { Verdict } from "./judge.ts";
import type { IconScene } from "./scene.ts";

/** One line of the file. */
export interface Entry extends Verdict, PictureNumbers {
  /** See `keyOf`. */
  key: string;
  scene: string;
  variant: string;
  seed: string;
  /** To draw it, without judging. */
  seconds: number;
  /** Size of the picture. */
  width: number;
  height: number;
}

/** Changes with everything that the verdicts depend on besides what is in the key already. */
const JUDGE_VERSION = 1;

/**
 * What a verdict belongs to: the same scene, settings, seed, model and judge give the same key. Strengths and steps of
 * what a method leaves out make no other picture, and no other key.
 */
export function keyOf(scene: IconScene, settings: SceneSettings, seed: string, modelHash: string): string {
  const text = JSON.stringify([scene, effective(settings), seed, modelHash, JUDGE_VERSION]);
  return createHash("sha256").update(text).digest("hex").slice(0, 20);
}

function effective({ guidance, ...settings }: SceneSettings) {
  const { method, nu, injectionSteps, eta, lossSteps } = guidance;
  const injection = injects(method) ? { nu, injectionSteps } : {};
  const loss = guides(method) ? { eta, lossSteps } : {};
  return { ...settings, guidance: { method, ...injection, ...loss } };
}

export class VerdictLog {
  readonly #file: FileHandle;
  /** By key. */
  readonly entries: Map<string, Entry>;

  private constructor(file: FileHandle, entries: Map<string, Entry>) {
    this.#file = file;
    this.entries = entries;
  }

  /** Opens or makes the file. A last line without an end, as a crash leaves it, is dropped. */
  static async open(path: string): Promise<VerdictLog> {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const entries = new Map<string, Entry>();
    for (const [n, line] of whole.split("\n").entries()) {
      if (line === "") continue;
      const entry = readEntry(line, `${path}:${n + 1}`);
      entries.set(entry.key, entry);
    }
    const file = await open(path, "a");
    if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
    return new VerdictLog(file, entries);
  }

  /** Adds a line; it is in the file when this resolves. */
  async add(entry: Entry): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify(entry)}\n`);
    this.entries.set(entry.key, entry);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function readEntry(line: string, place: string): Entry {
  let entry: Entry;
  try {
    entry = JSON.parse(line) as Entry;
  } catch (error) {
    throw new Error(`${place} is no verdict; move the file away to start anew`, { cause: error });
  }
  if (typeof entry.key !== "string" || !Array.isArray(entry.detections) || !Array.isArray(entry.features)) {
    throw new Error(`${place} is no verdict; move the file away to start anew`);
  }
  return entry;
}
