/** A scene's embeddings as a file or a command line names them. */
import { isRecord, type Problem, readFields, reportUnknownFields, show } from "./fields.ts";
import { EMBEDDING_SETTINGS } from "./fileSettings.ts";
import { MOST_EMBEDDINGS } from "./limits.ts";
import type { SceneEmbedding } from "./scene.ts";

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
    reportUnknownFields(one, Object.keys(EMBEDDING_SETTINGS), where, problems);
    const { name, ...rest } = readFields(EMBEDDING_SETTINGS, one, where, problems);
    if (one.name === undefined)
      problems.push({ at: `${where}.name`, message: "expected its word in prompts, got nothing" });
    return name === undefined ? [] : [{ name, ...rest }];
  });
}
