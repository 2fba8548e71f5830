/** Grids in the window: the one that is shown and how it fills, and what rows and columns are being asked for. */
import type { App } from "@api/bridge.ts";
import type { LoadRequest } from "@api/engine.ts";
import type { CellPlace, CellState, GridDetails, GridInfo } from "@api/grids.ts";
import { asWritten, expandScene } from "@scene/alternatives.ts";
import { type Cell, cellKey, cellsOf, type Grid, type GridCells, gridTitle, type Layout } from "@scene/grid.ts";
import type { Scene } from "@scene/scene.ts";
import { formatSeeds, readSeeds } from "@scene/seeds.ts";
import { messageOf } from "@wire/errors.ts";
import { sceneToDraw } from "./document.ts";
import type { Editor } from "./editor.svelte.ts";
import { GridCost } from "./gridCost.svelte.ts";
import { type AxisForm, axisItems, formOfAxis, readGridForm, usualForm } from "./gridSetup.ts";
import type { Jobs, LivePicture } from "./jobs.svelte.ts";
import { layoutsToChoose } from "./layoutChoices.ts";
import { DEMO_REQUEST } from "./models.svelte.ts";
import type { Notices } from "./notices.svelte.ts";
import type { Restoring } from "./restoring.ts";
import type { Results } from "./results.svelte.ts";
import type { View } from "./view.svelte.ts";
import { howToDraw } from "./wishes.svelte.ts";

/** Rows and columns as they stand in the form, and the scene that they change. */
export interface Setup {
  /** The grid that it changes; undefined makes a new one. */
  id: number | undefined;
  scene: Scene;
  model: LoadRequest;
  rows: AxisForm;
  columns: AxisForm;
  /** Of all cells, where neither rows nor columns are seeds. */
  seed: string;
  layouts: readonly Layout[];
}

/** A cell, and how it stands. */
export interface ShownCell extends Cell, CellState {
  /** What its row and its column say. */
  words: string;
  live: LivePicture | undefined;
}

interface Parts {
  app: App;
  editor: Editor;
  jobs: Jobs;
  results: Results;
  view: View;
  notices: Notices;
  restoring: Restoring;
}

/** Columns of a new grid. */
const MOST_SEEDS = 6;
/** After a picture came, until the grid is looked at again, in milliseconds. */
const LOOK_AFTER = 120;

