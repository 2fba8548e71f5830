/** The queue as a list: what is drawn next, how long each takes, and what a person does to the order. All of it can be taken back. */
import type { App } from "@api/bridge.ts";
import type { PlacedAt, QueueState } from "@api/main.ts";
import type { Editor } from "./editor.svelte.ts";
import type { Jobs, LivePicture } from "./jobs.svelte.ts";
import type { Notices } from "./notices.svelte.ts";
import { howToDraw } from "./wishes.svelte.ts";

/** A place of the queue, with what is still to come there. */
export interface QueueRow {
  id: string;
  what: PlacedAt;
  held: boolean;
  pictures: readonly LivePicture[];
  /** Of all of it; undefined while it is not known what one takes. */
  secondsLeft: number | undefined;
}

interface Parts {
  app: App;
  editor: Editor;
  jobs: Jobs;
  notices: Notices;
}

const EMPTY: QueueState = { paused: false, places: [], seconds: {}, others: [] };

export class Queue {
  #state: QueueState = $state.raw(EMPTY);
  readonly #parts: Parts;
  readonly rows: readonly QueueRow[] = $derived.by(() => this.#rows());
  /** Pictures that wait or are drawn, in the order in which they come: those in work first, wherever their places are by now. */
  readonly pictures: readonly LivePicture[] = $derived.by(() => {
    const all = this.rows.flatMap(({ pictures }) => pictures);
    return [...all.filter(isInWork), ...all.filter((one) => !isInWork(one))];
  });

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.jobs.ordered = () => this.pictures;
    parts.app.on("queue", (state) => (this.#state = state));
  }

  show(state: QueueState): void {
    this.#state = state;
  }

  get paused(): boolean {
    return this.#state.paused;
  }

  /** Titles of projects that draw in turn with this one. */
  get others(): readonly string[] {
    return this.#state.others;
  }

  /** Of all that is not held; undefined while something is not known. */
  get secondsLeft(): number | undefined {
    return this.#left(this.rows.filter(({ held }) => !held).flatMap(({ pictures }) => pictures));
  }

  /** The first that is not held: what is drawn, or comes next. */
  get first(): QueueRow | undefined {
    return this.rows.find(({ held }) => !held);
  }

  async pause(paused: boolean): Promise<void> {
    const set = (to: boolean) => this.#parts.app.api.pauseQueue({ paused: to });
    await set(paused);
    this.#record(paused ? "Pause the queue" : "Let the queue go on", () => set(!paused), () => set(paused)); // prettier-ignore
  }

  async hold(what: PlacedAt, held: boolean): Promise<void> {
    const set = (to: boolean) => this.#parts.app.api.holdInQueue({ ...what, held: to });
    await set(held);
    this.#record(held ? "Hold in the queue" : "Let it go on", () => set(!held), () => set(held)); // prettier-ignore
  }

  /** Before another place; null puts it to the end. */
  async move(what: PlacedAt, before: string | null): Promise<void> {
    const back = this.#after(what);
    const move = (to: string | null) => this.#parts.app.api.moveInQueue({ ...what, before: to });
    await move(before);
    this.#record("Move in the queue", () => move(back), () => move(before)); // prettier-ignore
  }

  /** By so many places; one picture of a run gets a place of its own. */
  async moveBy(row: QueueRow, by: 1 | -1): Promise<void> {
    const at = this.rows.findIndex(({ id }) => id === row.id);
    const target = at + by;
    if (at < 0 || target < 0 || target >= this.rows.length) return;
    await this.move(row.what, this.rows[by < 0 ? target : target + 1]?.id ?? null);
  }

  async moveToFront(what: PlacedAt): Promise<void> {
    const [first] = this.rows;
    if (first && first.id !== idOf(what)) await this.move(what, first.id);
  }

  /** Nobody wants these any more; Undo brings them back where they were, the one in work to its step. */
  async cancel(row: QueueRow, picture?: LivePicture): Promise<void> {
    const { app, editor, notices } = this.#parts;
    const pictures = picture ? [picture] : row.pictures;
    const after = this.#after(row.what);
    const act = () => this.#cancel(pictures);
    await act();
    this.#record(pictures.length === 1 ? "Cancel a picture" : `Cancel ${pictures.length} pictures`, async () => {
      const back = await this.#bringBack(pictures);
      if (back && !picture) await app.api.moveInQueue({ jobId: back, before: after });
    }, act); // prettier-ignore
    const undo = editor.takeBack();
    const what = pictures.length === 1 ? "1 picture is" : `${pictures.length} pictures are`;
    notices.done(`${what} not drawn.`, { ...undo, run: () => void notices.attempt(undo.run) });
  }

