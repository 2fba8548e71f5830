/** Files that a command line names. */
import { stat } from "node:fs/promises";

/** A pipe would be waited for until somebody writes to it, a device may have no end. */
export async function regularFile(path: string): Promise<{ size: number }> {
  const status = await stat(path);
  if (!status.isFile()) throw new Error("it is a folder, a pipe or a device, not a file");
  return status;
}
