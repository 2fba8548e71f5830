/** Where things are: our own files, as built or as packaged, and the person's. */
import { app } from "electron";
import { accessSync, constants, rmSync } from "node:fs";
import { join } from "node:path";
import { note } from "./log.ts";

export interface Folders {
  /** The built window. */
  bundle: string;
  demoModel: string;
  sampleScene: string;
  /** The app's own data: library, last session. */
  data: string;
  /** Projects that have no name yet. */
  untitled: string;
  /** Files that a drag carries; emptied at every start. */
  dragged: string;
}

export function findFolders(): Folders {
  const resources = app.isPackaged ? process.resourcesPath : join(app.getAppPath(), "resources");
  const data = app.getPath("userData");
  return {
    bundle: join(app.getAppPath(), "dist", "renderer"),
    demoModel: join(resources, "models", "demo"),
    sampleScene: join(resources, "examples", "two-icons.json"),
    data,
    untitled: join(data, "untitled"),
    dragged: join(data, "dragged"),
  };
}

export function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** What earlier drags have left; on a disk that cannot be written it stays. */
export function removeDragged(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    note("main", `${folder} cannot be emptied: ${String(error)}`);
  }
}

/** `--user-data-dir` keeps instances apart: each has its own data and its own single-instance lock. */
export function useDataFolderOfCommandLine(): void {
  const folder = app.commandLine.getSwitchValue("user-data-dir");
  if (folder) app.setPath("userData", folder);
}
