/** Grids of a window: what is asked for is in the project before it is drawn, as runs of cells that have their scene in common. */
import type { CellPlace, GridAsked, GridDetails } from "../api/grids.ts";
import type { HowToDraw, Job } from "../api/main.ts";
import type { StoreApi } from "../api/store.ts";
import { type Cell, cellKey, cellsOf, groupCells } from "../scene/grid.ts";
import { formatSeeds } from "../scene/seeds.ts";
import type { Client } from "../wire/rpc.ts";
import type { Jobs } from "./jobs.ts";

export interface GridDrawingOptions {
  store: Pick<Client<StoreApi>, "saveGrid" | "readGrid" | "beginGridRuns">;
  jobs: Pick<Jobs, "list" | "resume" | "draw">;
  nameOf: (model: GridAsked["model"]) => string;
}

/** Puts a grid into the project, or in the place of one; gives its id. */
export async function keepGrid(
  { store, nameOf }: GridDrawingOptions,
  asked: GridAsked & { id?: number },
): Promise<number> {
  const { name, scene, grid, model, id } = asked;
  const saved = await store.saveGrid({
    name,
    scene,
    grid,
    model,
    modelName: nameOf(model),
    ...(id === undefined ? {} : { id }),
  });
  return saved.id;
}

/** Draws the cells that are neither drawn nor in the queue, or of these alone; what the end of the program cut off goes on where it was. */
export async function drawCells(
  { store, jobs }: GridDrawingOptions,
  details: GridDetails,
  only: readonly CellPlace[] | undefined,
  how: HowToDraw,
  waitsFor: string | null,
): Promise<Job[]> {
  const { id, interrupted, grid, scene } = details;
  const begun: Job[] = [];
  if (!only) for (const runId of interrupted) begun.push(...(await jobs.resume({ runId, ...how }, waitsFor)));
  const queued = new Set(jobs.list().flatMap(owedKeys));
  const cells = missingCells(cellsOf(grid, scene).cells, details, only).filter((cell) => !queued.has(cellKey(cell)));
  const groups = groupCells(cells);
  if (groups.length === 0) return begun;
  const runs = await store.beginGridRuns({
    id,
    runs: groups.map(({ scene, pictures }) => ({
      scene,
      asked: pictures.length,
      seeds: formatSeeds([...new Set(pictures.map(({ seed }) => seed))]),
    })),
  });
  for (const [i, { scene, pictures }] of groups.entries()) {
    begun.push(jobs.draw({ id: runs[i]!, scene, until: null }, pictures, how, waitsFor));
  }
  return begun;
}

/** Those without a picture, in the order of the rows; cells that are asked for by their place are drawn although others wait. */
function missingCells(
  cells: readonly Cell[],
  { cells: states }: GridDetails,
  only: readonly CellPlace[] | undefined,
): Cell[] {
  const wanted = only && new Set(only.map(({ row, column }) => `${row} ${column}`));
  return cells.filter(({ row, column }, i) => !states[i]!.result && (wanted?.has(`${row} ${column}`) ?? true));
}

/** The pictures that a job still owes. */
function owedKeys({ scene, pictures, outcome, until }: Job): string[] {
  if (outcome !== "running" || until !== null) return [];
  return pictures
    .filter(({ state }) => state === "waiting" || state === "drawing")
    .map(({ seed, alternative = null }) => cellKey({ scene, seed, alternative }));
}
