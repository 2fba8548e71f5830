/**
 * Opens a .safetensors file as far as its header: u64 little-endian length, JSON, then the tensors' bytes, which are
 * left where they are (https://github.com/huggingface/safetensors#format).
 */
import { open, readdir, realpath, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { AppError } from "../wire/errors.ts";
import { type Header, MAX_HEADER_BYTES, parseHeader, refuse } from "./header.ts";

export interface SafetensorsFile extends Header {
  /** Absolute path with links resolved. */
  readonly file: string;
  readonly size: number;
  /** Bytes before the first tensor. */
  readonly dataStart: number;
}

/** Reads and checks the header of the file at `path`; links are followed. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const { file, size } = await regularFile(path);
  const handle = await orUnreadable(path, () => open(file, "r"));
  try {
    if (size < 8) refuse(file, undefined, `a safetensors file has at least 8 bytes, found ${size}`);
    const start = await readExactly(handle, 0, 8, file);
    const headerBytes = start.readBigUInt64LE();
    if (start.toString("latin1") === "version ")
      refuse(file, undefined, "this is a Git LFS pointer, not the file itself; run `git lfs pull` in its repository");
    if (headerBytes > BigInt(MAX_HEADER_BYTES))
      refuse(
        file,
        undefined,
        `not a safetensors file: its header would have ${headerBytes.toString()} bytes, at most ${MAX_HEADER_BYTES} are read`,
      );
    const dataStart = 8 + Number(headerBytes);
    if (dataStart > size)
      refuse(
        file,
        undefined,
        `the header should end at byte ${dataStart}, but the file has ${size} (an unfinished download?)`,
      );
    const header = parseHeader(await readExactly(handle, 8, Number(headerBytes), file), { file, size });
    return { ...header, file, size, dataStart };
  } finally {
    await handle.close();
  }
}

/** Links resolved and size; only regular files, as opening a pipe would wait for ever. */
async function regularFile(path: string): Promise<{ file: string; size: number }> {
  const file = await orUnreadable(path, () => realpath(path));
  const status = await orUnreadable(path, () => stat(file));
  if (!status.isFile()) throw new AppError("file-unreadable", `${path} is not a file`, { path });
  return { file, size: status.size };
}

/** Names in a folder, without hidden ones: a Mac leaves `._name` beside every file on a disk that is not its own, and `.DS_Store`. */
export async function namesIn(folder: string): Promise<string[]> {
  const names = await orUnreadable(folder, () => readdir(folder));
  return names.filter((name) => !name.startsWith("."));
}

export async function readExactly(handle: FileHandle, position: number, length: number, file: string): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await orUnreadable(file, () => handle.read(buffer, done, length - done, position + done));
    if (bytesRead === 0) refuse(file, undefined, "the file became shorter while it was read");
    done += bytesRead;
  }
  return buffer;
}

/** Runs a file operation; the system's failure becomes an error that names the file as the user wrote it. */
export async function orUnreadable<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const why =
      code === "ENOENT"
        ? "does not exist"
        : code === "EACCES" || code === "EPERM"
          ? "may not be read"
          : `cannot be read (${String(cause)})`;
    throw new AppError("file-unreadable", `${path} ${why}`, { path }, { cause });
  }
}
