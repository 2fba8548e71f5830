/** The sheet of an evaluation: scenes as rows, methods as columns, boxes drawn. */
import { readFile } from "node:fs/promises";
import type { Pixels } from "../../src-main/api/engine.ts";
import { sheetPixels, type SheetPicture } from "../../src-main/image/contactSheet.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { thingResults } from "./metrics.ts";
import { phraseOf, type IconScene } from "./scene.ts";
import type { Entry } from "./verdictLog.ts";

export interface SheetRow {
  scene: IconScene;
  /** One for each method, in the same order in all rows. */
  cells: readonly { title: string; entry: Entry; file: string }[];
}

/** The sheet as pixels. Under each picture stand the method and how many things lie in their boxes. */
export async function methodsSheet(rows: readonly SheetRow[], title: string, cell: number): Promise<Pixels> {
  const pictures: SheetPicture[] = [];
  for (const { scene, cells } of rows) {
    const boxes = scene.things.map((thing) => ({ box: thing.box, label: phraseOf(thing) }));
    for (const { title, entry, file } of cells) {
      const results = thingResults({ scene, detections: entry.detections });
      const placed = results.filter(({ iou }) => iou >= 0.5).length;
      const { pixels } = decodePng(await readFile(file));
      const { width, height } = pixels;
      const caption = [title, `${placed} of ${results.length} in their boxes`];
      pictures.push({ width, height, pixels: () => pixels, boxes, caption });
    }
  }
  return sheetPixels(pictures, { title, columns: rows[0]!.cells.length, cell, boxes: true, words: "each" });
}
