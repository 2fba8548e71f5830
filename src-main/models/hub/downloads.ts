/** Downloads as a person sees them: asked for, going on, paused, resumed, given up. Each is noted on the disk until it is done. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { AppError, messageOf } from "../../wire/errors.ts";
import type { Download, DownloadState, HubRepository } from "../../api/models.ts";
import type { Memory } from "../memory.ts";
import { cacheFolder, refuseWithoutRoom, RepoCache } from "./cache.ts";
import type { HubAddress } from "./http.ts";
import { type Described, describeRepository } from "./hub.ts";
import { transfer } from "./transfer.ts";
import type { Unfinished } from "./unfinished.ts";

export interface DownloadsOptions {
  memory: Memory;
  /** Some of them have changed. */
  onChange: () => void;
  /** One is done: there is a new model. */
  onDone: () => void;
  pauseOf?: (milliseconds: number) => number;
}

/** Of what the speed is a mean, in milliseconds. */
const WINDOW = 5_000;
const NEWS_EVERY = 250;
const MOST_AT_ONCE = 3;

interface Going {
  what: Unfinished;
  state: DownloadState;
  message: string | null;
  /** Bytes that are here, by file. */
  here: number[];
  /** When how much was here, over the last seconds. */
  pace: { at: number; done: number }[];
  stopping: AbortController | undefined;
  running: Promise<void> | undefined;
}

export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #going = new Map<string, Going>();
  #address: HubAddress = { url: "https://huggingface.co" };
  #news: NodeJS.Timeout | undefined;

  constructor(options: DownloadsOptions) {
    this.#options = options;
    for (const what of options.memory.choices.downloads) {
      const going = begin(what, "paused", "Diorama was closed while this was on its way. What has come is kept.");
      this.#going.set(what.id, going);
      void this.#measure(going);
    }
  }

  set address(address: HubAddress) {
    this.#address = address;
  }

  get list(): Download[] {
    return [...this.#going.values()].map(tell);
  }

  /** What a repository holds and how much of it is here; nothing is fetched but that. */
  async describe(repo: string, signal?: AbortSignal): Promise<HubRepository> {
    const { selections, ...described } = await describeRepository(this.#address, repo, signal ? { signal } : {});
    const cache = new RepoCache(cacheFolder(), described.repo);
    const choices = selections.map(async ({ id, title, files }) => ({
      id,
      title,
      files: files.map(({ path, bytes }) => ({ path, bytes })),
      bytes: sum(files.map(({ bytes }) => bytes)),
      cached: sum(await Promise.all(files.map((file) => cache.here(file, described.commit)))),
    }));
    return { ...described, choices: await Promise.all(choices) };
  }

  /** Begins to fetch a choice of `describe`, at the version that it described. */
  async start({
    repo,
    commit,
    choice,
    title,
  }: {
    repo: string;
    commit: string;
    choice: string;
    title: string;
  }): Promise<Download> {
    const described: Described = await describeRepository(this.#address, repo, { revision: commit });
    const selection = described.selections.find(({ id }) => id === choice);
    if (!selection)
      throw new AppError("not-found", `${repo} has no ${choice} any more. Look at it again.`, {
        what: "choice",
        id: choice,
      });
    for (const going of this.#going.values()) {
      const { what } = going;
      const isSame = what.repo === described.repo && what.commit === commit && what.choice === choice;
      if (isSame && going.state !== "done") return this.resume(what.id);
    }
    const { files } = selection;
    const what: Unfinished = {
      id: randomUUID(),
      repo: described.repo,
      revision: "main",
      commit: described.commit,
      choice,
      title,
      files,
    };
    const going = begin(what, "waiting", null);
    await this.#measure(going);
    await refuseWithoutRoom(cacheFolder(), sum(files.map(({ bytes }) => bytes)) - sum(going.here));
    this.#options.memory.change(({ downloads }) => void downloads.push(what));
    this.#going.set(what.id, going);
    this.#runNext();
    return tell(going);
  }

  async pause(id: string): Promise<Download> {
    const going = this.#get(id);
    if (going.state === "running" || going.state === "waiting") {
      going.state = "paused";
      going.stopping?.abort();
      await going.running;
      this.#runNext();
    }
    return tell(going);
  }

  async resume(id: string): Promise<Download> {
    const going = this.#get(id);
    if (going.state === "paused" || going.state === "failed") {
      await this.#measure(going);
      await refuseWithoutRoom(cacheFolder(), sum(going.what.files.map(({ bytes }) => bytes)) - sum(going.here));
      going.state = "waiting";
      going.message = null;
      this.#runNext();
    }
    return tell(going);
  }

  /** Gives it up, and removes what came of it; one that is done is only taken off the list. */
  async remove(id: string): Promise<void> {
    const going = this.#get(id);
    const isDone = going.state === "done";
    if (!isDone) {
      await this.pause(id);
      await new RepoCache(cacheFolder(), going.what.repo).discard(going.what.files);
      this.#forget(id);
    }
    this.#going.delete(id);
    this.#tell();
  }

  /** Resolves when it is done, has failed or was paused. */
  async ended(id: string): Promise<Download> {
    const going = this.#get(id);
    while (going.running) await going.running;
    return tell(going);
  }

  async close(): Promise<void> {
    clearTimeout(this.#news);
    for (const going of this.#going.values()) going.stopping?.abort();
    await Promise.all([...this.#going.values()].flatMap(({ running }) => running ?? []));
  }

  #get(id: string): Going {
    const going = this.#going.get(id);
    if (!going) throw new AppError("not-found", "This download is not on the list any more.", { what: "download", id });
    return going;
  }

  #forget(id: string): void {
    this.#options.memory.change((choices) => {
      choices.downloads = choices.downloads.filter((each) => each.id !== id);
    });
  }

  #runNext(): void {
    const all = [...this.#going.values()];
    const room = MOST_AT_ONCE - all.filter(({ state }) => state === "running").length;
    for (const going of all.filter(({ state }) => state === "waiting").slice(0, Math.max(0, room))) {
      going.state = "running";
      going.stopping = new AbortController();
      going.running = this.#run(going, going.stopping.signal).finally(() => {
        going.running = undefined;
        this.#runNext();
      });
    }
    this.#tell();
  }

  /** Never rejects: how it ended is its state. */
  async #run(going: Going, signal: AbortSignal): Promise<void> {
    const { repo, commit, revision, files, id } = going.what;
    const cache = new RepoCache(cacheFolder(), repo);
    going.pace = [];
    try {
      for (const [i, file] of files.entries()) {
        await transfer({
          address: this.#address,
          ...{ repo, commit, file, cache, signal },
          onHere: (bytes) => {
            going.here[i] = bytes;
            pace(going);
            this.#tell();
          },
          onWait: (why) => {
            going.message = why;
            this.#tell();
          },
          ...(this.#options.pauseOf ? { pauseOf: this.#options.pauseOf } : {}),
        });
      }
      await cache.publish({ files, commit, revision });
      this.#forget(id);
      going.state = "done";
      going.message = null;
      this.#options.onDone();
    } catch (error) {
      if (signal.aborted) {
        if (going.state === "running") going.state = "paused";
        going.message = null;
      } else {
        going.state = "failed";
        going.message = messageOf(error);
      }
    }
    this.#tell();
  }

  async #measure(going: Going): Promise<void> {
    const { repo, commit, files } = going.what;
    const cache = new RepoCache(cacheFolder(), repo);
    going.here = await Promise.all(files.map((file) => cache.here(file, commit)));
  }

  #tell(): void {
    this.#news ??= setTimeout(() => {
      this.#news = undefined;
      this.#options.onChange();
    }, NEWS_EVERY);
  }
}

