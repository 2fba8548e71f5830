/** What a grid that is being asked for will cost: pictures that are there already, those that are to be drawn, and how long they take. */
import type { App } from "@api/bridge.ts";
import type { LoadRequest } from "@api/engine.ts";
import type { CellState } from "@api/grids.ts";
import { expandScene } from "@scene/alternatives.ts";
import { type Cell, cellKey, type Grid, type GridCells, groupCells } from "@scene/grid.ts";
import type { Scene } from "@scene/scene.ts";

interface Asked {
  scene: Scene;
  grid: Grid;
  model: LoadRequest;
  cells: GridCells;
}

/** After the last change, in milliseconds. */
const ASK_AFTER = 250;
/** Scenes that take their time each in their own way: of more, the others are taken for the mean of these. */
const MOST_ASKED = 24;

export class GridCost {
  /** Different pictures of the grid. */
  pictures = $state(0);
  /** Of these, those that are in the project; undefined until that is known. */
  known: number | undefined = $state();
  /** For the others; undefined before any was timed. */
  seconds: number | undefined = $state();
  /** What there is, in the order of the cells. */
  found: readonly CellState["result"][] | undefined = $state.raw();
  readonly #app: App;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(app: App) {
    this.#app = app;
  }

  /** Counts at once, and asks a moment later; undefined asks nothing. */
  ask(asked: Asked | undefined): void {
    const turn = ++this.#asked;
    clearTimeout(this.#timer);
    this.known = this.seconds = this.found = undefined;
    this.pictures = asked ? new Set(asked.cells.cells.map(cellKey)).size : 0;
    if (asked) this.#timer = setTimeout(() => void this.#answer(asked, turn), ASK_AFTER);
  }

  async #answer({ scene, grid, model, cells }: Asked, turn: number): Promise<void> {
    try {
      const found = await this.#app.api.findCells({ scene, grid, model });
      if (turn !== this.#asked) return;
      this.found = found;
      const missing = cells.cells.filter((_, i) => found[i] === null);
      this.known = this.pictures - new Set(missing.map(cellKey)).size;
      const seconds = await this.#secondsOf(missing);
      if (turn === this.#asked) this.seconds = seconds;
    } catch {
      // The engine or the store is gone: the banner says so, and the next change asks again.
    }
  }

  /** As the engine has timed steps of this kind; undefined where it has not. */
  async #secondsOf(missing: readonly Cell[]): Promise<number | undefined> {
    const kinds = new Map<string, { scene: Scene; pictures: number }>();
    for (const { scene, pictures } of groupCells(missing)) {
      const key = JSON.stringify([scene.settings, scene.regions.length]);
      const kind = kinds.get(key) ?? { scene, pictures: 0 };
      kinds.set(key, { ...kind, pictures: kind.pictures + pictures.length });
    }
    const asked = [...kinds.values()].slice(0, MOST_ASKED);
    const checks = await Promise.all(asked.map(({ scene }) => this.#app.api.check(expandScene(scene)[0]!.scene)));
    if (checks.some(({ estimatedSeconds }) => estimatedSeconds === undefined)) return undefined;
    const timed = asked.reduce((sum, { pictures }, i) => sum + pictures * checks[i]!.estimatedSeconds!, 0);
    const count = asked.reduce((sum, { pictures }) => sum + pictures, 0);
    const all = [...kinds.values()].reduce((sum, { pictures }) => sum + pictures, 0);
    return count === 0 ? 0 : (timed * all) / count;
  }
}
