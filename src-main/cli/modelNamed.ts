/** The checkpoint of `--model`: a file or folder where there is one, else a name among the models at home. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { AppError } from "../wire/errors.ts";
import type { FoundModel } from "../api/models.ts";

/**
 * Its path. What is written as a path is taken for one, there or not: the engine says best what is wrong with it. Throws `file-unreadable`
 * for a name that no checkpoint has, with the closest ones.
 */
export async function modelNamed(
  word: string,
  { cwd, findAtHome }: { cwd: string; findAtHome: (name: string) => Promise<FoundModel> },
): Promise<string> {
  const path = resolve(cwd, word);
  if (existsSync(path) || /^[.~]|[\\/]|\.\w+$/.test(word)) return path;
  const { path: found, closest } = await findAtHome(word);
  if (found !== null) return found;
  const hint = closest.length > 0 ? ` There is ${closest.map((name) => `“${name}”`).join(", ")}.` : "";
  throw new AppError(
    "file-unreadable",
    `--model: there is no file or folder “${word}” here, and no checkpoint of that name in the folders of models.${hint}`,
    { path },
  );
}
