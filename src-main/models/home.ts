/**
 * The models at home: folders that are looked into and watched, what is in them, and what is known of each. Files are listed by their
 * names at once; headers are read and hashes computed one after the other behind that.
 */
import { createHash } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { AppError, messageOf } from "../wire/errors.ts";
import type {
  FoundModel,
  HomeModel,
  HomeModels,
  MissingModel,
  MissingRequest,
  ModelFacts,
  ModelFolder,
  ModelKind,
} from "../api/models.ts";
import { displayName, inspect } from "../checkpoint/inspect.ts";
import { hashFile } from "../service/hashFile.ts";
import { embeddingsIn, findMissing, findModelFile } from "./find.ts";
import { layoutOf, usualPlaces } from "./layouts.ts";
import type { Mark, Memory, Seen } from "./memory.ts";
import { type Candidate, walk } from "./walk.ts";

/** After a change in a folder, until it is looked at: a copy of many files is one change. */
const SETTLE = 500;
/** Between two words of news, in milliseconds. */
const NEWS_EVERY = 400;
const MOST_WATCHED = 2_000;

interface Folder extends ModelFolder {
  candidates: Candidate[];
  watchers: FSWatcher[];
  timer?: NodeJS.Timeout | undefined;
}

export interface HomeOptions {
  memory: Memory;
  env: Record<string, string | undefined>;
  /** Something in the list is new. */
  onChange: () => void;
  note: (note: string) => void;
  /** Watches folders and computes hashes; a command that lists once does neither. */
  lasting: boolean;
  /** The person's home folder, where other programs' folders are looked for. */
  homeFolder?: string;
}

export class Home {
  readonly #options: HomeOptions;
  readonly #folders = new Map<string, Folder>();
  readonly #ending = new AbortController();
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #busy: string | null = null;
  #news: NodeJS.Timeout | undefined;
  #hashing: Promise<void> | undefined;

  constructor(options: HomeOptions) {
    this.#options = options;
  }

  get list(): HomeModels {
    const folders = [...this.#folders.values()].map(({ path, program, found, problems, candidates }) => {
      return { path, program, found, problems, models: candidates.length };
    });
    return { folders, models: this.#models(), busy: this.#busy };
  }

