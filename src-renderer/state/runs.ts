/** The runs of the project, and what can be done with one, wherever it is shown. */
import type { App } from "@api/bridge.ts";
import { formatSeeds } from "@scene/seeds.ts";
import type { ListedRun, ResultInfo, ResultState, RunDetails, RunQuery } from "@api/store.ts";
import type { Restoring } from "./restoring.ts";
import type { Results } from "./results.svelte.ts";
import type { View } from "./view.svelte.ts";

export class Runs {
  readonly #app: App;
  readonly #results: Results;
  readonly #view: View;
  readonly #restoring: Restoring;

  constructor(app: App, results: Results, view: View, restoring: Restoring) {
    this.#app = app;
    this.#results = results;
    this.#view = view;
    this.#restoring = restoring;
  }

  list(query: RunQuery): Promise<{ runs: ListedRun[]; total: number }> {
    return this.#app.api.listRuns(query);
  }

  read(id: number): Promise<RunDetails> {
    return this.#app.api.readRun({ id });
  }

  /** Called when they have changed, until the function returned is called. */
  onChange(listener: () => void): () => void {
    return this.#app.on("changed", ({ what }) => {
      if (what === "runs" || what === "grids") listener(); // a run says which grid it is of
    });
  }

  /** The pictures of a run that are in this state, in the order in which they came. */
  async picturesOf(runId: number, limit = 500, state: ResultState = "kept"): Promise<ResultInfo[]> {
    return (await this.#app.api.listResults({ runId, state, order: "oldest", offset: 0, limit })).results;
  }

  /** All pictures of a run that are there: those kept and rejected in the order in which they came, and those in the bin. */
  async allOf(runId: number): Promise<{ shown: ResultInfo[]; binned: ResultInfo[] }> {
    const states = ["kept", "rejected", "binned"] as const;
    const [kept, rejected, binned] = await Promise.all(states.map((state) => this.picturesOf(runId, 500, state)));
    return { shown: [...kept!, ...rejected!].sort((a, b) => a.id - b.id), binned: binned! };
  }

  /** The picture that stands for a run: the first that is kept, or else that was rejected. */
  async firstOf(runId: number): Promise<number | undefined> {
    const [kept] = await this.picturesOf(runId, 1);
    return (kept ?? (await this.picturesOf(runId, 1, "rejected"))[0])?.id;
  }

  /** Pictures of a run in Results, on the shelf where they are. */
  async reveal(pictures: readonly ResultInfo[]): Promise<void> {
    await this.#results.reveal(pictures);
  }

  /** Puts its scene into the editor, with the seeds of its pictures; the draft that was there is one undo away. */
  async restore(id: number): Promise<void> {
    const [{ scene }, kept] = await Promise.all([this.read(id), this.picturesOf(id)]);
    const pictures = kept.length > 0 ? kept : (await this.allOf(id)).shown;
    const seeds = pictures.length > 0 ? formatSeeds(pictures.map(({ seed }) => seed)) : "1-4";
    this.#restoring.scene(scene, seeds, "Use the scene of a run", undefined, {
      origin: { run: id, result: null, how: "scene" },
    });
  }

  /** Its pictures side by side, as many as fit. */
  async compare(id: number): Promise<void> {
    const pictures = await this.picturesOf(id);
    this.#results.tray.show(pictures.map(({ id }) => id));
    this.#view.mode = "compare";
  }

  /** Its pictures in Results. */
  async show(id: number): Promise<void> {
    const { shown, binned } = await this.allOf(id);
    await this.reveal(shown.length > 0 ? shown : binned);
  }
}
