/** Variants of results that are drawn to be compared: the same noise with the layout as it is now. Each comes into Compare when it is done. */
import { asWritten } from "@scene/alternatives.ts";
import type { App } from "@api/bridge.ts";
import type { LoadRequest } from "@api/engine.ts";
import type { Scene } from "@scene/scene.ts";
import type { ResultDetails } from "@api/store.ts";
import type { Document } from "./document.ts";
import { requestFor } from "./wishes.svelte.ts";
import type { Jobs, LivePicture } from "./jobs.svelte.ts";
import type { Results } from "./results.svelte.ts";
import { MOST_COMPARED } from "./tray.svelte.ts";
import { layoutChanges, withLayout } from "./variant.ts";

export class Tries {
  /** Jobs whose pictures belong in Compare. */
  #jobs: ReadonlySet<string> = $state.raw(new Set<string>());
  readonly #app: App;
  readonly #results: Results;
  readonly #running: Jobs;

  constructor(app: App, results: Results, running: Jobs) {
    this.#app = app;
    this.#results = results;
    this.#running = running;
    app.on("image", ({ jobId, result }) => {
      if (this.#jobs.has(jobId)) this.#results.tray.follow(result.id);
    });
  }

  /** Variants that wait or are being drawn. */
  get pending(): LivePicture[] {
    return this.#running.pending.filter(({ jobId }) => this.#jobs.has(jobId));
  }

  /**
   * Draws each of these results again, with its seed and settings, in the layout of `document`. Resolves to false, with nothing begun,
   * when that layout is the one they were drawn with.
   */
  async begin(ids: readonly number[], document: Document, model: LoadRequest): Promise<boolean> {
    const originals = await Promise.all(ids.slice(0, MOST_COMPARED / 2).map((id) => this.#results.details.read(id)));
    const groups = groupByScene(originals.filter(({ record }) => isOther(record.scene, document)));
    if (groups.length === 0) return false;
    this.#results.selection.stay();
    this.#show(originals.map(({ id }) => id));
    for (const group of groups) {
      const scene = withLayout(group[0]!.record.scene, document);
      const asked = group.map(({ seed }) => seed);
      const written = asWritten(scene);
      const drawn = await this.#app.api.findDrawn({ scene: written, seeds: asked, model });
      for (const { id } of drawn) this.#results.tray.follow(id);
      const seeds = asked.filter((seed) => !drawn.some((one) => one.seed === seed));
      if (seeds.length === 0) continue;
      const { runId: run, id: result } = group[0]!;
      const origin = { run, result, how: "layout" } as const;
      const job = await this.#app.api.generate({ ...requestFor(written, seeds, model), origin });
      this.#jobs = new Set([...this.#jobs, job.jobId]);
      this.#running.add(job);
    }
    return true;
  }

  /** Tries of the same picture gather behind it; those of another one begin a new comparison. */
  #show(originals: readonly number[]): void {
    const { tray } = this.#results;
    if (!originals.every((id) => tray.has(id))) tray.show(originals);
  }
}

function isOther(scene: Scene, document: Document): boolean {
  return layoutChanges(scene, withLayout(scene, document)).length > 0;
}

/** Results of one scene are drawn as one job. */
function groupByScene(results: readonly ResultDetails[]): ResultDetails[][] {
  const groups = new Map<string, ResultDetails[]>();
  for (const result of results) {
    const key = JSON.stringify(result.record.scene);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()];
}
