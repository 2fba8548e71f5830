/**
 * The project that the store has open. Before each change it is looked whether the file is still the one at its path: what was renamed
 * is followed, what was deleted is written anew, and where neither can be, nobody is told that anything was saved.
 */
import { existsSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { AppError, messageOf } from "../wire/errors.ts";
import type { Draft, ProjectInfo, Trouble } from "../api/store.ts";
import { identityOf } from "../service/fileIdentity.ts";
import { invalid } from "./databaseErrors.ts";
import { findByIdentity } from "./place.ts";
import { ProjectFile, type Opening } from "./project.ts";
import { whyReadOnly } from "./readOnly.ts";
import type { Unfinished } from "./unfinished.ts";

export interface CurrentProjectOptions {
  unfinished: Unfinished;
  /** Told when the file has another name, when saving does not reach it any more, and when it does again. */
  onPlace: (project: ProjectInfo, note: string | null) => void;
  warn: (message: string) => void;
}

/** How soon it is tried again to write anew what is gone, in milliseconds: a copy of a large project takes its time. */
const TRY_AGAIN_AFTER = 5_000;

export class CurrentProject {
  readonly #options: CurrentProjectOptions;
  #file: ProjectFile | undefined;
  #trouble: Trouble | null = null;
  /** To be opened again with the next call: it could not be when it was renamed. */
  #lost: { path: string; identity: string } | undefined;
  /** What was told of it last: the file may not say any more. */
  #known: Omit<ProjectInfo, "trouble"> | undefined;
  /** The last draft that was to be saved, and the last that could not be. */
  #draft: Draft | undefined;
  #unsaved: Draft | undefined;
  /** A copy was made since the last change. */
  #isCopied = false;
  #nextTry = 0;

  constructor(options: CurrentProjectOptions) {
    this.#options = options;
  }

  /** The open project, after a look at its file; null where none is open. */
  look(): ProjectInfo | null {
    this.#settle();
    return this.#file ? this.#info(this.#file) : null;
  }

  /** Opens a project in place of the one before, which is closed whatever becomes of it. */
  open(path: string, identity?: string): ProjectInfo {
    if (this.#file && this.#trouble === null && this.#file.isAt(path)) return this.#info(this.#file);
    const there =
      identity === undefined || identityOf(path) === identity ? path : findByIdentity(dirname(path), identity);
    if (there === undefined) {
      const what = existsSync(path) ? "is another file now" : "is not there any more";
      throw invalid(path, `${path} ${what}. What is in this window is kept: save it as another file.`);
    }
    return this.#use(ProjectFile.open(there));
  }

  create(path: string, draft: Draft, replace: boolean): ProjectInfo {
    if (this.#file?.isAt(path)) throw invalid(path, `${path} is the project that is open. Choose another name.`);
    const { unfinished } = this.#options;
    return this.#use(ProjectFile.create(path, draft, undefined, { replace, unfinished }));
  }

  /** Never throws: a project that cannot be written can be left. */
  close(): void {
    const file = this.#file;
    if (!file) return;
    try {
      this.#settle();
      this.#keepBeside();
    } catch (error) {
      this.#options.warn(messageOf(error));
    }
    const isForeign = this.#trouble?.kind === "overwritten";
    if (isForeign) this.#file?.release();
    else this.#file?.close(this.#options.warn);
    this.#file = this.#lost = this.#known = this.#draft = this.#unsaved = undefined;
    this.#trouble = null;
  }

  read<T>(action: (file: ProjectFile) => T): T {
    const file = this.#needed();
    return file.guard(() => action(file));
  }

  /** Changes the project. While another file is in its place, the change is made in the open one, which a copy can be made of. */
  change<T>(action: (file: ProjectFile) => T): T {
    this.#settle();
    const file = this.#needed();
    if (this.#trouble?.kind === "read-only" || this.#trouble?.kind === "overwritten") throw this.#refusal(file);
    this.#isCopied = false;
    const value = file.guard(() => action(file));
    file.wrote();
    return value;
  }

  /** As `change`, for what a person is told to be saved by: fails when it did not reach the file. */
  save<T>(action: (file: ProjectFile) => T): T {
    try {
      const value = this.change(action);
      if (!this.#trouble) return value;
    } catch (error) {
      if (!this.#trouble) throw error;
    }
    throw this.#refusal(this.#needed());
  }

  saveDraft(draft: Draft): { saved: string; changed: boolean } {
    this.#draft = this.#unsaved = draft;
    const saved = this.save((file) => file.saveDraft(draft, "anywhere"));
    this.#unsaved = undefined;
    return saved;
  }

  copy(path: string, replace: boolean, draft = this.#unsaved): void {
    this.#settle();
    const file = this.#needed();
    const { unfinished } = this.#options;
    try {
      file.copyTo(path, replace, { ...(draft ? { draft } : {}), unfinished });
      this.#isCopied = true;
    } catch (error) {
      // What another program has left of the file may be no project at all. The draft we still know.
      if (this.#trouble?.kind !== "overwritten") throw error;
      this.#options.warn(`only the draft could be kept: ${String(error)}`);
      ProjectFile.write(path, draft ?? this.#draft ?? file.readDraft().draft, undefined, { replace, unfinished });
    }
  }

  #use(file: ProjectFile): ProjectInfo {
    this.close();
    this.#file = file;
    this.#trouble = troubleOf(file);
    this.#nextTry = 0;
    return this.#info(file);
  }

  #info(file: ProjectFile): ProjectInfo {
    if (this.#trouble?.kind !== "overwritten" || !this.#known) this.#known = file.guard(() => file.info());
    return { ...this.#known, trouble: this.#trouble };
  }

  #needed(): ProjectFile {
    if (this.#file) return this.#file;
    throw new AppError("not-found", "No project is open. Open or make one first.", { what: "project", id: "" });
  }

  #refusal({ path }: ProjectFile): AppError {
    return invalid(path, this.#trouble!.message);
  }

  /** Looks where the file is, and does about it what can be done. */
  #settle(): void {
    if (this.#lost) this.#resume(this.#lost.path, this.#lost);
    const file = this.#file;
    if (!file || this.#trouble?.kind === "overwritten") return;
    if (file.readOnly !== null) {
      if (whyReadOnly(file.path) !== null) return;
      file.release();
      this.#resume(file.path, file);
      this.#say(null, `${file.path} can be written again. It is saved there from now on.`);
      return;
    }
    const found = whereaboutsOf(file);
    if (found.kind === "here") {
      if (this.#trouble) this.#say(null, `${file.path} is there again. It is saved there, as before.`);
    } else if (found.kind === "moved") {
      file.release();
      this.#resume(found.path, file);
      this.#say(null, `${file.path} was moved by another program. It is ${found.path} now, and saved there.`);
    } else if (found.kind === "gone") this.#writeAnew(file);
    else if (found.kind === "unreachable") this.#say(this.#goneFrom(file, found.why), null);
    else this.#say(changedBy(found.kind, file.path), null);
  }

  /** The path is free: everything is in the open file still, though that has no name any more. */
  #writeAnew(file: ProjectFile): void {
    if (performance.now() < this.#nextTry) return;
    try {
      file.copyTo(file.path, false, { unfinished: this.#options.unfinished });
    } catch (error) {
      this.#nextTry = performance.now() + TRY_AGAIN_AFTER;
      this.#say(this.#goneFrom(file, messageOf(error)), null);
      return;
    }
    file.release();
    this.#resume(file.path, {});
    this.#say(null, `${file.path} was deleted by another program. It was written anew, with everything in it.`);
  }

  #resume(path: string, { identity }: Opening): void {
    this.#file = undefined;
    if (identity !== undefined) this.#lost = { path, identity };
    this.#file = ProjectFile.open(path, undefined, { resumed: true, identity });
    this.#lost = undefined;
  }

  #goneFrom({ path }: ProjectFile, why: string): Trouble {
    const message = `${path} is not there any more, and could not be written anew (${why}) Everything is kept in this window: save a copy in another place.`;
    return { kind: "gone", message };
  }

  #say(trouble: Trouble | null, note: string | null): void {
    if (trouble?.kind === this.#trouble?.kind && note === null) return;
    this.#trouble = trouble;
    if (this.#file) this.#options.onPlace(this.#info(this.#file), note);
  }

  /** What nobody made a copy of does not end with this process: it gets a name beside the file that is in its place. */
  #keepBeside(): void {
    const kind = this.#trouble?.kind;
    if (!this.#file || this.#isCopied || (kind !== "replaced" && kind !== "overwritten")) return;
    const { path } = this.#file;
    const stem = join(dirname(path), basename(path, extname(path)));
    const named = (n: number) => `${stem} (kept${n === 1 ? "" : ` ${n}`})${extname(path)}`;
    let n = 1;
    while (existsSync(named(n))) n++;
    this.copy(named(n), false);
    this.#options.warn(`another file is at ${path}: what was open is kept as ${named(n)}`);
  }
}

function whereaboutsOf(
  file: ProjectFile,
): ReturnType<ProjectFile["whereabouts"]> | { kind: "unreachable"; why: string } {
  try {
    return file.whereabouts();
  } catch (error) {
    return { kind: "unreachable", why: messageOf(error) };
  }
}

function troubleOf({ path, readOnly }: ProjectFile): Trouble | null {
  if (readOnly === null) return null;
  const message = `${path} is open for reading only: ${readOnly}. Changes stay in this window. Save a copy in a folder of yours to keep them.`;
  return { kind: "read-only", message };
}

function changedBy(kind: "replaced" | "overwritten", path: string): Trouble {
  const what =
    kind === "replaced"
      ? `Another program put a different file at ${path}`
      : `Another program has written over ${path}`;
  const message = `${what}. That file is left as it is, and what is in this window is kept: save a copy as another file to have both.`;
  return { kind, message };
}