function begin(what: Unfinished, state: DownloadState, message: string | null): Going {
  return { what, state, message, here: what.files.map(() => 0), pace: [], stopping: undefined, running: undefined };
}

function pace(going: Going): void {
  const at = performance.now();
  const last = going.pace.at(-1);
  if (last && at - last.at < 100) return;
  going.pace.push({ at, done: sum(going.here) });
  while (at - going.pace[0]!.at > WINDOW) going.pace.shift();
}

function tell({ what, state, message, here, pace: paces }: Going): Download {
  const { id, repo, commit, title, files } = what;
  const [done, total] = [sum(here), sum(files.map(({ bytes }) => bytes))];
  const [first, last] = [paces[0], paces.at(-1)];
  const isMoving = state === "running" && first !== undefined && last !== undefined && last.at - first.at >= 1_000;
  const speed = isMoving ? ((last.done - first.done) / (last.at - first.at)) * 1_000 : null;
  const secondsLeft = speed !== null && speed > 0 ? Math.ceil((total - done) / speed) : null;
  const snapshot = new RepoCache(cacheFolder(), repo).snapshot(commit);
  const weights = files.find(({ path }) => path.endsWith(".safetensors"))?.path ?? "";
  const path = files.some((file) => file.path === "model_index.json") ? snapshot : join(snapshot, weights);
  return { id, repo, title, state, done, total, speed, secondsLeft, message, path: state === "done" ? path : null };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
