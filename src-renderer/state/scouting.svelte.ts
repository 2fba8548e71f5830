/** Scouted results: how many there are, what room they take, which of them a rule means, and finishing them. */
import type { App } from "@api/bridge.ts";
import type { LoadRequest } from "@api/engine.ts";
import type { ResultQuery, StateRoom } from "@api/store.ts";
import type { Editor } from "./editor.svelte.ts";
import type { Jobs } from "./jobs.svelte.ts";
import type { Notices } from "./notices.svelte.ts";
import { howToDraw } from "./wishes.svelte.ts";

/** Which scouted results are to be finished. */
export type Rule =
  /** So many, by how well all boxes together are obeyed. */
  | { kind: "best"; count: number }
  /** Those in which every box is obeyed at least so far, 0 to 1. */
  | { kind: "boxes"; least: number }
  | { kind: "all" };

const PAGE = 500;

interface Parts {
  app: App;
  editor: Editor;
  jobs: Jobs;
  notices: Notices;
  /** The checkpoint of the draft. */
  model: () => LoadRequest;
}

export class Scouting {
  /** Scouted results that are kept. */
  total = $state(0);
  room: StateRoom = $state.raw({ pictures: 0, bytes: 0 });
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.app.on("changed", ({ what }) => {
      if (what === "states" || what === "results") void parts.notices.attempt(() => this.look());
    });
  }

  /** Counts what there is. */
  async look(): Promise<void> {
    const { api } = this.#parts.app;
    const [{ total }, room] = await Promise.all([api.listResults({ ...SCOUTED, limit: 0 }), api.stateRoom()]);
    this.total = total;
    this.room = room;
  }

  /** The results that a rule means now, the best first. */
  async chosenBy(rule: Rule): Promise<number[]> {
    const least = rule.kind === "boxes" ? { leastBox: rule.least } : {};
    const most = rule.kind === "best" ? rule.count : Infinity;
    const ids: number[] = [];
    for (let offset = 0; ids.length < most; offset += PAGE) {
      const page = await this.#parts.app.api.listResults({ ...SCOUTED, ...least, offset, limit: PAGE });
      ids.push(...page.results.map(({ id }) => id));
      if (offset + PAGE >= page.total) break;
    }
    return ids.slice(0, most);
  }

  async finishBy(rule: Rule): Promise<void> {
    const ids = await this.chosenBy(rule);
    if (ids.length > 0) await this.finish(ids);
    else
      this.#parts.notices.done(this.total === 0 ? "Nothing is scouted." : "No scouted picture obeys its boxes so far.");
  }

  /** Draws scouted results to their end, each in its place. */
  async finish(ids: readonly number[]): Promise<void> {
    const { app, jobs, notices, model } = this.#parts;
    const { results } = await this.#scoutedOf(ids);
    if (results.length === 0) {
      notices.done(ids.length === 1 ? "This picture is finished." : "These pictures are finished.");
      return;
    }
    const { record } = await app.api.readResult({ id: results[0]! });
    const begun = await app.api.finishResults({ ids: results, ...howToDraw(record.scene, model()) });
    for (const job of begun) jobs.add(job);
  }

  /** The room of all states; what was scouted is drawn from the start then. A step of undo until the project is closed. */
  async letGo(): Promise<void> {
    const { app, editor } = this.#parts;
    let ids = await app.api.letGoStates();
    if (ids.length === 0) return;
    editor.record("Let go of what scouted pictures go on from", {
      undo: async () => {
        await app.api.takeBackStates({ ids });
      },
      redo: async () => {
        ids = await app.api.letGoStates();
      },
    });
  }

  async #scoutedOf(ids: readonly number[]): Promise<{ results: number[] }> {
    const infos = await Promise.all(ids.map((id) => this.#parts.app.api.readResult({ id })));
    return { results: infos.filter(({ scouted }) => scouted !== null).map(({ id }) => id) };
  }
}

const SCOUTED: ResultQuery = { state: "kept", scouted: true, order: "obedience", offset: 0, limit: PAGE };
