/** Files that people name: only regular ones are opened. */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { AppError } from "../wire/errors.ts";

/** A pipe would be waited for until somebody writes to it, a device may have no end. */
export function isRegular(path: string): boolean {
  return statSync(path).isFile();
}

export const NOT_REGULAR = "is a folder, a pipe or a device, not a file. Choose another one.";

/** Windows has neither pipes in its folders nor this flag. */
const NO_WAITING = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;

/** The bytes of a regular file; undefined where they are more than `most`. The system's errors are thrown as they are. */
export function readRegular(path: string, most: number): Buffer<ArrayBuffer> | undefined {
  // It may have become something else since it was looked at: opening without waiting, and looking at what was opened.
  const file = openSync(path, constants.O_RDONLY | NO_WAITING);
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new AppError("file-unreadable", `${path} ${NOT_REGULAR}`, { path });
    return status.size <= most ? readFileSync(file) : undefined;
  } finally {
    closeSync(file);
  }
}
