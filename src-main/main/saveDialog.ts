/**
 * Where to write a file: every question of that kind. The system's dialog looks for a file of the name as typed; when our ending is
 * added to it, we look again, so that nothing is replaced unasked.
 */
import { dialog, type BrowserWindow, type FileFilter } from "electron";
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { withEnding } from "./fileEnding.ts";

export interface SaveQuestion {
  /** The file suggested first, with its ending. */
  suggested: string;
  /** Its first extension is added to a name that has none of them. */
  filter: FileFilter;
  title?: string;
  /** The file that is open: to choose it replaces nothing. */
  own?: string | undefined;
}

/** Null when the person cancels. Who is asked whether to replace a file, and would not, is asked for another name. */
export async function askWhereToWrite(window: BrowserWindow, question: SaveQuestion): Promise<string | null> {
  const { filter, title, own } = question;
  for (let defaultPath = question.suggested; ;) {
    const { filePath } = await dialog.showSaveDialog(window, {
      defaultPath,
      filters: [filter],
      properties: ["showOverwriteConfirmation"], // else Linux does not ask at all
      ...(title === undefined ? {} : { title }),
    });
    if (!filePath) return null;
    const path = withEnding(filePath, filter.extensions);
    if (path === filePath || path === own || !existsSync(path) || (await askToReplace(window, path))) return path;
    defaultPath = path;
  }
}

async function askToReplace(window: BrowserWindow, path: string): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: "question",
    message: `There already is a file “${basename(path)}”. Replace it?`,
    detail: `It is in ${dirname(path)}. What is in it would be lost.`,
    buttons: ["Choose Another Name", "Replace"],
    defaultId: 0,
    cancelId: 0,
  });
  return response === 1;
}
