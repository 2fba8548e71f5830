/** The files that a command line asks to open; switches and the app's own folder are no files. */
import { existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ENDING } from "./openProject.ts";

export function filesOf(
  argv: readonly string[],
  cwd: string,
  exists: (path: string) => boolean = existsSync,
): string[] {
  return argv
    .slice(1)
    .filter((argument) => !argument.startsWith("-") && [`.${ENDING}`, ".png"].includes(extname(argument).toLowerCase()))
    .map((argument) => (argument.startsWith("file://") ? pathOf(argument) : resolve(cwd, argument)))
    .filter((path) => path !== undefined && exists(path)) as string[];
}

/** File managers of Linux name files by address. One on another computer, or one that is no path, is undefined. */
function pathOf(address: string): string | undefined {
  if (!URL.canParse(address) || new URL(address).host !== "") return undefined;
  try {
    return fileURLToPath(address);
  } catch {
    return undefined; // an escaped slash, or no drive
  }
}
