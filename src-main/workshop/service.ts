/** What the workshop process does with each request. */
import { rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import type { Pixels } from "../api/engine.ts";
import { AppError } from "../wire/errors.ts";
import { serve, type Port, type Schemas } from "../wire/rpc.ts";
import { inspect } from "../checkpoint/inspect.ts";
import { inspectLora } from "../checkpoint/lora/inspect.ts";
import { openCheckpoint } from "../checkpoint/folder.ts";
import { decodePng, encodePng } from "../image/png.ts";
import { readChunks, writeChunks } from "../image/pngChunks.ts";
import { resize, thumbnailSize } from "../image/resize.ts";
import { PICTURE_FORMS, SHEET_FORMS } from "../api/sheets.ts";
import type { SheetEntry, WorkshopApi } from "./api.ts";
import { hashFile } from "../service/hashFile.ts";
import { networkFile } from "./fileHash.ts";
import { drawSheet } from "./sheets.ts";
import { lookAt } from "./lookAt.ts";
import { pictureAt, pictureFrom } from "./pictureAt.ts";

const bytes = v.custom<Uint8Array<ArrayBuffer>>((value) => value instanceof Uint8Array, "expected bytes");
const schemas: Schemas<WorkshopApi> = {
  inspectModel: v.object({ path: v.string() }),
  inspectLora: v.object({ path: v.string(), checkpoint: v.nullable(v.string()), hash: v.boolean() }),
  isLora: v.object({ path: v.string() }),
  networkFile: v.object({ path: v.string() }),
  hashFile: v.object({ path: v.string(), size: v.number(), modified: v.number() }),
  shrink: v.object({ png: bytes, side: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
  bare: v.object({ png: bytes }),
  contactSheet: v.object({
    // Main is who asks, with what the store gave it.
    pictures: v.array(v.custom<SheetEntry>((entry) => typeof entry === "object" && entry !== null)),
    options: v.record(v.string(), v.any()),
    form: v.picklist(SHEET_FORMS),
  }),
  writePicture: v.object({ path: v.string(), png: bytes, settings: v.boolean(), form: v.picklist(PICTURE_FORMS) }),
  writeFile: v.object({ path: v.string(), bytes }),
  lookAt: v.object({ path: v.string() }),
  pictureAt: v.object({ path: v.string() }),
  pictureFrom: v.object({ bytes, name: v.string() }),
};

export function runService(port: Port, onEnd: () => void): void {
  const { closed } = serve<WorkshopApi, Record<string, never>>(
    port,
    {
      inspectModel: async ({ path }) => {
        const { name, weightBytes, parameters, recommended } = await openCheckpoint(path);
        const { width, height } = recommended ?? {};
        const size = width !== undefined && height !== undefined ? { width, height } : null;
        return { path, name, weightBytes, parameters, recommended: size };
      },
      inspectLora: ({ path, checkpoint, hash }) => inspectLora(path, checkpoint, hash),
      isLora: async ({ path }) => (await inspect(path)).kind === "lora",
      networkFile: ({ path }) => networkFile(path),
      hashFile: (file, { signal }) => hashFile(file, signal),
      contactSheet: drawSheet,
      shrink: ({ png, side }) => encodePng(atMost(decodePng(png).pixels, side)),
      bare: ({ png }) => {
        decodePng(png); // it may come from a stranger's project, and goes on to programs that trust more
        return bare(png);
      },
      writePicture: async ({ path, png, settings, form }) => {
        if (form === "png") return writeWhole(path, settings ? png : bare(png));
        const { encodeAs } = await import("../image/otherForms.ts");
        return writeWhole(path, encodeAs(form, png, settings));
      },
      writeFile: ({ path, bytes }) => writeWhole(path, bytes),
      lookAt,
      pictureAt,
      pictureFrom,
    },
    schemas,
  );
  closed.addEventListener("abort", onEnd);
}

function atMost(pixels: Pixels, side: number): Pixels {
  if (Math.max(pixels.width, pixels.height) <= side) return pixels;
  const { width, height } = thumbnailSize(pixels.width, pixels.height, side);
  return resize(pixels, width, height);
}

/** What says where the pixels are and which colours they mean. All else may say how, when or by whom the picture was made. */
const NEEDED = ["IHDR", "PLTE", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "sBIT", "pHYs", "IDAT", "IEND"];

function bare(png: Uint8Array): Uint8Array<ArrayBuffer> {
  return writeChunks(readChunks(png).filter(({ type }) => NEEDED.includes(type)));
}

/** Either the whole file is there afterwards, or what was there before. */
async function writeWhole(path: string, data: Uint8Array): Promise<void> {
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await writeFile(unfinished, data);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined); // where nothing could be written, nothing lies
    throw new AppError("file-unreadable", whyNot(path, error as NodeJS.ErrnoException), { path }, { cause: error });
  }
}

function whyNot(path: string, { code, message }: NodeJS.ErrnoException): string {
  const folder = dirname(path);
  if (code === "ENOENT") return `There is no folder ${folder} any more. Choose another place.`;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return `Nothing may be written in ${folder}. Choose another place.`;
  if (code === "ENOSPC") return `The disk with ${folder} is full. Make room, or choose another place.`;
  return `${path} cannot be written: ${message}.`;
}
