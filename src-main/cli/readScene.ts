/** Reads a scene file for the command line: only a regular file of a sensible size, with every error naming it. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { expandScene } from "../scene/alternatives.ts";
import { AppError, isAppError } from "../wire/errors.ts";
import { embeddingOf } from "../scene/embeddings.ts";
import type { SceneEmbedding, SceneSettings } from "../scene/scene.ts";
import { parseSceneText, type SceneFile } from "../scene/parser.ts";
import { regularFile } from "./regularFile.ts";
import type { RenderOptions } from "./renderOptions.ts";
import type { Terminal } from "./terminal.ts";

/** A scene file is a few kilobytes, many painted regions have more; this keeps a mistaken argument (a checkpoint, a film) out of memory. */
const LARGEST_SCENE_FILE = 12 * 2 ** 20;

/** The scene of the file under `defaults`, with the options applied. */
export async function readScene(
  options: RenderOptions,
  { cwd }: Terminal,
  defaults: SceneSettings,
): Promise<SceneFile> {
  const path = options.scenePath;
  const text = await readSmallFile(path, "the scene", cwd);
  try {
    const file = parseSceneText(text, defaults, options.changes);
    const own = (file.scene.settings.embeddings ?? []).map((one) => located(one, dirname(resolve(cwd, path))));
    const given = options.embeddings.map((name) => located(embeddingOf(name), cwd));
    const embeddings = [...given, ...own.filter((one) => !given.some(({ name }) => name === one.name))];
    if (embeddings.length > 0) file.scene.settings.embeddings = embeddings;
    expandScene(file.scene); // what is wrong with its alternatives is wrong with the file
    return file;
  } catch (error) {
    if (!isAppError(error, "scene-invalid")) throw error;
    throw new AppError("scene-invalid", `The scene ${path} is wrong:\n${indent(error.message)}`, error.details, {
      cause: error,
    });
  }
}

/** The text of a file that a person wrote; `what` it is stands in the message of why it cannot be read. */
export async function readSmallFile(path: string, what: string, cwd: string): Promise<string> {
  try {
    const { size } = await regularFile(resolve(cwd, path));
    if (size > LARGEST_SCENE_FILE) throw new Error(`it has ${size} bytes, which no ${what.replace("the ", "")} has`);
    return (await readFile(resolve(cwd, path))).toString("utf8");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new AppError("file-unreadable", `cannot read ${what} ${path}: ${why}`, { path }, { cause: error });
  }
}

/** With its path from `folder` on. */
function located(one: SceneEmbedding, folder: string): SceneEmbedding {
  return one.path === undefined ? one : { ...one, path: resolve(folder, one.path) };
}

export function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