export class Grids {
  /** Of the project, newest first. */
  list: readonly GridInfo[] = $state.raw([]);
  /** Those that the end of the program left unfinished. */
  unfinished: readonly (GridInfo & { runs: number[] })[] = $state.raw([]);
  /** The one that is shown; its cells as they stood when it was looked at last. */
  shown: GridDetails | undefined = $state.raw();
  setup: Setup | undefined = $state.raw();
  /** The cell that has the focus. */
  place: CellPlace = $state.raw({ row: 0, column: 0 });
  starting = $state(false);
  readonly cost: GridCost;
  readonly #parts: Parts;
  /** Pictures that came since the grid was looked at, by their cells. */
  #came: ReadonlyMap<string, number> = $state.raw(new Map<string, number>());
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.cost = new GridCost(parts.app);
    parts.app.on("changed", ({ what }) => {
      if (what === "grids") void parts.notices.attempt(() => this.look());
      if ((what === "results" || what === "runs") && this.shown) this.#lookSoon();
    });
    parts.app.on("image", ({ jobId, index, result }) => {
      const picture = parts.jobs.pending.find((one) => one.jobId === jobId && one.index === index);
      if (!picture || !this.shown || result.scouted !== null) return;
      this.#came = new Map(this.#came).set(liveKey(picture), result.id);
    });
  }

  /** What the form says: a grid, or what is wrong with it and where. */
  readonly asked: { grid: Grid; cells: GridCells } | { problem: string; at: "rows" | "columns" } | undefined =
    $derived.by(() => {
      const { setup } = this;
      if (!setup) return undefined;
      const read = readGridForm(setup.rows, setup.columns, setup.layouts, setup.seed);
      if ("problem" in read) return read;
      try {
        return { ...read, cells: cellsOf(read.grid, setup.scene) };
      } catch (error) {
        const message = messageOf(error);
        const at = message.startsWith("columns") ? ("columns" as const) : ("rows" as const);
        const plain = message.replace(/^(rows|columns)(\[\d+\])?: /, "");
        return { problem: `${plain.charAt(0).toUpperCase()}${plain.slice(1)}.`, at };
      }
    });

  /** Whether the form says the grid that is shown. */
  readonly isAsShown = $derived.by(() => {
    const { asked, shown, setup } = this;
    if (!asked || !("grid" in asked) || !shown || setup?.id !== shown.id) return false;
    return JSON.stringify([asked.grid, setup.scene]) === JSON.stringify([shown.grid, shown.scene]);
  });

  /** The rows, columns and cells that are shown: of the grid, or of the form while that says another. */
  readonly cells: GridCells | undefined = $derived.by(() => {
    const { asked, shown } = this;
    if (asked && "cells" in asked) return asked.cells;
    return shown && cellsOf(shown.grid, shown.scene);
  });

  /** The cells with what there is of each, in their order. */
  readonly all: readonly ShownCell[] = $derived.by(() => {
    const { cells, shown } = this;
    if (!cells) return [];
    const states = this.isAsShown ? shown!.cells : undefined;
    const live = new Map(this.#parts.jobs.pending.map((one) => [liveKey(one), one]));
    return cells.cells.map((cell, i): ShownCell => {
      const words = [cells.rows[cell.row]!, cells.columns[cell.column]!].filter((text) => text !== "").join(", ");
      const key = cellKey(cell);
      const came = this.#came.get(key);
      const found = came === undefined ? (this.cost.found?.[i] ?? null) : { id: came };
      const outcome = found ? ("drawn" as const) : ("none" as const);
      const known = states?.[i];
      const state = known && (known.result || came === undefined) ? known : { result: found, outcome, why: null };
      return { ...cell, ...state, words, live: state.result ? undefined : live.get(key) };
    });
  });

  get current(): ShownCell | undefined {
    const { row, column } = this.place;
    return this.all.find((cell) => cell.row === row && cell.column === column);
  }

  /** Pictures that are there, in the order of the cells. */
  get drawn(): ShownCell[] {
    return this.all.filter(({ result }) => result !== null);
  }

  /** Cells that are neither drawn nor in the queue. */
  get missing(): ShownCell[] {
    return this.all.filter(({ result, live }) => result === null && live === undefined);
  }

  /** Another project: its grids, and those that were left unfinished; gives the runs of these, which go on as one. */
  async open(): Promise<ReadonlySet<number>> {
    this.shown = this.setup = undefined;
    this.list = [];
    await this.look();
    this.unfinished = await this.#parts.app.api.unfinishedGrids();
    return new Set(this.unfinished.flatMap(({ runs }) => runs));
  }

  async look(): Promise<void> {
    const { api } = this.#parts.app;
    this.list = await api.listGrids();
    const { shown } = this;
    if (shown && !this.list.some(({ id }) => id === shown.id)) this.shown = this.setup = undefined;
  }

  /** Shows a grid of the project, the newest where none is named. */
  async show(id = this.list[0]?.id): Promise<void> {
    if (id === undefined) {
      await this.begin();
      return;
    }
    const shown = await this.#parts.app.api.readGrid({ id });
    const { scene, model, grid } = shown;
    this.shown = shown;
    const layouts = [grid.rows, grid.columns].flatMap((axis) => (axis?.kind === "layouts" ? axis.layouts : []));
    const forms = { rows: formOfAxis(grid.rows), columns: formOfAxis(grid.columns), seed: grid.seed };
    this.#set({ id, scene, model, ...forms, layouts });
    this.setup = { ...this.setup!, layouts: await layoutsToChoose(this.#parts.app, scene, layouts) };
  }

  /** A new grid, of the scene on the canvas. */
  async begin(): Promise<void> {
    const { app, editor } = this.#parts;
    const scene = sceneToDraw(editor.document);
    const layouts = await layoutsToChoose(app, scene, []);
    const read = readSeeds(editor.document.seeds);
    const seeds = formatSeeds("seeds" in read ? read.seeds.slice(0, MOST_SEEDS) : ["1", "2", "3", "4"]);
    const usual = (key: string) => usualForm(key, scene, { seeds, layouts });
    const hasAlternatives = axisItems(scene).some(({ value }) => value === "prompts");
    this.shown = undefined;
    this.#set({
      ...{ id: undefined, scene, model: editor.document.model ?? DEMO_REQUEST, layouts },
      ...{ rows: usual(hasAlternatives ? "prompts" : "setting:method"), columns: usual("seeds"), seed: "1" },
    });
  }

  /** Rows are the layouts of these pictures and the named versions, columns their seeds. */
  async ofCompared(ids: readonly number[]): Promise<void> {
    const { app, editor, results, view } = this.#parts;
    const all = await Promise.all(ids.map((id) => results.details.read(id)));
    const [first] = all;
    if (!first) return;
    const scene = asWritten(first.record.scene);
    const own = all.map(({ record }) => asWritten(record.scene));
    const layouts = await layoutsToChoose(app, scene, [], [...own, sceneToDraw(editor.document)]);
    const seeds = [...new Set(all.map(({ seed }) => seed))];
    this.shown = undefined;
    this.#set({
      ...{ id: undefined, scene, model: editor.document.model ?? DEMO_REQUEST, layouts, seed: seeds[0]! },
      rows: usualForm("layouts", scene, { seeds: "", layouts }),
      columns: formOfAxis({ kind: "seeds", seeds }),
    });
    view.mode = "grids";
  }

  /** Changes what the form says. */
  change(changes: Partial<Pick<Setup, "rows" | "columns" | "seed">>): void {
    if (this.setup) this.#set({ ...this.setup, ...changes });
  }

  /** Puts the grid of the form into the project, in place of the one that it was made of or beside it, and draws what is not there. */
  async start({ asNew = false } = {}): Promise<void> {
    const { setup, asked } = this;
    if (!setup || !asked || !("grid" in asked) || this.starting) return;
    const { app, view } = this.#parts;
    const { id, scene, model } = setup;
    this.starting = true;
    try {
      const { previewEvery, attention } = howToDraw(scene, model);
      const name = gridTitle(asked.grid, scene).slice(0, 200);
      const request = { name, scene, grid: asked.grid, model, previewEvery, attention };
      const begun = await app.api.beginGrid(id === undefined || asNew ? request : { ...request, id });
      this.unfinished = this.unfinished.filter((one) => one.id !== begun.id);
      await this.show(begun.id);
      view.mode = "grids";
    } finally {
      this.starting = false;
    }
  }

  /** Draws what is missing of a grid, or these cells alone. */
  async draw(id: number, cells?: readonly CellPlace[]): Promise<void> {
    const { scene, model } = this.setup ?? {};
    const look = scene && model ? howToDraw(scene, model) : { previewEvery: 5, attention: true };
    const { previewEvery, attention } = look;
    const only = cells ? { cells: cells.map(({ row, column }) => ({ row, column })) } : {};
    await this.#parts.app.api.drawGrid({ id, ...only, previewEvery, attention });
    this.unfinished = this.unfinished.filter((one) => one.id !== id);
    if (this.shown?.id === id) await this.#lookAtShown();
  }

  /** Shows a grid, from wherever it is asked for. */
  async reveal(id: number): Promise<void> {
    await this.show(id);
    this.#parts.view.mode = "grids";
  }

  /** Goes on with what the end of the program cut off, and shows it. */
  async goOn(id: number): Promise<void> {
    await this.reveal(id);
    await this.draw(id);
  }

  /** It is not offered again. */
  async leave(id: number): Promise<void> {
    const runs = this.unfinished.find((one) => one.id === id)?.runs ?? [];
    this.unfinished = this.unfinished.filter((one) => one.id !== id);
    for (const runId of runs) await this.#parts.app.api.leaveUnfinished({ runId });
  }

  /** What of the grid waits, or is being drawn, is not wanted any more. */
  async cancel(): Promise<void> {
    const pending = this.all.flatMap(({ live }) => live ?? []);
    await Promise.all(pending.map(({ jobId, index }) => this.#parts.jobs.cancel({ jobId, index })));
  }

  /** Scene and seed of a cell, in the editor: a step of undo. */
  take(cell: Cell & { words: string }): void {
    const chosen = expandScene(cell.scene).find(({ words = null }) => words === cell.alternative)?.scene ?? cell.scene;
    const said = `The canvas has the scene, settings and seed of “${cell.words}”.`;
    this.#parts.restoring.scene(asWritten(chosen), cell.seed, `Use “${cell.words}”`, said, { stay: true });
  }

  /** For good when the project is closed; until then a step of undo. */
  async remove({ id, name }: GridInfo): Promise<void> {
    const { app, editor } = this.#parts;
    await app.api.deleteGrid({ id });
    editor.record(`Delete grid “${name}”`, {
      undo: () => app.api.undeleteGrid({ id }),
      redo: () => app.api.deleteGrid({ id }),
    });
    await this.look();
    if (!this.setup) await this.show();
  }

  #set(setup: Setup): void {
    this.setup = setup;
    const { row, column } = this.place;
    const { cells } = this;
    if (cells && (row >= cells.rows.length || column >= cells.columns.length)) this.place = { row: 0, column: 0 };
    const { asked } = this;
    this.cost.ask(asked && "grid" in asked ? { ...setup, ...asked } : undefined);
  }

  #lookSoon(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#parts.notices.attempt(() => this.#lookAtShown());
    }, LOOK_AFTER);
  }

  async #lookAtShown(): Promise<void> {
    const { shown } = this;
    if (!shown) return;
    const before = this.#came;
    const now = await this.#parts.app.api.readGrid({ id: shown.id });
    if (this.shown?.id === now.id) this.shown = now;
    this.#came = new Map([...this.#came].filter(([key]) => !before.has(key)));
  }
}

const liveKey = ({ job: { scene }, seed, alternative }: LivePicture) =>
  cellKey({ scene, seed, alternative: alternative ?? null });
