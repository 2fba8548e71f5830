/** A file that a run adds a line to as each picture is done, and that a later run reads to go on from. */
import { open, readFile, type FileHandle } from "node:fs/promises";

export class KeyedLog<Entry extends { key: string }> {
  readonly #file: FileHandle;
  /** By key. */
  readonly entries: Map<string, Entry>;

  private constructor(file: FileHandle, entries: Map<string, Entry>) {
    this.#file = file;
    this.entries = entries;
  }

  /**
   * Opens or makes the file of lines for which `isEntry` holds; `what` they are, for messages. A last line without an end, as a crash
   * leaves it, is dropped.
   */
  static async open<Entry extends { key: string }>(
    path: string,
    what: string,
    isEntry: (value: unknown) => value is Entry,
  ): Promise<KeyedLog<Entry>> {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const entries = new Map<string, Entry>();
    for (const [n, line] of whole.split("\n").entries()) {
      if (line === "") continue;
      const entry = parsed(line);
      if (!isEntry(entry)) throw new Error(`${path}:${n + 1} is no ${what}; move the file away to start anew`);
      entries.set(entry.key, entry);
    }
    const file = await open(path, "a");
    if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
    return new KeyedLog(file, entries);
  }

  /** Adds a line; it is in the file when this resolves. */
  async add(entry: Entry): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify(entry)}\n`);
    this.entries.set(entry.key, entry);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // no entry, as far as `isEntry` can tell
  }
}
