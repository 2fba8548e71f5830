/**
 * What is remembered of models from one start to the next, in two files of the app's data folder: `models.json`, what the person chose and
 * wrote, and `models-seen.json`, what can be found out again. Each is written whole beside itself and then takes the place of the old one.
 */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { messageOf } from "../wire/errors.ts";
import { LONGEST_NOTES, MODEL_FAMILIES, MODEL_KINDS, type ModelFacts } from "../api/models.ts";
import { pathSchema, unfinishedSchema, type Unfinished } from "./hub/unfinished.ts";

/** What the person says of a model; by its SHA-256 where that is known, else by its path. */
export interface Mark {
  favourite: boolean;
  notes: string;
}

/** What was found out of a file, as long as it has this size and time. */
export interface Seen {
  bytes: number;
  modified: number;
  facts: Omit<ModelFacts, "metadata">;
  sha256: string | null;
}

const choicesSchema = v.object({
  /** Added by the person. */
  folders: v.array(pathSchema),
  /** Found by themselves, and not wanted. */
  ignored: v.array(pathSchema),
  marks: v.record(
    v.string(),
    v.object({ favourite: v.boolean(), notes: v.pipe(v.string(), v.maxLength(LONGEST_NOTES)) }),
  ),
  /** Downloads that are not done. */
  downloads: v.array(unfinishedSchema),
});
export type Choices = v.InferOutput<typeof choicesSchema>;

const factsSchema = v.object({
  path: pathSchema,
  name: v.string(),
  kind: v.picklist(MODEL_KINDS),
  family: v.nullable(v.picklist(MODEL_FAMILIES)),
  form: v.picklist(["file", "folder"]),
  bytes: v.number(),
  parameters: v.number(),
  precision: v.array(v.string()),
  size: v.nullable(v.number()),
  opens: v.boolean(),
  why: v.string(),
  thumbnail: v.boolean(),
});
/** Changes when readers learn to say more: what was seen before is looked at again. */
const READERS = 1;
const seenSchema = v.object({
  readers: v.literal(READERS),
  seen: v.array(
    v.tuple([
      v.string(),
      v.object({ bytes: v.number(), modified: v.number(), facts: factsSchema, sha256: v.nullable(v.string()) }),
    ]),
  ),
});

/** Files that are gone are remembered up to this many, by what they were. */
const MOST_SEEN = 40_000;
const LARGEST = 64 * 2 ** 20;
/** How long another program of ours may take to write, in milliseconds. */
const LOCK_PATIENCE = 2_000;
const STALE = 10_000;

export class Memory {
  readonly #choicesFile: string;
  readonly #seenFile: string;
  readonly #note: (note: string) => void;
  #choices: Choices = { folders: [], ignored: [], marks: {}, downloads: [] };
  #stamp = "";
  readonly #seen = new Map<string, Seen>();
  #isChanged = false;

  constructor(dataFolder: string, note: (note: string) => void) {
    this.#choicesFile = join(dataFolder, "models.json");
    this.#seenFile = join(dataFolder, "models-seen.json");
    this.#note = note;
    const seen = read(this.#seenFile, seenSchema);
    if ("value" in seen) for (const [path, each] of seen.value?.seen ?? []) this.#seen.set(path, each);
  }

  /** As they are in the file now: the command line and the app may both be at work. */
  get choices(): Readonly<Choices> {
    const stamp = stampOf(this.#choicesFile);
    if (stamp === this.#stamp) return this.#choices;
    const found = read(this.#choicesFile, choicesSchema);
    if ("problem" in found) {
      const aside = `${this.#choicesFile}.unusable-${Date.now()}`;
      renameSync(this.#choicesFile, aside);
      this.#note(
        `${this.#choicesFile} is damaged (${found.problem}): a new one was begun, the old one is kept as ${aside}`,
      );
    } else if (found.value) this.#choices = found.value;
    this.#stamp = stampOf(this.#choicesFile);
    return this.#choices;
  }

  /** Changes what is in the file now. Throws where it cannot be written: what a person wrote must not be lost in silence. */
  change(change: (choices: Choices) => void): void {
    const release = lock(this.#choicesFile);
    try {
      const next = structuredClone(this.choices);
      change(next);
      replace(this.#choicesFile, JSON.stringify(next, null, 1));
      this.#choices = next;
      this.#stamp = stampOf(this.#choicesFile);
    } finally {
      release();
    }
  }

  /** Of this file as it is now; undefined where it is another one by now or was never seen. */
  seenOf(path: string, bytes: number, modified: number): Seen | undefined {
    const seen = this.#seen.get(path);
    return seen && seen.bytes === bytes && seen.modified === modified ? seen : undefined;
  }

  /** Whatever was last seen at this path. */
  lastSeen(path: string): Seen | undefined {
    return this.#seen.get(path);
  }

  get allSeen(): ReadonlyMap<string, Seen> {
    return this.#seen;
  }

  see(path: string, seen: Seen): void {
    this.#seen.delete(path); // the newest are at the end
    this.#seen.set(path, seen);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= MOST_SEEN) break;
      this.#seen.delete(oldest);
    }
    this.#isChanged = true;
  }

  /** Writes what was seen, where something is new. A disk that cannot be written costs no more than looking again. */
  keep(): void {
    if (!this.#isChanged) return;
    try {
      replace(this.#seenFile, JSON.stringify({ readers: READERS, seen: [...this.#seen] }));
      this.#isChanged = false;
    } catch (error) {
      this.#note(`what was seen of models cannot be kept: ${messageOf(error)}`);
    }
  }

  get unfinished(): readonly Unfinished[] {
    return this.choices.downloads;
  }
}

function read<Schema extends v.GenericSchema>(
  path: string,
  schema: Schema,
): { value: v.InferOutput<Schema> | undefined } | { problem: string } {
  try {
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return { value: undefined };
    if (size > LARGEST) return { problem: `it has ${size} bytes` };
    const parsed = v.safeParse(schema, JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? { value: parsed.output } : { problem: parsed.issues[0].message };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function stampOf(path: string): string {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status ? `${status.ino} ${status.mtimeNs} ${status.size}` : "";
}

function replace(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.part`;
  try {
    writeFileSync(beside, text, { flush: true });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Keeps others of our processes from writing for some milliseconds; one that died while it wrote does so for ten seconds. */
function lock(path: string): () => void {
  const file = `${path}.lock`;
  mkdirSync(dirname(path), { recursive: true });
  const since = Date.now();
  for (;;) {
    try {
      closeSync(openSync(file, "wx"));
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
      if (age > STALE || Date.now() - since > LOCK_PATIENCE) rmSync(file, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}