  async #cancel(wanted: readonly LivePicture[]): Promise<void> {
    const { app, jobs } = this.#parts;
    // Brought back, they are of another job than they were.
    const keys = new Set(wanted.map(keyOf));
    const pictures = jobs.pending.filter((picture) => keys.has(keyOf(picture)));
    const [first] = pictures;
    if (!first) return;
    const { jobId } = first;
    const isAll = jobs.pending.filter((one) => one.jobId === jobId).length === pictures.length;
    if (isAll) jobs.take(jobId, true);
    if (isAll) await app.api.cancel({ jobId });
    else for (const { index } of pictures) await app.api.cancel({ jobId, index });
  }

  /** Gives the job that draws them now. */
  async #bringBack(pictures: readonly LivePicture[]): Promise<string | undefined> {
    const { app, jobs } = this.#parts;
    const { job, jobId } = pictures[0]!;
    const { runId, scene, model } = job;
    jobs.take(jobId, false);
    const how = howToDraw(scene, model);
    const finishing = pictures.flatMap(({ finishes }) => finishes ?? []);
    const only = pictures.map(({ seed, alternative = null }) => ({ seed, alternative }));
    const begun =
      finishing.length > 0
        ? await app.api.finishResults({ ids: finishing, ...how })
        : await app.api.resumeRun({ runId, only, ...how });
    for (const one of begun) jobs.add(one);
    return begun[0]?.jobId ?? jobId;
  }

  /** The place behind it. */
  #after(what: PlacedAt): string | null {
    const { places } = this.#state;
    const own = places.findIndex(({ id }) => id === idOf(what));
    // A picture without a place of its own stands in that of its run.
    const at = own >= 0 ? own : places.findIndex(({ id }) => id === what.jobId) - 1;
    return places[at + 1]?.id ?? null;
  }

  #record(label: string, undo: () => Promise<void>, redo: () => Promise<void>): void {
    this.#parts.editor.record(label, { undo, redo });
  }

  #rows(): QueueRow[] {
    const { jobs } = this.#parts;
    const { places } = this.#state;
    const groups = new Map<string, LivePicture[]>(places.map(({ id }) => [id, []]));
    for (const picture of jobs.pending) {
      const { jobId, index } = picture;
      const own = groups.get(idOf({ jobId, index })) ?? groups.get(jobId);
      if (own) own.push(picture);
      else groups.set(jobId, [picture]); // just begun
    }
    const heldOf = new Map(places.map(({ id, held }) => [id, held]));
    return [...groups].flatMap(([id, pictures]) => {
      const [first] = pictures;
      if (!first) return [];
      const { jobId, index } = first;
      const what = id === jobId ? { jobId } : { jobId, index };
      return { id, what, held: heldOf.get(id) ?? false, pictures, secondsLeft: this.#left(pictures) };
    });
  }

  /** What is drawn side by side takes as long as the one that takes longest; the rest comes after it. */
  #left(pictures: readonly LivePicture[]): number | undefined {
    let [inWork, behind] = [0, 0];
    for (const picture of pictures) {
      const left = this.#parts.jobs.liveOf(picture)?.pictureSecondsLeft ?? this.#state.seconds[picture.jobId];
      if (left === undefined) return undefined;
      if (isInWork(picture)) inWork = Math.max(inWork, left);
      else behind += left;
    }
    return inWork + behind;
  }
}

function isInWork({ state }: LivePicture): boolean {
  return state === "drawing";
}

/** The same for the same picture of a run, whichever job draws it. */
function keyOf({ job: { runId }, finishes, seed, alternative }: LivePicture): string {
  return `${runId} ${finishes ?? ""} ${seed} ${alternative ?? ""}`;
}

function idOf({ jobId, index }: PlacedAt): string {
  return index === undefined ? jobId : `${jobId}:${index}`;
}
