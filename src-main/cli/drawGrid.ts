/** `render --grid`: the cells of a grid as pictures of their own, and all of them in one picture with what each row and column is. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { GeneratedImage } from "../api/engine.ts";
import { metadataTexts } from "../image/metadata.ts";
import { decodePng, encodePng, withTexts } from "../image/png.ts";
import { sheetTexts } from "../image/sheetRecords.ts";
import { captionLines, sharedSettings, sheetBoxes } from "../image/sheetText.ts";
import { expandScene } from "../scene/alternatives.ts";
import { type Cell, cellKey, type GridCells, groupCells } from "../scene/grid.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";
import type { Drawing, DrawingEngine } from "./drawing.ts";
import { meanObedience, shortPath } from "./drawPictures.ts";
import { drawLeft } from "./drawLeft.ts";
import { fileStem } from "./pictureFolder.ts";
import type { SavedPicture } from "./unfinishedRun.ts";

/** Pictures that a grid makes; cells that are the same picture are drawn once. */
export const countGrid = ({ cells }: GridCells): number =>
  groupCells(cells).reduce((sum, { pictures }) => sum + pictures.length, 0);

/** What is drawn in one go. */
interface Order {
  /** As the grid has it, with what else its prompt could say. */
  scene: Scene;
  drawn: Scene;
  alternative: string | null;
  seeds: Seed[];
}

/**
 * Draws every cell that can be drawn and is not there yet, saves each as it comes, and the grid of them at last. Throws where a cell could
 * not be drawn, and where it is cut off: the cells are there then, and the rest is kept as `unfinished`.
 */
export async function drawGrid(
  engine: DrawingEngine,
  grid: GridCells & { title: string },
  { options, folder, progress, cwd, started, unfinished }: Drawing,
): Promise<void> {
  const stem = fileStem(basename(options.scenePath).replace(/\.json$/i, ""));
  const orders = ordersOf(grid.cells);
  const saved = new Map<string, SavedPicture>();
  for (const { scene, drawn, alternative, seeds } of orders) {
    for (const seed of seeds) {
      const before = unfinished?.savedBefore({ scene: drawn, seed });
      if (before) saved.set(cellKey({ scene, seed, alternative }), before);
    }
  }
  let done = 0; // pictures of the orders before
  let order: Order | undefined;
  let saving = Promise.resolve();
  const save = async (image: GeneratedImage, { scene, drawn, alternative }: Order, index: number) => {
    const record = alternative === null ? image.record : { ...image.record, alternative };
    const cell = { scene, seed: image.seed, alternative };
    const { row, column } = grid.cells.find((one) => cellKey(one) === cellKey(cell))!;
    const png = encodePng(image.pixels, metadataTexts(record));
    const path = await folder.save(`${stem}-${fileStem(nameOf(grid, row, column))}-seed${image.seed}`, png);
    saved.set(cellKey(cell), { path, record });
    unfinished?.done({ scene: drawn, seed: image.seed }, path);
    progress.image({ ...image, record, index }, shortPath(cwd, path));
  };
  const indexOf = (seed: Seed) => done + order!.seeds.indexOf(seed);
  const unlisten = [
    engine.on("step", (event) => progress.step({ ...event, queueSecondsLeft: undefined, index: indexOf(event.seed) })),
    engine.on("image", (image) => {
      const [of, index] = [order!, indexOf(image.seed)];
      saving = saving.then(() => save(image, of, index));
      saving.catch(() => undefined); // told when it is waited for
      return saving;
    }),
  ];
  const failures: { words: string; why: unknown }[] = [];
  try {
    for (order of orders) {
      const { drawn: scene, seeds } = order;
      try {
        const start = started.picture ? { start: started.picture } : {};
        await drawLeft(engine, { scene, seeds, ...start }, { unfinished, progress });
      } catch (error) {
        // What ends all of them ends all; what one cell cannot be drawn with leaves the others.
        if (isAppError(error, "cancelled") || isAppError(error, "service-crashed")) throw error;
        const words = wordsOf(grid, order);
        failures.push({ words, why: error });
        progress.warning(`${words}: ${messageOf(error)}`);
      }
      await saving;
      done += seeds.length;
    }
    await saving;
    await writeGrid();
  } finally {
    for (const stop of unlisten) stop();
    await saving.catch(() => undefined); // told by whoever waits for it in turn
  }
  const files = [...saved.values()].map(({ path }) => shortPath(cwd, path));
  const obedience = meanObedience([...saved.values()].map(({ record }) => record.obedience));
  progress.done({ finished: saved.size, requested: countGrid(grid), files, obedience });
  const [first] = failures;
  if (!first) unfinished?.end();
  else {
    const code = isAppError(first.why) ? first.why : undefined;
    const message = `${countGrid(grid) - saved.size} of ${countGrid(grid)} pictures could not be drawn (${first.words}: ${messageOf(first.why)}). The same command with --resume tries them alone.`;
    throw code
      ? new AppError(code.code, message, code.details, { cause: code })
      : new Error(message, { cause: first.why });
  }

  async function writeGrid(): Promise<void> {
    const there = grid.cells.flatMap((cell) => {
      const known = saved.get(cellKey(cell));
      return known ? [{ ...known, place: cell.row * grid.columns.length + cell.column }] : [];
    });
    if (there.length === 0) return;
    const { sheetPngs } = await import("../image/contactSheet.ts"); // large: only those wait for it who want a sheet
    const records = there.map(({ record }) => record);
    const pictures = there.map(({ path, record }) => {
      const { width, height } = record.scene.settings;
      const pixels = () => decodePng(readFileSync(path)).pixels;
      return { width, height, pixels, caption: captionLines(record, ["score"], ""), boxes: sheetBoxes(record.scene) };
    });
    const plan = { rows: grid.rows, columns: grid.columns, places: there.map(({ place }) => place) };
    const look = { title: grid.title, footer: sharedSettings(records), boxes: true, grid: plan };
    for (const { png, pictures: on } of sheetPngs(pictures, look)) {
      const sheet = withTexts(png, sheetTexts(on.map((n) => records[n]!)));
      progress.sheet(shortPath(cwd, await folder.save(`${stem}-grid`, sheet)));
    }
  }
}

/** Pictures of one scene are one order, or one for each alternative of its prompt. */
export function ordersOf(cells: readonly Cell[]): Order[] {
  return groupCells(cells).flatMap(({ scene, pictures }) => {
    const expanded = expandScene(scene);
    const byWords = Map.groupBy(pictures, ({ alternative }) => alternative);
    return [...byWords].map(([alternative, own]): Order => {
      const drawn = expanded.find(({ words = null }) => words === alternative)!.scene;
      return { scene, drawn, alternative, seeds: own.map(({ seed }) => seed) };
    });
  });
}

const nameOf = ({ rows, columns }: GridCells, row: number, column: number) =>
  [rows[row]!, columns[column]!].filter((words) => words !== "" && !/^Seed \d+$/.test(words)).join("-") || "cell";

/** The cells of an order, as a person knows them: by the row or the column that all of them are in, else by the first. */
function wordsOf(grid: GridCells & { title: string }, { scene, alternative, seeds }: Order): string {
  const keys = new Set(seeds.map((seed) => cellKey({ scene, seed, alternative })));
  const cells = grid.cells.filter((cell) => keys.has(cellKey(cell)));
  const [first] = cells as [Cell];
  const row = cells.every((one) => one.row === first.row) ? grid.rows[first.row]! : "";
  const column = cells.every((one) => one.column === first.column) ? grid.columns[first.column]! : "";
  return [row, column].filter((words) => words !== "").join(", ") || grid.title;
}
