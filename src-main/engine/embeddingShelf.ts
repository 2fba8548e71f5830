/** The embeddings of an open checkpoint: each file is read and checked once, and again when it has changed. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { LRUCache } from "lru-cache";
import { AppError, isAppError } from "../wire/errors.ts";
import type { SceneEmbedding } from "../scene/scene.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { readEmbedding, type Embedding } from "../checkpoint/embedding.ts";
import { LearnedWords, type LearnedWord } from "../model/tokenizer/learnedWords.ts";

/** Files that are kept; each is a few vectors. */
const KEPT = 256;

interface Read extends Embedding {
  sha256: string;
}

/** What a list of embeddings came to. */
export interface TakenEmbeddings {
  words: LearnedWords;
  /** SHA-256 of each file that could be read, by the name in the list. */
  hashes: ReadonlyMap<string, string>;
  /** Those that cannot be used, and why. */
  problems: { name: string; error: AppError }[];
}

export class EmbeddingShelf {
  readonly #checkpoint: Checkpoint;
  /** Vectors that fit into a chunk. */
  readonly #most: number;
  readonly #read = new LRUCache<string, Read>({ max: KEPT });

  constructor(checkpoint: Checkpoint, most: number) {
    this.#checkpoint = checkpoint;
    this.#most = most;
  }

  /** A file may have two words; the names in the list come before those that files hold, and the first of two alike counts. */
  async take(list: readonly SceneEmbedding[] = []): Promise<TakenEmbeddings> {
    const words = new Map<string, LearnedWord>();
    const inside: LearnedWord[] = [];
    const hashes = new Map<string, string>();
    const problems: TakenEmbeddings["problems"] = [];
    for (const one of list) {
      try {
        const { count, vectors, sha256, ...read } = await this.#open(one);
        hashes.set(one.name, sha256);
        const learned = { count, vectors, sha256 };
        if (!words.has(one.name.toLowerCase())) words.set(one.name.toLowerCase(), { word: one.name, ...learned });
        inside.push(...read.words.map((word) => ({ word, ...learned })));
      } catch (error) {
        if (!isAppError(error)) throw error;
        problems.push({ name: one.name, error });
      }
    }
    for (const learned of inside) {
      if (!words.has(learned.word.toLowerCase())) words.set(learned.word.toLowerCase(), learned);
    }
    return { words: new LearnedWords([...words.values()]), hashes, problems };
  }

  async #open({ name, path }: SceneEmbedding): Promise<Read> {
    if (path === undefined) {
      const problem = `The embedding "${name}" was not found. Choose its file in the list, or take it out.`;
      throw new AppError("file-unreadable", problem, { path: name });
    }
    const key = await keyOf(path, name);
    const known = this.#read.get(key);
    if (known) return known;
    const embedding = await readEmbedding(path, this.#checkpoint, this.#most);
    const read = {
      ...embedding,
      sha256: createHash("sha256")
        .update(await readFile(path))
        .digest("hex"),
    }; // checked to be small
    this.#read.set(key, read);
    return read;
  }
}

/** Path, size and time: what is known of a file without reading it. */
async function keyOf(path: string, name: string): Promise<string> {
  try {
    const { size, mtimeMs } = await stat(path);
    return `${path} ${size} ${mtimeMs}`;
  } catch (cause) {
    const problem = `The embedding "${name}" is not there any more (${path}). Put it back, choose its file in the list, or take it out.`;
    throw new AppError("file-unreadable", problem, { path }, { cause });
  }
}
