/** Sheets as files. What draws is loaded with the first of them: it is large. */
import { statedSize } from "../image/pngChunks.ts";
import { decodePng, withTexts } from "../image/png.ts";
import { sheetTexts, writeSheetRecords } from "../image/sheetRecords.ts";
import { withAttachment } from "../image/pdfSettings.ts";
import type { WorkshopApi } from "./api.ts";

type SheetOrder = Parameters<WorkshopApi["contactSheet"]>[0];

/** Each page carries the settings of the pictures on it; a PDF those of all. */
export async function drawSheet({ pictures, options, form }: SheetOrder): Promise<Uint8Array<ArrayBuffer>[]> {
  const { sheetPdf, sheetPngs } = await import("../image/contactSheet.ts");
  const entries = pictures.map(({ png, caption, boxes }) => {
    return { ...statedSize(png), pixels: () => decodePng(png).pixels, caption, boxes };
  });
  const records = (of: readonly number[]) => of.flatMap((n) => pictures[n]?.record ?? []);
  if (form === "pdf") {
    const pdf = sheetPdf(entries, options);
    const all = records([...pictures.keys()]);
    const text = all.length > 0 ? writeSheetRecords(all) : undefined;
    return [text === undefined ? new Uint8Array(pdf) : withAttachment(pdf, text)];
  }
  const pages: Uint8Array<ArrayBuffer>[] = [];
  for (const { png, pictures: on } of sheetPngs(entries, options)) {
    const own = records(on);
    pages.push(own.length > 0 ? withTexts(png, sheetTexts(own)) : png);
  }
  return pages;
}
