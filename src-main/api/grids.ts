/** The part of the contracts of store and main that is about grids: what is asked for in rows and columns, and what there is of it. */
import type { Grid } from "../scene/grid.ts";
import type { ProviderName, Scene } from "../scene/scene.ts";
import type { GenerateRequest, LoadRequest } from "./engine.ts";

export interface GridInfo {
  id: number;
  created: string;
  name: string;
}

/** A grid, and what its axes change. */
export interface GridAsked {
  name: string;
  scene: Scene;
  grid: Grid;
  /** The checkpoint that all of it is drawn with. */
  model: LoadRequest;
}

/** How the picture of a cell stands in the project. */
export interface CellState {
  /** The newest picture of its scene and seed that is not in the bin; null where there is none. */
  result: { id: number } | null;
  /** What became of it when it was asked for last: `none` where it never was. */
  outcome: "drawn" | "running" | "failed" | "cancelled" | "interrupted" | "none";
  /** Why it could not be drawn. */
  why: string | null;
}

export interface GridDetails extends GridInfo, GridAsked {
  /** What runs call its checkpoint. */
  modelName: string;
  /** In the order of `cellsOf`. */
  cells: CellState[];
  /** Its runs that the end of the program cut off. */
  interrupted: number[];
}

/** A run of cells that have their scene in common. */
export interface GridRun {
  scene: Scene;
  asked: number;
  /** As a person writes them. */
  seeds: string;
}

/** Grids as they are looked through, and let go: window and store speak of them in the same words. */
interface SharedCalls {
  /** Newest first. */
  listGrids(): Promise<GridInfo[]>;
  readGrid(request: { id: number }): Promise<GridDetails>;
  /** Grids that the end of the program left unfinished, with their runs that go on; the oldest first. */
  unfinishedGrids(): Promise<(GridInfo & { runs: number[] })[]>;
  renameGrid(request: { id: number; name: string }): Promise<void>;
  /** Its pictures stay. It can be undeleted until the project is closed. */
  deleteGrid(request: { id: number }): Promise<void>;
  undeleteGrid(request: { id: number }): Promise<void>;
}

/** Calls of the store; see store.ts. */
export interface GridStoreCalls extends SharedCalls {
  /** Puts a grid into the project, or in the place of one that is there: with more cells, what is drawn already stays. */
  saveGrid(request: GridAsked & { modelName: string; id?: number }): Promise<GridInfo>;
  /** Puts all runs on record that draw cells of a grid, or none of them; gives their ids. */
  /** What there is already of a grid that is not in the project, in the order of `cellsOf`. */
  findCells(
    request: Pick<GridAsked, "scene" | "grid"> & { modelName: string; provider: ProviderName },
  ): Promise<CellState["result"][]>;
  beginGridRuns(request: { id: number; runs: GridRun[] }): Promise<number[]>;
}

export interface CellPlace {
  row: number;
  column: number;
}

/** Calls of main; see main.ts. */
export interface GridCalls extends SharedCalls {
  /** What there is already of a grid that is being made, in the order of `cellsOf`. */
  findCells(request: Pick<GridAsked, "scene" | "grid" | "model">): Promise<CellState["result"][]>;
  /** Puts a grid into the project (`id`: in the place of that one) and draws what it has not yet; the rest comes as events of its jobs. */
  beginGrid(request: GridAsked & HowToLook & { id?: number }): Promise<GridBegun>;
  /** Draws those cells of a grid that are not drawn and not in the queue, or of these alone; what was cut off goes on where it was. */
  drawGrid(request: { id: number; cells?: CellPlace[] } & HowToLook): Promise<GridBegun>;
}

/** Which grid it is, and how many pictures were put into the queue. */
export interface GridBegun {
  id: number;
  pictures: number;
}

type HowToLook = Pick<GenerateRequest, "previewEvery" | "attention">;
