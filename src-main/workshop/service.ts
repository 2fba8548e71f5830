/** What the workshop process does with each request. */
import { rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { AppError } from "../api/errors.ts";
import { serve, type Port, type Schemas } from "../api/rpc.ts";
import { openCheckpoint } from "../checkpoint/folder.ts";
import { contactSheet } from "../image/contactSheet.ts";
import { decodePng, encodePng } from "../image/png.ts";
import { readChunks, writeChunks } from "../image/pngChunks.ts";
import type { WorkshopApi } from "./api.ts";

const bytes = v.custom<Uint8Array<ArrayBuffer>>((value) => value instanceof Uint8Array, "expected bytes");
const box = v.object({ x: v.number(), y: v.number(), width: v.number(), height: v.number() });
const labelled = v.object({ box, label: v.string() });
const schemas: Schemas<WorkshopApi> = {
  inspectModel: v.object({ path: v.string() }),
  contactSheet: v.object({
    title: v.string(),
    pictures: v.array(v.object({ png: bytes, label: v.string(), boxes: v.array(labelled) })),
  }),
  writePicture: v.object({ path: v.string(), png: bytes, settings: v.boolean() }),
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
      contactSheet: ({ title, pictures }) => {
        const decoded = pictures.map(({ png, ...rest }) => ({ ...rest, pixels: decodePng(png).pixels }));
        return encodePng(contactSheet(decoded, title ? { title } : {}));
      },
      writePicture: ({ path, png, settings }) => writeWhole(path, settings ? png : withoutTexts(png)),
    },
    schemas,
  );
  closed.addEventListener("abort", onEnd);
}

/** The picture alone: everything in a PNG that may say how, when or by whom it was made is left out. */
function withoutTexts(png: Uint8Array): Uint8Array {
  return writeChunks(readChunks(png).filter(({ type }) => !["tEXt", "zTXt", "iTXt", "eXIf", "tIME"].includes(type)));
}

/** Either the whole file is there afterwards, or what was there before. */
async function writeWhole(path: string, data: Uint8Array): Promise<void> {
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await writeFile(unfinished, data);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    const why = (error as Error).message;
    throw new AppError("file-unreadable", `${path} cannot be written: ${why}.`, { path }, { cause: error });
  }
}
