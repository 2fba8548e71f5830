/** The ending of a file name that a person typed without one. */
import { basename } from "node:path";

/** `path` with the first of these endings, unless it has one of them. */
export function withEnding(path: string, endings: readonly string[]): string {
  const name = basename(path).toLowerCase();
  return endings.some((ending) => name.endsWith(`.${ending}`)) ? path : `${path}.${endings[0]}`;
}
