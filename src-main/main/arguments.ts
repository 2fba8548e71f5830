/** The files that a command line asks to open; switches and the app's own folder are no files. */
import { existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import { ENDING } from "./openProject.ts";

export function filesOf(
  argv: readonly string[],
  cwd: string,
  exists: (path: string) => boolean = existsSync,
): string[] {
  return argv
    .slice(1)
    .filter((argument) => !argument.startsWith("-") && [`.${ENDING}`, ".png"].includes(extname(argument).toLowerCase()))
    .map((argument) => resolve(cwd, argument))
    .filter(exists);
}
