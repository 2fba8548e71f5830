/**
 * Brings one file of the hub into the cache: goes on where it stopped, tries again after a cut connection, waits when it is told to, and
 * keeps nothing whose hash is not the one that the repository states.
 */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, isAppError } from "../../wire/errors.ts";
import type { RepoCache } from "./cache.ts";
import { failure, hubFetch, type HubAddress, reasonOf, refusal } from "./http.ts";
import type { HubFile } from "./unfinished.ts";

export interface TransferOptions {
  address: HubAddress;
  repo: string;
  commit: string;
  file: HubFile;
  cache: RepoCache;
  signal: AbortSignal;
  /** Bytes of it that are here. */
  onHere: (bytes: number) => void;
  /** What it waits for, in words; null when it goes on. */
  onWait: (why: string | null) => void;
  /** Milliseconds of a pause; for tests. */
  pauseOf?: (milliseconds: number) => number;
}

/** Tries without a single byte between them, before it is given up. */
const MOST_TRIES = 6;
const MOST_WAITS = 20;
/** Until the next piece of a body, in milliseconds. */
const STALLED = 60_000;
const PIECE = 4 * 2 ** 20;

/** The connection was lost, or the hub is out of order for the moment. */
class Interrupted extends Error {
  /** Seconds that the hub asks to wait. */
  readonly after: number | undefined;

  constructor(why: string, after?: number) {
    super(why);
    this.after = after;
  }
}

/** Resolves when the blob is there. Aborting keeps what has come. */
export async function transfer(options: TransferOptions): Promise<void> {
  const { cache, file, commit, repo, signal, onHere, onWait } = options;
  const pauseOf = options.pauseOf ?? ((milliseconds: number) => milliseconds);
  if (await cache.has(file, commit)) {
    onHere(file.bytes);
    return;
  }
  await mkdir(cache.blobs, { recursive: true });
  const partial = new Partial(cache.incomplete(file), file);
  await partial.open();
  try {
    let tries = 0;
    let waits = 0;
    let damaged = false;
    for (;;) {
      onHere(partial.size);
      const before = partial.size;
      try {
        if (partial.size < file.bytes) await receive(options, partial);
        if (await partial.isRight()) break;
        await partial.clear();
        if (damaged)
          throw failure(
            `${file.path} of ${repo} came damaged twice: its hash is not the one that the hub states. Nothing of it was kept.`,
            undefined,
            undefined,
            repo,
          );
        damaged = true;
      } catch (error) {
        signal.throwIfAborted();
        onHere(partial.size);
        if (!(error instanceof Interrupted)) throw error;
        if (error.after === undefined) tries = partial.size > before ? 1 : tries + 1;
        else waits++;
        if (tries >= MOST_TRIES || waits > MOST_WAITS)
          throw failure(`${error.message}. What has come is kept: resume it later.`, undefined, error, repo);
        const seconds = error.after ?? 2 ** (tries - 1);
        onWait(`${error.message}. It goes on in ${Math.ceil(seconds)} s.`);
        await sleep(pauseOf(seconds * 1_000), undefined, { signal });
        onWait(null);
      }
    }
    await partial.close();
    await rename(cache.incomplete(file), cache.blob(file));
  } finally {
    await partial.close();
  }
}

/** Appends what comes, until the file is whole or the connection ends. */
async function receive(
  { address, repo, commit, file, signal, onHere }: TransferOptions,
  partial: Partial,
): Promise<void> {
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  const url = `${address.url}/${repo}/resolve/${commit}/${path}`;
  const stalled = new AbortController();
  const headers = { "Accept-Encoding": "identity", ...(partial.size > 0 ? { Range: `bytes=${partial.size}-` } : {}) };
  let timer: NodeJS.Timeout | undefined;
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(new Error("nothing came for a minute")), STALLED);
  };
  try {
    const response = await answer(
      hubFetch(address, { signal: AbortSignal.any([signal, stalled.signal]) })(url, { headers }),
    );
    if (!(await accept(response, { address, repo, partial, file }))) return;
    watch();
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      watch();
      if (partial.size + chunk.length > file.bytes) {
        await partial.clear();
        throw failure(
          `${address.url} sent more of ${file.path} than the ${file.bytes} bytes it is said to have. Nothing of it was kept.`,
          undefined,
          undefined,
          repo,
        );
      }
      await partial.append(chunk);
      onHere(partial.size);
    }
    if (partial.size < file.bytes) throw new Interrupted("The connection was cut");
  } catch (error) {
    signal.throwIfAborted();
    if (isAppError(error) || error instanceof Interrupted) throw error;
    throw new Interrupted(`The connection was lost (${reasonOf(error)})`);
  } finally {
    clearTimeout(timer);
  }
}

