/**
 * What `render` keeps beside its pictures while it draws, so that a run that was killed goes on where it stopped: which pictures are
 * there, and the state of the one in work. Both are gone when the run is done.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Scene, Seed } from "../scene/scene.ts";
import { AppError } from "../wire/errors.ts";

/** Seconds between two states of the picture in work. */
export const KEEP_EVERY = 10;

const text = v.pipe(v.string(), v.maxLength(200));
const keptSchema = v.strictObject({
  version: v.literal(1),
  /** Pictures of which the run is made, and those that are done. */
  asked: v.array(text),
  done: v.array(text),
  /** The picture that the state is of. */
  inWork: v.nullable(text),
});
type Kept = v.InferOutput<typeof keptSchema>;

export class UnfinishedRun {
  readonly #path: string;
  readonly #statePath: string;
  #kept: Kept;

  private constructor(folder: string, name: string, kept: Kept) {
    this.#path = join(folder, `.${name}.unfinished.json`);
    this.#statePath = join(folder, `.${name}.unfinished.state`);
    this.#kept = kept;
  }

  /** Begins a run of these pictures in a folder; what an earlier one of the scene has left there is forgotten. */
  static begin(folder: string, name: string, scenes: readonly Scene[], seeds: readonly Seed[]): UnfinishedRun {
    const asked = scenes.flatMap((scene) => seeds.map((seed) => keyOf(scene, seed)));
    const run = new UnfinishedRun(folder, name, { version: 1, asked, done: [], inWork: null });
    mkdirSync(folder, { recursive: true });
    rmSync(run.#statePath, { force: true });
    run.#write();
    return run;
  }

  /** Goes on with one that was cut off; says what to do where there is none, or it was of something else. */
  static resume(folder: string, name: string, scenes: readonly Scene[], seeds: readonly Seed[]): UnfinishedRun {
    const run = new UnfinishedRun(folder, name, { version: 1, asked: [], done: [], inWork: null });
    const refuse = (problem: string) => new AppError("bad-request", problem, { method: "render" });
    let told: unknown;
    try {
      told = JSON.parse(readFileSync(run.#path, "utf8"));
    } catch (error) {
      const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
      throw refuse(
        isGone
          ? `There is nothing to go on with: no run of ${name} was cut off in ${folder}. Leave out --resume to draw it.`
          : `What was kept of the run of ${name} in ${folder} cannot be read. Leave out --resume to draw it from the start.`,
      );
    }
    const parsed = v.safeParse(keptSchema, told);
    const asked = scenes.flatMap((scene) => seeds.map((seed) => keyOf(scene, seed)));
    if (!parsed.success || parsed.output.asked.join() !== asked.join()) {
      throw refuse(
        `The run of ${name} that was cut off in ${folder} had another scene, other options or seeds. Give the same ones, or leave out --resume.`,
      );
    }
    run.#kept = parsed.output;
    return run;
  }

  isDone(scene: Scene, seed: Seed): boolean {
    return this.#kept.done.includes(keyOf(scene, seed));
  }

  /** What a picture goes on from, where something was kept of it. */
  stateOf(scene: Scene, seed: Seed): Uint8Array<ArrayBuffer> | null {
    if (this.#kept.inWork !== keyOf(scene, seed)) return null;
    try {
      return new Uint8Array(readFileSync(this.#statePath));
    } catch {
      return null; // cut off before it was there: it begins anew
    }
  }

  /** Keeps the state of the picture in work in place of the one before. */
  keep(scene: Scene, seed: Seed, state: Uint8Array): void {
    const key = keyOf(scene, seed);
    if (this.#kept.inWork !== key) {
      // A state that is of another picture than is said is worse than none.
      rmSync(this.#statePath, { force: true });
      this.#kept.inWork = key;
      this.#write();
    }
    replace(this.#statePath, state);
  }

  /** A picture is saved. */
  done(scene: Scene, seed: Seed): void {
    this.#kept.done.push(keyOf(scene, seed));
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

function keyOf(scene: Scene, seed: Seed): string {
  return `${createHash("sha256").update(JSON.stringify(scene)).digest("hex")} ${seed}`;
}

/** Whole or as it was. */
function replace(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}
