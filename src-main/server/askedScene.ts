/**
 * The scene of a request: a scene file's text, read by the reader of scene files, with the place of what is wrong as JSON pointer and line.
 * Whatever it names on the disk is refused: this machine's files are not the client's.
 */
import { findNodeAtLocation, parseTree, type Node } from "jsonc-parser";
import { expandScene } from "../scene/alternatives.ts";
import { readJson } from "../scene/json.ts";
import { parseSceneFile, type SceneFile } from "../scene/parser.ts";
import type { Scene, SceneSettings } from "../scene/scene.ts";
import { isAppError } from "../wire/errors.ts";
import { Refusal } from "./errors.ts";

/** A scene that was found right, and its text, to be read again with the defaults of the checkpoint that draws it. */
export interface AskedScene extends SceneFile {
  text: string;
}

export function readAskedScene(text: string, defaults: SceneSettings): AskedScene {
  const read = readJson(text);
  if ("problem" in read) {
    const { line, column, message } = read.problem;
    throw new Refusal(400, "not-json", `line ${line}, column ${column}: ${message}`, { line, column });
  }
  try {
    const file = parseSceneFile(read.value, defaults);
    refuseFiles(file.scene, text);
    expandScene(file.scene); // what is wrong with its alternatives is wrong with the scene
    return { ...file, text };
  } catch (error) {
    if (!isAppError(error, "scene-invalid")) throw error;
    throw new Refusal(422, "scene-invalid", error.message, placeOf(text, keysOf(error.details.at)));
  }
}

function refuseFiles({ settings, start }: Scene, text: string): void {
  const refuse = (keys: Keys, message: string) => {
    throw new Refusal(422, "scene-invalid", message, placeOf(text, keys));
  };
  const lora = (settings.loras ?? []).findIndex(({ path }) => path !== undefined);
  const hint = "this server opens no file that a request names; give its name alone, as it is in the folders of models";
  if (lora >= 0) refuse(["loras", lora, "path"], `loras[${lora}].path: ${hint}`);
  const embedding = (settings.embeddings ?? []).findIndex(({ path }) => path !== undefined);
  if (embedding >= 0) {
    refuse(["embeddings", embedding], `embeddings[${embedding}]: ${hint}: { "name": "…" }`);
  }
  if (start?.path !== undefined) {
    const instead = 'write "hash" with the "pixels" of a picture that was drawn here';
    refuse(["start", "path"], `start.path: this server opens no file that a request names; ${instead}`);
  }
}

type Keys = (string | number)[];

/** The keys of a path such as `boxes[1].phrase` or `settings["odd name"]`. */
export function keysOf(at: string): Keys {
  return [...at.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)].map(([, index, quoted, name]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? name! : (JSON.parse(quoted) as string);
  });
}

/** Where a field stands; of one that is missing, where it should. */
export function placeOf(text: string, keys: Keys): { pointer: string; line?: number; column?: number } {
  const known = keys.length === 1 && keys[0] === "scene" ? [] : keys; // what is wrong is the whole
  const pointer = known.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  const offset = offsetOf(text, known);
  if (offset === undefined) return { pointer };
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { pointer, line: lines.length, column: lines.at(-1)!.length + 1 };
}

function offsetOf(text: string, keys: Keys): number | undefined {
  let tree: Node | undefined;
  try {
    tree = parseTree(text);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // nested so deeply that only JSON.parse comes to its end
    throw error;
  }
  for (let length = keys.length; tree && length >= 0; length--) {
    const node = findNodeAtLocation(tree, keys.slice(0, length));
    if (node) return node.offset;
  }
  return undefined;
}