  /** Looks into all folders, and resolves when every header was read. A call while one runs is answered by one more run. */
  look(): Promise<void> {
    this.#lookAgain = true;
    this.#looking ??= this.#lookUntilDone().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async addFolder(path: string): Promise<ModelFolder> {
    const folder = resolve(path);
    const status = await stat(folder).catch(() => undefined);
    if (!status?.isDirectory()) {
      throw new AppError("file-unreadable", `${folder} is not a folder. Choose one that your models are in.`, {
        path: folder,
      });
    }
    const real = await realpath(folder);
    if (real === dirname(real)) {
      throw new AppError(
        "file-unreadable",
        `${folder} is a whole disk. Choose the folder on it that your models are in.`,
        { path: folder },
      );
    }
    this.#options.memory.change((choices) => {
      choices.ignored = choices.ignored.filter((each) => each !== folder);
      if (!choices.folders.includes(folder)) choices.folders.push(folder);
    });
    await this.look();
    const added = this.list.folders.find((each) => each.path === folder);
    return added ?? { path: folder, program: null, found: false, problems: [], models: 0 };
  }

  /** No longer looks into it; nothing in it is touched. One that was found by itself is left aside from now on. */
  async forgetFolder(path: string): Promise<void> {
    const folder = this.#folders.get(path);
    this.#options.memory.change((choices) => {
      choices.folders = choices.folders.filter((each) => each !== path);
      if (folder?.found && !choices.ignored.includes(path)) choices.ignored.push(path);
    });
    await this.look();
  }

  /** Favourites and notes. */
  mark(path: string, change: Partial<Mark>): void {
    const { memory } = this.#options;
    const key = memory.lastSeen(path)?.sha256 ?? path;
    memory.change((choices) => {
      const mark = { ...(choices.marks[key] ?? choices.marks[path] ?? { favourite: false, notes: "" }), ...change };
      const isSaying = mark.favourite || mark.notes !== "";
      choices.marks = { ...without(choices.marks, path, key), ...(isSaying ? { [key]: mark } : {}) };
    });
    this.#tell();
  }

  find(kind: ModelKind, name: string): FoundModel {
    return findModelFile(this.#models(), kind, name);
  }

  /** See find.ts. */
  async embeddingsIn(
    texts: readonly string[],
    names: readonly string[],
    checkpoint: string,
  ): Promise<{ name: string; path: string }[]> {
    const { memory } = this.#options;
    const seen = this.#candidates().flatMap(
      ([{ path, bytes, modified }]) => memory.seenOf(path, bytes, modified)?.facts ?? [],
    );
    const embeddings = seen.filter(({ kind }) => kind === "embedding");
    if (embeddings.length === 0) return [];
    const known = memory.lastSeen(checkpoint)?.facts ?? (await inspect(checkpoint).catch(() => undefined));
    return embeddingsIn(embeddings, { texts, names, family: known?.family ?? null });
  }

  has(path: string): boolean {
    return this.#candidates().some(([candidate]) => candidate.path === path);
  }

  /** By `HomeModel.id`. */
  candidate(id: number): Candidate | undefined {
    return this.#candidates().find(([{ path }]) => idOf(path) === id)?.[0];
  }

  /** Where a model has gone that is not where it was, or that a picture was drawn with. */
  missing(request: MissingRequest): MissingModel {
    const path = "path" in request ? request.path : null;
    const seen = path === null ? undefined : this.#options.memory.lastSeen(path);
    const asked = "path" in request ? { name: displayName(request.path), sha256: null } : request;
    const model = {
      path,
      name: seen?.facts.name ?? asked.name,
      sha256: asked.sha256 ?? seen?.sha256 ?? null,
      kind: seen?.facts.kind ?? ("checkpoint" as const),
      family: seen?.facts.family ?? null,
    };
    return findMissing(this.#models(), model);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#news);
    for (const folder of this.#folders.values()) unwatch(folder);
    await Promise.allSettled([this.#looking, this.#hashing]);
    this.#options.memory.keep();
  }

  #candidates(): [Candidate, Folder][] {
    const seen = new Set<string>();
    const all: [Candidate, Folder][] = [];
    for (const folder of this.#folders.values()) {
      for (const candidate of folder.candidates) {
        if (seen.has(candidate.path)) continue;
        seen.add(candidate.path);
        all.push([candidate, folder]);
      }
    }
    return all;
  }

  #models(): HomeModel[] {
    const { memory } = this.#options;
    const { marks } = memory.choices;
    return this.#candidates().map(([candidate, folder]) => {
      const { path, form, bytes, modified, picture } = candidate;
      const seen = memory.seenOf(path, bytes, modified);
      const mark = (seen?.sha256 && marks[seen.sha256]) || marks[path];
      const facts = seen?.facts ?? unread(path, form, bytes);
      return {
        ...facts,
        id: idOf(path),
        modified,
        folder: folder.path,
        picture: picture !== null || facts.thumbnail ? `${modified}` : null,
        favourite: mark?.favourite ?? false,
        notes: mark?.notes ?? "",
        sha256: seen?.sha256 ?? null,
        read: seen !== undefined,
      };
    });
  }

  async #lookUntilDone(): Promise<void> {
    while (this.#lookAgain && !this.#isOver()) {
      this.#lookAgain = false;
      await this.#lookOnce().catch((error: unknown) => {
        if (!this.#isOver()) this.#options.note(`models could not be looked at: ${messageOf(error)}`);
      });
    }
  }

  async #lookOnce(): Promise<void> {
    const { memory, env, homeFolder } = this.#options;
    const { folders, ignored } = memory.choices;
    const found = (await usualPlaces(env, homeFolder)).filter(
      (path) => !ignored.includes(path) && !folders.includes(path),
    );
    const wanted = [
      ...folders.map((path) => ({ path, found: false })),
      ...found.map((path) => ({ path, found: true })),
    ];
    for (const [path, folder] of this.#folders) {
      if (wanted.some((each) => each.path === path)) continue;
      unwatch(folder);
      this.#folders.delete(path);
    }
    this.#say("Looking into the folders");
    for (const { path, found: isFound } of wanted) await this.#lookInto(path, isFound);
    await this.#readHeaders();
    this.#say(null);
    memory.keep();
    if (this.#options.lasting) this.#hashing ??= this.#hashAll().finally(() => (this.#hashing = undefined));
  }

  async #lookInto(path: string, found: boolean): Promise<void> {
    const { program, folders, problems } = await layoutOf(path);
    const walked = await walk(folders, this.#ending.signal);
    const before = this.#folders.get(path);
    const folder: Folder = {
      path,
      program,
      found,
      problems: [...problems, ...walked.problems],
      models: walked.candidates.length,
      candidates: walked.candidates,
      watchers: [],
    };
    if (before) unwatch(before);
    this.#folders.set(path, folder);
    if (this.#options.lasting) this.#watch(folder, walked.folders);
    this.#tell();
  }

  /** Reads what was not seen yet, one after the other; what cannot be read is told as what it is. */
  async #readHeaders(): Promise<void> {
    const { memory } = this.#options;
    const unseen = this.#candidates().filter(([{ path, bytes, modified }]) => !memory.seenOf(path, bytes, modified));
    for (const [i, [candidate]] of unseen.entries()) {
      this.#ending.signal.throwIfAborted();
      if (unseen.length > 20) this.#say(`Reading headers: ${i} of ${unseen.length}`);
      const { path, form, bytes, modified } = candidate;
      try {
        const facts: Partial<ModelFacts> = await inspect(path);
        delete facts.metadata; // asked for one by one
        memory.see(path, { bytes, modified, facts: facts as Seen["facts"], sha256: await hashInCache(path) });
      } catch (error) {
        const facts = { ...unread(path, form, bytes), why: messageOf(error) };
        memory.see(path, { bytes, modified, facts, sha256: null });
      }
      this.#tell();
    }
  }

  /** Hashes of what has none yet, the next one chosen after each. */
  async #hashAll(): Promise<void> {
    const { memory, note } = this.#options;
    const tried = new Set<string>();
    for (let next = this.#nextToHash(tried); next && !this.#isOver(); next = this.#nextToHash(tried)) {
      const { path, bytes, modified } = next.candidate;
      tried.add(`${path} ${bytes} ${modified}`);
      try {
        this.#learn(path, next.seen, await hashFile({ path, size: bytes, modified }, this.#ending.signal));
      } catch (error) {
        if (!this.#isOver()) note(`no SHA-256 of ${path}: ${messageOf(error)}`);
      }
    }
    memory.keep();
  }

  /** The smallest; before it what has the size of a file that is gone, as it may be that one. */
  #nextToHash(tried: ReadonlySet<string>): { candidate: Candidate; seen: Seen } | undefined {
    const { memory } = this.#options;
    const here = this.#candidates().map(([candidate]) => candidate);
    const paths = new Set(here.map(({ path }) => path));
    const gone = new Set<number>();
    for (const [path, { bytes, sha256 }] of memory.allSeen) if (sha256 !== null && !paths.has(path)) gone.add(bytes);
    let best: { candidate: Candidate; seen: Seen; rank: number } | undefined;
    for (const candidate of here) {
      const { path, form, bytes, modified } = candidate;
      const seen = memory.seenOf(path, bytes, modified);
      if (form !== "file" || !seen?.facts.opens || seen.sha256 !== null || tried.has(`${path} ${bytes} ${modified}`))
        continue;
      const rank = gone.has(bytes) ? -1 : bytes;
      if (!best || rank < best.rank) best = { candidate, seen, rank };
    }
    return best;
  }

  #learn(path: string, seen: Seen, sha256: string): void {
    const { memory } = this.#options;
    memory.see(path, { ...seen, sha256 });
    const mark = memory.choices.marks[path];
    if (mark) {
      memory.change((choices) => {
        choices.marks = { [sha256]: mark, ...without(choices.marks, path) };
      });
    }
    this.#tell();
  }

  #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  #watch(folder: Folder, paths: readonly string[]): void {
    const changed = () => {
      clearTimeout(folder.timer);
      folder.timer = setTimeout(() => void this.look(), SETTLE);
    };
    for (const path of paths) {
      if (folder.watchers.length >= MOST_WATCHED) break;
      try {
        const watcher = watch(path, { persistent: false }, changed);
        watcher.on("error", () => watcher.close()); // it is gone; the folder above it says so
        folder.watchers.push(watcher);
      } catch (error) {
        // The system watches no more folders, or none on this disk: they are looked into at the next start and when asked.
        this.#options.note(`${path} cannot be watched: ${messageOf(error)}`);
        break;
      }
    }
  }

  #say(busy: string | null): void {
    this.#busy = busy;
    this.#tell();
  }

  #tell(): void {
    if (this.#ending.signal.aborted) return;
    this.#news ??= setTimeout(() => {
      this.#news = undefined;
      this.#options.onChange();
    }, NEWS_EVERY);
  }
}

/** 48 bits of a hash: the same at every start, and no two models of a person's have the same. */
function idOf(path: string): number {
  return createHash("sha256").update(path).digest().readUIntBE(0, 6) || 1;
}

function without(marks: Record<string, Mark>, ...keys: string[]): Record<string, Mark> {
  return Object.fromEntries(Object.entries(marks).filter(([key]) => !keys.includes(key)));
}

function unwatch(folder: Folder): void {
  clearTimeout(folder.timer);
  for (const watcher of folder.watchers) watcher.close();
  folder.watchers = [];
}

function unread(path: string, form: Candidate["form"], bytes: number): Seen["facts"] {
  const nothing = { family: null, parameters: 0, precision: [], size: null, opens: false, why: "", thumbnail: false };
  return { path, name: displayName(path), kind: "other", form, bytes, ...nothing };
}

/** In the Hugging Face cache a large file's own name, behind the link, is its SHA-256: it was checked when it came. */
async function hashInCache(path: string): Promise<string | null> {
  const real = await realpath(path).catch(() => path);
  const [folder, name] = real.split(sep).slice(-2);
  return folder === "blobs" && /^[0-9a-f]{64}$/.test(name!) ? name! : null;
}
