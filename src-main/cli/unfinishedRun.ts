/**
 * What `render` keeps beside its pictures while it draws, so that a run or a grid that was killed goes on where it stopped: which
 * pictures are there, in which files, and the state of the one in work. All of it is gone when the run is done.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import * as v from "valibot";
import type { RunRecord } from "../api/engine.ts";
import { readMetadata } from "../image/metadata.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { AppError } from "../wire/errors.ts";

/** Seconds between two states of the picture in work. */
export const KEEP_EVERY = 10;

const text = v.pipe(v.string(), v.maxLength(200));
const fileName = v.pipe(v.string(), v.maxLength(300), v.regex(/^[^/\\]+$/));
const keptSchema = v.strictObject({
  version: v.literal(1),
  /** Pictures of which the run is made, and those that are done. */
  asked: v.array(text),
  done: v.array(text),
  /** Files of those that are done, in the same folder. */
  files: v.optional(v.record(text, fileName), {}),
  /** The picture that the state is of. */
  inWork: v.nullable(text),
});
type Kept = v.InferOutput<typeof keptSchema>;

/** A picture as it is drawn: with the words that are chosen for it. */
interface Picture {
  scene: Scene;
  seed: Seed;
}

export interface SavedPicture {
  path: string;
  record: RunRecord;
}

export interface WhichRun {
  folder: string;
  /** Of the scene. */
  name: string;
  kind: "run" | "grid";
}

export class UnfinishedRun {
  readonly #folder: string;
  readonly #path: string;
  readonly #statePath: string;
  readonly #saved = new Map<string, SavedPicture>();
  #kept: Kept;

  private constructor({ folder, name, kind }: WhichRun, kept: Kept) {
    const stem = join(folder, kind === "grid" ? `.${name}-grid.unfinished` : `.${name}.unfinished`);
    this.#folder = folder;
    this.#path = `${stem}.json`;
    this.#statePath = `${stem}.state`;
    this.#kept = kept;
  }

  /** Begins a run of these pictures in a folder; what an earlier one of the scene has left there is forgotten. */
  static begin(which: WhichRun, pictures: readonly Picture[]): UnfinishedRun {
    const run = new UnfinishedRun(which, { version: 1, asked: pictures.map(keyOf), done: [], files: {}, inWork: null });
    mkdirSync(which.folder, { recursive: true });
    rmSync(run.#statePath, { force: true });
    run.#write();
    return run;
  }

  /** Goes on with one that was cut off; says what to do where there is none, or it was of something else. */
  static resume(which: WhichRun, pictures: readonly Picture[]): UnfinishedRun {
    const { folder, name, kind } = which;
    const run = new UnfinishedRun(which, { version: 1, asked: [], done: [], files: {}, inWork: null });
    const refuse = (problem: string) => new AppError("bad-request", problem, { method: "render" });
    let told: unknown;
    try {
      told = JSON.parse(readFileSync(run.#path, "utf8"));
    } catch (error) {
      const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
      throw refuse(
        isGone
          ? `There is nothing to go on with: no ${kind} of ${name} was cut off in ${folder}. Leave out --resume to draw it.`
          : `What was kept of the ${kind} of ${name} in ${folder} cannot be read. Leave out --resume to draw it from the start.`,
      );
    }
    const parsed = v.safeParse(keptSchema, told);
    if (!parsed.success || parsed.output.asked.join() !== pictures.map(keyOf).join()) {
      throw refuse(
        `The ${kind} of ${name} that was cut off in ${folder} had another scene, other options or seeds. Give the same ones, or leave out --resume.`,
      );
    }
    run.#kept = parsed.output;
    run.#findSaved();
    return run;
  }

  isDone(picture: Picture): boolean {
    return this.#kept.done.includes(keyOf(picture));
  }

  /** What was drawn of a picture before the run was cut off. */
  savedBefore(picture: Picture): SavedPicture | undefined {
    return this.#saved.get(keyOf(picture));
  }

  /** Pictures whose file was deleted since, or is another one's, are drawn again. */
  #findSaved(): void {
    for (const [key, name] of Object.entries(this.#kept.files)) {
      const saved = savedAt(join(this.#folder, name));
      if (saved && key.endsWith(` ${saved.record.seed}`)) this.#saved.set(key, saved);
    }
    const { done, files } = this.#kept;
    this.#kept.done = done.filter((key) => files[key] === undefined || this.#saved.has(key));
  }

  /** What a picture goes on from, where something was kept of it. */
  stateOf(picture: Picture): Uint8Array<ArrayBuffer> | null {
    if (this.#kept.inWork !== keyOf(picture)) return null;
    try {
      return new Uint8Array(readFileSync(this.#statePath));
    } catch {
      return null; // cut off before it was there: it begins anew
    }
  }

  /** Keeps the state of the picture in work in place of the one before. */
  keep(picture: Picture, state: Uint8Array): void {
    const key = keyOf(picture);
    if (this.#kept.inWork !== key) {
      // A state that is of another picture than is said is worse than none.
      rmSync(this.#statePath, { force: true });
      this.#kept.inWork = key;
      this.#write();
    }
    replace(this.#statePath, state);
  }

  /** A picture is saved in the folder of the run. */
  done(picture: Picture, path: string): void {
    const key = keyOf(picture);
    this.#kept.done.push(key);
    this.#kept.files[key] = basename(path);
    this.#write();
  }

  /** Everything is drawn. */
  end(): void {
    rmSync(this.#statePath, { force: true });
    rmSync(this.#path, { force: true });
  }

  #write(): void {
    replace(this.#path, JSON.stringify(this.#kept));
  }
}

function keyOf({ scene, seed }: Picture): string {
  return `${createHash("sha256").update(JSON.stringify(scene)).digest("hex")} ${seed}`;
}

function savedAt(path: string): SavedPicture | undefined {
  try {
    const read = readMetadata(readFileSync(path));
    return read.kind === "record" ? { path, record: read.record } : undefined;
  } catch {
    return undefined; // gone, or damaged: drawn again
  }
}

/** Whole or as it was. */
function replace(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}