/** The hub that does not answer may do so a little later. */
async function answer(response: Promise<Response>): Promise<Response> {
  try {
    return await response;
  } catch (error) {
    if (isAppError(error, "hub-failed") && error.details.status === undefined && error.cause !== undefined) {
      throw new Interrupted(error.message.replace(/\.$/, ""));
    }
    throw error;
  }
}

type Accepting = Pick<TransferOptions, "address" | "repo" | "file"> & { partial: Partial };

/** Looks at the head of an answer; false where there is nothing to read of it and the loop begins anew. */
async function accept(response: Response, { address, repo, partial, file }: Accepting): Promise<boolean> {
  const { status } = response;
  if (status === 206) {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("Content-Range") ?? "") ?? [];
    if (Number(from) === partial.size && (total === "*" || Number(total) === file.bytes)) return true;
    await response.body?.cancel();
    await partial.clear(); // it is of another file, or another part: from the beginning, without a range
    throw new Interrupted("The hub sent another part than was asked for");
  }
  if (status === 200) {
    if (partial.size > 0) await partial.clear(); // it sends the whole
    return true;
  }
  await response.body?.cancel();
  if (status === 416) {
    await partial.clear();
    throw new Interrupted("The hub has no such part of the file");
  }
  const after = retryAfter(response.headers.get("Retry-After"));
  if (status === 429) throw new Interrupted("The hub asks to wait", after ?? 60);
  if (status >= 500) throw new Interrupted(`The hub is out of order (${status})`, after);
  throw refusal(repo, address.url, status, response.headers.get("X-Error-Code"), address.token !== undefined);
}

/** Seconds, from a number of them or a date; at most a quarter of an hour. */
export function retryAfter(text: string | null, now = Date.now()): number | undefined {
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1_000;
  return Number.isFinite(seconds) ? Math.min(900, Math.max(1, seconds)) : undefined;
}

/** The part of a file that is here, and its hash as it grows. */
class Partial {
  readonly #path: string;
  readonly #file: HubFile;
  #handle: FileHandle | undefined;
  #hash: Hash;
  size = 0;

  constructor(path: string, file: HubFile) {
    this.#path = path;
    this.#file = file;
    this.#hash = beginHash(file);
  }

  async open(): Promise<void> {
    this.#handle = await open(this.#path, "a+");
    const { size } = await this.#handle.stat();
    if (size > this.#file.bytes) return this.clear();
    const piece = Buffer.alloc(Math.min(PIECE, Math.max(1, size)));
    while (this.size < size) {
      const { bytesRead } = await this.#handle.read(piece, 0, Math.min(piece.length, size - this.size), this.size);
      if (bytesRead === 0) break;
      this.#hash.update(piece.subarray(0, bytesRead));
      this.size += bytesRead;
    }
  }

  async append(chunk: Uint8Array): Promise<void> {
    try {
      await this.#handle!.appendFile(chunk);
    } catch (error) {
      throw await this.#unwritten(error);
    }
    this.#hash.update(chunk);
    this.size += chunk.length;
  }

  async clear(): Promise<void> {
    await this.#handle!.truncate(0);
    this.#hash = beginHash(this.#file);
    this.size = 0;
  }

  /** Whether all is here and is what it should be; then it is on the disk, too. */
  async isRight(): Promise<boolean> {
    if (this.size !== this.#file.bytes || this.#hash.copy().digest("hex") !== this.#file.hash.hex) return false;
    await this.#handle!.sync();
    return true;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
    if (this.size === 0 && this.#file.bytes > 0) await rm(this.#path, { force: true });
  }

  /** What was written of a chunk before the disk was full would not be in the hash: it is cut off again. */
  async #unwritten(error: unknown): Promise<AppError> {
    await this.#handle?.truncate(this.size).catch(() => undefined);
    const { code } = error as NodeJS.ErrnoException;
    const message =
      code === "ENOSPC" || code === "EDQUOT"
        ? `The disk with ${this.#path} is full. Make room, and resume the download: what has come is kept.`
        : `${this.#path} cannot be written (${reasonOf(error)}). What has come is kept: resume it when that is mended.`;
    return new AppError("file-unreadable", message, { path: this.#path }, { cause: error });
  }
}

function beginHash({ hash, bytes }: HubFile): Hash {
  return hash.kind === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${bytes}\0`);
}
