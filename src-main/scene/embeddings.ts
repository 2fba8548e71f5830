/** A scene's embeddings as a file or a command line names them. */
import { isRecord, join, reportUnknownFields, show, type Problem } from "./fields.ts";
import { MOST_EMBEDDINGS } from "./limits.ts";
import type { SceneEmbedding } from "./scene.ts";

export const LONGEST_EMBEDDING_NAME = 255;
const LONGEST_PATH = 4_096;
const SHA256 = /^[0-9a-f]{64}$/;

/** An embedding by its file: its word is the file's name without folder and ending. */
export function embeddingOf(path: string): SceneEmbedding {
  const name = path
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.[^.]+$/, "");
  return { name, path };
}

/** The list of a scene file: paths, or `{ "name", "path", "hash" }`. */
export function readEmbeddings(value: unknown, problems: Problem[]): SceneEmbedding[] | undefined {
  const at = "embeddings";
  if (!Array.isArray(value) || value.length > MOST_EMBEDDINGS) {
    problems.push({ at, message: `expected a list of at most ${MOST_EMBEDDINGS} files, got ${show(value)}` });
    return undefined;
  }
  return (value as unknown[]).flatMap((item, i) => {
    const where = `${at}[${i}]`;
    const one = typeof item === "string" ? embeddingOf(item) : item;
    if (!isRecord(one)) {
      problems.push({ at: where, message: `expected a file's path, got ${show(item)}` });
      return [];
    }
    reportUnknownFields(one, ["name", "path", "hash"], where, problems);
    const { name, path, hash } = one;
    const isName = typeof name === "string" && name.trim() !== "" && name.length <= LONGEST_EMBEDDING_NAME;
    if (!isName) problems.push({ at: join(where, "name"), message: `expected its word in prompts, got ${show(name)}` });
    const isPath = path === undefined || (typeof path === "string" && path !== "" && path.length <= LONGEST_PATH);
    if (!isPath) problems.push({ at: join(where, "path"), message: `expected a file's path, got ${show(path)}` });
    const isHash = hash === undefined || (typeof hash === "string" && SHA256.test(hash));
    if (!isHash)
      problems.push({ at: join(where, "hash"), message: `expected a SHA-256 in hexadecimal, got ${show(hash)}` });
    if (!isName || !isPath || !isHash) return [];
    return [{ name, ...(path === undefined ? {} : { path }), ...(hash === undefined ? {} : { hash }) }];
  });
}
