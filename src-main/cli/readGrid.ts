/** Reads a grid's file for the command line (`--grid grid.json`), with the scenes that it names as layouts. */
import { dirname, resolve } from "node:path";
import { DEFAULT_SETTINGS } from "../scene/defaults.ts";
import { cellsOf, type GridCells, gridTitle } from "../scene/grid.ts";
import { layoutFilesOf, parseGrid } from "../scene/gridFile.ts";
import type { Scene } from "../scene/scene.ts";
import { parseSceneText } from "../scene/parser.ts";
import { AppError, isAppError } from "../wire/errors.ts";
import { indent, readSmallFile } from "./readScene.ts";

/** The cells of the grid in `path` over a scene; what is wrong names the file and the place in it. */
export async function readGrid(path: string, scene: Scene, cwd: string): Promise<GridCells & { title: string }> {
  const text = await readSmallFile(path, "the grid", cwd);
  const layouts = new Map<string, Scene>();
  for (const file of layoutFilesOf(text)) {
    const at = resolve(dirname(resolve(cwd, path)), file);
    const layout = await readSmallFile(at, "the layout", cwd);
    layouts.set(
      file,
      telling(`The layout ${file}`, () => parseSceneText(layout, DEFAULT_SETTINGS).scene),
    );
  }
  return telling(`The grid ${path}`, () => {
    const grid = parseGrid(text, scene, layouts);
    return { ...cellsOf(grid, scene), title: gridTitle(grid, scene) };
  });
}

function telling<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isAppError(error, "scene-invalid")) throw error;
    throw new AppError("scene-invalid", `${what} is wrong:\n${indent(error.message)}`, error.details, { cause: error });
  }
}
