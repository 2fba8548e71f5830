/** What a shared library of Linux asks the loader for, read from the file itself: names and where it looks first (ELF, 64 bit, little-endian). */
import { open } from "node:fs/promises";
import { AppError } from "../wire/errors.ts";

export interface LinkedLibraries {
  /** Such as `libcudart.so.12`, in the order of the file. */
  needed: string[];
  /** RPATH or RUNPATH, with `$ORIGIN` as it stands there. */
  runPaths: string[];
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT = { needed: 1n, strings: 5n, stringsSize: 10n, rpath: 15n, runpath: 29n } as const;
/** Far above any real table: a file that says more lies. */
const MOST_BYTES = 4_000_000;

/** Throws `file-unreadable` for what is no such library, or breaks off. */
export async function linkedLibraries(path: string): Promise<LinkedLibraries> {
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw refused(path, "it cannot be read", cause);
  });
  try {
    const read = async (offset: number, length: number): Promise<Buffer> => {
      if (!Number.isSafeInteger(offset) || length > MOST_BYTES) throw refused(path, "its tables are damaged");
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
      if (bytesRead < length) throw refused(path, "it is cut short");
      return buffer;
    };
    const head = await read(0, 64);
    if (head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) {
      throw refused(path, "it is no 64-bit library of Linux");
    }
    const [size, count] = [head.readUInt16LE(54), head.readUInt16LE(56)];
    if (size < 56) throw refused(path, "its tables are damaged");
    const table = await read(Number(head.readBigUInt64LE(32)), size * count);
    const segments = Array.from({ length: count }, (_, n) => segment(table, n * size));
    const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
    if (!dynamic) return { needed: [], runPaths: [] };
    const entries = await read(dynamic.offset, dynamic.size);
    const values = (tag: bigint): number[] => {
      const found: number[] = [];
      for (let at = 0; at + 16 <= entries.length; at += 16) {
        if (entries.readBigInt64LE(at) === tag) found.push(Number(entries.readBigUInt64LE(at + 8)));
      }
      return found;
    };
    const [address] = values(DT.strings);
    const [length] = values(DT.stringsSize);
    const home = segments.find(
      ({ type, start, size: bytes }) =>
        type === PT_LOAD && address !== undefined && address >= start && address < start + bytes,
    );
    if (address === undefined || length === undefined || !home) throw refused(path, "its tables are damaged");
    const strings = await read(home.offset + address - home.start, length);
    const text = (at: number) => strings.toString("latin1", at, Math.max(at, strings.indexOf(0, at)));
    return {
      needed: values(DT.needed).map(text),
      runPaths: [...values(DT.rpath), ...values(DT.runpath)].flatMap((at) => text(at).split(":")).filter(Boolean),
    };
  } finally {
    await handle.close();
  }
}

function segment(table: Buffer, at: number) {
  return {
    type: table.readUInt32LE(at),
    offset: Number(table.readBigUInt64LE(at + 8)),
    start: Number(table.readBigUInt64LE(at + 16)),
    size: Number(table.readBigUInt64LE(at + 32)),
  };
}

function refused(path: string, why: string, cause?: unknown): AppError {
  return new AppError("file-unreadable", `${path}: ${why}.`, { path }, { cause });
}
