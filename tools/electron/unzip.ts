/** Reads a zip archive (no zip64, no encryption, no links) into a folder: machines without a desktop often have no `unzip`. */
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, mkdir, open, writeFile, type FileHandle } from "node:fs/promises";
import { dirname, join, relative, isAbsolute } from "node:path";
import { pipeline } from "node:stream/promises";
import { createInflateRaw } from "node:zlib";

interface Entry {
  name: string;
  method: number;
  packedSize: number;
  /** Unix file type and permissions. */
  mode: number;
  /** Where the entry's local header begins. */
  offset: number;
}

const END_SIZE = 22;
const END_SIGNATURE = 0x06054b50;
const MAX_COMMENT = 65_535;
const LOCAL_HEADER_SIZE = 30;
const STORED = 0;
const LINK = 0xa000;

/** Writes the entries that `place` gives a path to, relative to `folder`; `onProgress` gets the share of bytes done. */
export async function unzip(
  archive: string,
  folder: string,
  place: (name: string) => string | undefined,
  onProgress: (fraction: number) => void = () => undefined,
): Promise<void> {
  await using file = await open(archive);
  const placed = (await readEntries(file)).flatMap((entry) => {
    const path = entry.name.endsWith("/") ? undefined : place(entry.name);
    return path === undefined ? [] : [{ entry, target: inside(folder, path) }];
  });
  const total = placed.reduce((sum, { entry }) => sum + entry.packedSize, 0);
  let done = 0;
  for (const { entry, target } of placed) {
    await mkdir(dirname(target), { recursive: true });
    await extract(archive, file, entry, target);
    done += entry.packedSize;
    onProgress(done / total);
  }
}

async function readEntries(file: FileHandle): Promise<Entry[]> {
  const { size } = await file.stat();
  const tail = await read(file, Math.max(0, size - END_SIZE - MAX_COMMENT), Math.min(size, END_SIZE + MAX_COMMENT));
  let end = tail.length - END_SIZE;
  while (end >= 0 && tail.readUInt32LE(end) !== END_SIGNATURE) end--;
  if (end < 0) throw new Error("not a zip archive: it has no end record");
  const count = tail.readUInt16LE(end + 10);
  const directory = await read(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));

  const entries: Entry[] = [];
  for (let at = 0, i = 0; i < count; i++) {
    const nameLength = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString("utf8", at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      packedSize: directory.readUInt32LE(at + 20),
      mode: directory.readUInt32LE(at + 38) >>> 16,
      offset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

async function extract(
  archive: string,
  file: FileHandle,
  { method, packedSize, mode, offset }: Entry,
  target: string,
): Promise<void> {
  if ((mode & 0xf000) === LINK) throw new Error(`the zip archive has a link: ${target}`); // it could lead outside
  const header = await read(file, offset, LOCAL_HEADER_SIZE);
  const start = offset + LOCAL_HEADER_SIZE + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (packedSize === 0) return writeFile(target, "");
  const packed = createReadStream(archive, { start, end: start + packedSize - 1 });
  const out = createWriteStream(target);
  await (method === STORED ? pipeline(packed, out) : pipeline(packed, createInflateRaw(), out));
  if (mode & 0o777) await chmod(target, mode & 0o777);
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position });
  if (bytesRead < length) throw new Error("the zip archive is cut off");
  return buffer;
}

/** An archive must not write outside its folder. */
function inside(folder: string, path: string): string {
  const target = join(folder, path);
  const way = relative(folder, target);
  if (way.startsWith("..") || isAbsolute(way)) throw new Error(`the zip archive would write to ${target}`);
  return target;
}
