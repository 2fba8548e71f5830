/** The runs of the project, and what can be done with one, wherever it is shown. */
import type { App } from "@api/bridge.ts";
import { formatSeeds } from "@scene/seeds.ts";
import type { ListedRun, ResultInfo, RunDetails, RunQuery } from "@api/store.ts";
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
      if (what === "runs") listener();
    });
  }

  /** The pictures of a run that are neither rejected nor in the bin, in the order of its seeds. */
  async picturesOf(runId: number, limit = 500): Promise<ResultInfo[]> {
    return (await this.#app.api.listResults({ runId, order: "oldest", offset: 0, limit })).results;
  }

  /** Puts its scene into the editor, with the seeds of its pictures; the draft that was there is one undo away. */
  async restore(id: number): Promise<void> {
    const [{ scene }, pictures] = await Promise.all([this.read(id), this.picturesOf(id)]);
    const seeds = pictures.length > 0 ? formatSeeds(pictures.map(({ seed }) => seed)) : "1-4";
    this.#restoring.scene(scene, seeds, "Restore run");
  }

  /** Its pictures side by side, as many as fit. */
  async compare(id: number): Promise<void> {
    const pictures = await this.picturesOf(id);
    this.#results.tray.show(pictures.map(({ id }) => id));
    this.#view.mode = "compare";
  }

  /** Its first picture in Results. */
  async show(id: number): Promise<void> {
    const [first] = await this.picturesOf(id, 1);
    if (first) this.#results.selection.pick(first.id);
    this.#view.mode = "results";
  }
}
