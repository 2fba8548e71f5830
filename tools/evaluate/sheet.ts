/** The sheet of an evaluation: scenes as rows, methods as columns, boxes drawn. */
import { readFile } from "node:fs/promises";
import type { Pixels } from "../../src-main/api/engine.ts";
import { sheetPixels, type SheetPicture } from "../../src-main/image/contactSheet.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { drawScene } from "./drawScene.ts";
import { thingResults } from "./metrics.ts";
import { phraseOf, type IconScene } from "./scene.ts";
import { labelOf } from "./variants.ts";
import type { Entry } from "./verdictLog.ts";

export interface SheetRow {
  scene: IconScene;
  /** One for each method, in the same order in all rows. */
  cells: readonly { title: string; entry: Entry; file: string }[];
}

/** More columns than this are too small to see anything in: a scene then takes several rows. */
const MOST_COLUMNS = 6;
/** So many that the sheet is looked at whole. */
const MOST_ROWS = 6;

/**
 * The sheet as pixels, of as many rows as it has room for. Under each picture stand the method and how many things lie in their boxes; each scene begins with what was asked for,
 * as the renderer draws it.
 */
export async function methodsSheet(rows: readonly SheetRow[], title: string, cell: number): Promise<Pixels> {
  const pictures: SheetPicture[] = [];
  const count = 1 + rows[0]!.cells.length;
  const rowsEach = Math.ceil(count / MOST_COLUMNS);
  const columns = Math.ceil(count / rowsEach);
  for (const { scene, cells } of rows.slice(0, Math.max(2, Math.floor(MOST_ROWS / rowsEach)))) {
    const boxes = scene.things.map((thing) => ({ box: thing.box, label: phraseOf(thing) }));
    const wanted = drawScene(scene, cells[0]!.entry.width, cells[0]!.entry.height);
    pictures.push({ width: wanted.width, height: wanted.height, pixels: () => wanted, boxes, caption: ["As asked for", ""] }); // prettier-ignore
    for (const { title, entry, file } of cells) {
      const results = thingResults({ scene, detections: entry.detections });
      const placed = results.filter(({ iou }) => iou >= 0.5).length;
      const { pixels } = decodePng(await readFile(file));
      const { width, height } = pixels;
      const caption = [labelOf(title), `${placed} of ${results.length} in their boxes`];
      pictures.push({ width, height, pixels: () => pixels, boxes, caption });
    }
    // The next scene begins a row.
    while (pictures.length % columns !== 0) pictures.push(nothing(wanted));
  }
  return sheetPixels(pictures, { title, columns, cell, boxes: true, words: "each" });
}

/** An empty place. */
function nothing({ width, height }: Pixels): SheetPicture {
  const data = new Uint8Array(width * height * 4);
  return { width, height, pixels: () => ({ width, height, data }), boxes: [], caption: ["", ""] };
}
