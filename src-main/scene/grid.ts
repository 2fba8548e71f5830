/**
 * Grids: pictures in rows and columns, each row and each column with a value of its own of what shall be compared. Here a grid is what
 * is asked for; what was drawn of it is in the project, as pictures of its cells' scenes and seeds.
 */
import { AppError, isAppError } from "../wire/errors.ts";
import { expandScene } from "./alternatives.ts";
import type { Problem } from "./fields.ts";
import type { SettingChanges } from "./flatSettings.ts";
import { type Axis, axisTitle, type Choice, choicesOf, subjectOf } from "./gridAxes.ts";
import { pictureKey } from "./samePicture.ts";
import type { Scene, Seed } from "./scene.ts";
import { changeSettings } from "./settingChanges.ts";

export type { Axis, AxisValue, Layout } from "./gridAxes.ts";

/** Rows of a grid, and columns: all of its cells fit on a sheet. */
export const MOST_IN_AXIS = 30;

export interface Grid {
  /** Null where nothing varies that way: there is one row then. One of the two there always is. */
  rows: Axis | null;
  columns: Axis | null;
  /** Of all cells, where neither rows nor columns are seeds. */
  seed: Seed;
}

/** A picture that a scene makes: its seed and, where its prompt has alternatives, the words that are chosen for it. */
export interface Cell {
  row: number;
  column: number;
  scene: Scene;
  seed: Seed;
  alternative: string | null;
}

export interface GridCells {
  /** What they say in front of each row and above each column; empty where nothing varies that way. */
  rows: string[];
  columns: string[];
  /** Row by row. */
  cells: Cell[];
}

const ONE: readonly Choice[] = [{ label: "" }];

/** The cells of a grid over a scene. Throws `scene-invalid` with the place of what is wrong: `rows`, `columns` or one of their values. */
export function cellsOf(grid: Grid, scene: Scene): GridCells {
  const { rows, columns } = grid;
  if (!rows && !columns) throw wrong("rows", "a grid needs rows or columns that vary something");
  if (rows && columns && subjectOf(rows) === subjectOf(columns)) {
    throw wrong("columns", `rows and columns both vary ${subjectOf(rows)}; choose something else for one of them`);
  }
  const down = choicesAt("rows", rows, scene);
  const across = choicesAt("columns", columns, scene);
  /** Cells that differ in their seed alone have one scene. */
  const scenes = new Map<string, Scene>();
  const cells = down.flatMap((row, r) =>
    across.map((column, c): Cell => {
      const at = rows ? `rows[${r}]` : `columns[${c}]`;
      const where = [row.label, column.label].filter((label) => label !== "").join(", ");
      const { seed = grid.seed, alternative = null } = { ...row, ...column };
      const key = `${changes(row) ? r : ""} ${changes(column) ? c : ""}`;
      const made = scenes.get(key) ?? sceneOf(scene, [row, column], at, where);
      scenes.set(key, made);
      refuseOthers(made, alternative, at, where);
      return { row: r, column: c, scene: made, seed, alternative };
    }),
  );
  return { rows: down.map(({ label }) => label), columns: across.map(({ label }) => label), cells };
}

/** What a grid compares, in words: "Method × Seed". */
export function gridTitle({ rows, columns }: Grid, scene: Scene): string {
  return [rows, columns].flatMap((axis) => (axis ? axisTitle(axis, scene) : [])).join(" × ");
}

/** Equal for cells whose pictures are the same, so that they are drawn once. */
export function cellKey({ scene, seed, alternative }: Pick<Cell, "scene" | "seed" | "alternative">): string {
  return JSON.stringify([keyOf(scene), seed, alternative]);
}

/** Cells of a row share their scene: its key is made once. */
const keys = new WeakMap<Scene, string>();
function keyOf(scene: Scene): string {
  const known = keys.get(scene) ?? pictureKey(scene);
  keys.set(scene, known);
  return known;
}

/** Cells of one scene, which are drawn as one run. */
export interface CellGroup {
  scene: Scene;
  pictures: Pick<Cell, "seed" | "alternative">[];
}

/** The runs that draw these cells, each picture once, in the order of the cells. */
export function groupCells(cells: readonly Cell[]): CellGroup[] {
  const groups = new Map<string, CellGroup>();
  const seen = new Set<string>();
  for (const cell of cells) {
    const picture = cellKey(cell);
    if (seen.has(picture)) continue;
    seen.add(picture);
    const key = keyOf(cell.scene);
    const group = groups.get(key) ?? { scene: cell.scene, pictures: [] };
    group.pictures.push({ seed: cell.seed, alternative: cell.alternative });
    groups.set(key, group);
  }
  return [...groups.values()];
}

const changes = ({ change, settings }: Choice) => change !== undefined || settings !== undefined;

function choicesAt(at: "rows" | "columns", axis: Axis | null, scene: Scene): readonly Choice[] {
  if (!axis) return ONE;
  const choices = choicesOf(axis, scene);
  if (choices.length === 0) {
    const nothing =
      axis.kind === "prompts"
        ? "the prompt has no alternatives; write some, as in {red|blue}"
        : `${axisTitle(axis, scene)} has no value; give at least one`;
    throw wrong(at, nothing);
  }
  if (choices.length > MOST_IN_AXIS) {
    throw wrong(at, `${choices.length} values are too many; the most are ${MOST_IN_AXIS}`);
  }
  const labels = choices.map(({ label }) => label);
  const twice = axis.kind === "layouts" ? -1 : labels.findIndex((label, i) => labels.indexOf(label) < i);
  if (twice >= 0) throw wrong(`${at}[${twice}]`, `${labels[twice]!} is there twice; leave one of them out`);
  return choices;
}

/** A layout brings boxes and prompt, which what changes one box is then done to. */
function sceneOf(scene: Scene, choices: readonly Choice[], at: string, where: string): Scene {
  const problems: Problem[] = [];
  const wanted = choices.reduce<SettingChanges>((all, one) => ({ ...all, ...one.settings }), {});
  const settings = Object.keys(wanted).length > 0 ? changeSettings(scene.settings, wanted, problems) : scene.settings;
  if (problems[0]) throw wrong(at, `${where}: ${problems[0].at} ${problems[0].message}`);
  try {
    return choices.reduce((made, { change }) => change?.(made) ?? made, { ...scene, settings });
  } catch (error) {
    if (isAppError(error, "scene-invalid")) throw wrong(at, error.message);
    throw error;
  }
}

/** A cell is one picture: where the prompt has alternatives, one of them is meant. */
function refuseOthers(scene: Scene, alternative: string | null, at: string, where: string): void {
  const words = wordsOf(scene);
  if (alternative === null ? words.length > 1 : !words.includes(alternative)) {
    const problem =
      alternative === null
        ? "the prompt has alternatives in { }: make them the rows or the columns, or take them out"
        : `${where}: this layout's prompt has no such alternative`;
    throw wrong(at, problem);
  }
}

const expanded = new WeakMap<Scene, (string | undefined)[]>();
function wordsOf(scene: Scene): (string | undefined)[] {
  const known = expanded.get(scene) ?? expandScene(scene).map(({ words }) => words);
  expanded.set(scene, known);
  return known;
}

function wrong(at: string, message: string): AppError<"scene-invalid"> {
  return new AppError("scene-invalid", `${at}: ${message}`, { at });
}
