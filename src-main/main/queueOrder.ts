/**
 * The order in which a window's pictures are drawn: places one behind the other, each with the pictures of a job that nobody moved apart,
 * or with one of them. A place can be held: what is behind it goes on.
 */
import type { JobPicture, PlacedAt, QueueState } from "../api/main.ts";
import type { QueuePlace, SavedQueue } from "../api/savedQueue.ts";
import { MOST_PLACES } from "../api/savedQueue.ts";
import { type Entry, isOwed } from "./jobEntry.ts";

interface Place {
  entry: Entry;
  /** Undefined: the pictures of the job that have no place of their own. */
  index: number | undefined;
  held: boolean;
  /** Where it stood when the program ended; infinite for what was asked for since. */
  rank: number;
}

export interface Next {
  entry: Entry;
  picture: JobPicture;
}

export class QueueOrder {
  paused = false;
  #places: Place[] = [];
  /** As the project had it; runs that do not go on yet keep their places. */
  #saved: readonly { rank: number; place: QueuePlace }[] = [];

  /** Takes up how the queue of a project stood. */
  restore({ paused, places }: SavedQueue): void {
    this.paused = paused;
    this.#places = [];
    this.#saved = places.map((place, rank) => ({ rank, place }));
  }

  /** A job joins at the end; one that the program's end cut off, where it was. */
  add(entry: Entry): void {
    this.#insert({ entry, index: undefined, held: false, rank: Infinity }, null);
    for (const { rank, place: saved } of this.#saved) {
      if (saved.run !== entry.job.runId || saved.finishing !== entry.isFinishing) continue;
      const index = saved.picture && indexOf(entry, saved.picture);
      if (index === undefined) continue;
      const place = this.#apart({ jobId: entry.job.jobId, ...(index === null ? {} : { index }) });
      if (!place) continue;
      Object.assign(place, { held: saved.held, rank });
      this.#places = this.#places.filter((one) => one !== place);
      const after = this.#places.findIndex((one) => one.rank > rank);
      this.#places.splice(after < 0 ? this.#places.length : after, 0, place);
    }
  }

  remove(entry: Entry): void {
    this.#places = this.#places.filter((place) => place.entry !== entry);
    const { job, isFinishing } = entry;
    this.#saved = this.#saved.filter(({ place }) => place.run !== job.runId || place.finishing !== isFinishing);
  }

  clear(): void {
    this.restore({ paused: false, places: [] });
  }

  /** The picture that is drawn next by this machine or another one, as things stand now. */
  next(): Next | undefined {
    return this.#waiting().next().value;
  }

  /** Of those that come next, at most so many that may be drawn side by side with a picture: they differ from it in nothing but the seed. */
  alike({ entry, picture }: Next, most: number): JobPicture[] {
    const found: JobPicture[] = [];
    if (entry.alone.has(picture.index)) return found;
    for (const next of this.#waiting()) {
      if (next.picture === picture) continue;
      const isAlike = next.entry === entry && next.picture.alternative === picture.alternative;
      if (found.length >= most || !isAlike || entry.alone.has(next.picture.index)) break;
      found.push(next.picture);
    }
    return found;
  }

  /** What a pool is to draw, as things stand now. */
  wantedOfPool(): Next[] {
    if (this.paused) return [];
    const places = this.#places.filter(({ entry, held }) => entry.inPool && !held);
    return places.flatMap((place) => {
      const { entry } = place;
      return this.#picturesOf(place).flatMap((picture) => (isOwed(picture) ? { entry, picture } : []));
    });
  }

  /** Whether a picture waits until somebody lets it go on. */
  isHeld({ entry, picture }: Next): boolean {
    if (this.paused) return true;
    const own = this.#places.find((place) => place.entry === entry && place.index === picture.index);
    return (own ?? this.#places.find((place) => place.entry === entry && place.index === undefined))?.held ?? false;
  }

  /** Puts a job, or one picture of it, before the place with this id; at the end where there is none of it. */
  move(what: PlacedAt, before: string | null): void {
    if (before === idOf(what)) return;
    const place = this.#apart(what);
    if (!place) return;
    this.#places = this.#places.filter((one) => one !== place);
    this.#insert(place, before);
  }

  hold(what: PlacedAt, held: boolean): void {
    const place = this.#apart(what);
    if (place) place.held = held;
  }

  /** What is still to come and is not held, by job. */
  ahead(): Map<Entry, number> {
    const counts = new Map<Entry, number>();
    for (const place of this.paused ? [] : this.#places) {
      if (place.held || place.entry.inPool) continue;
      const waiting = this.#picturesOf(place).filter(({ state }) => state === "waiting").length;
      if (waiting > 0) counts.set(place.entry, (counts.get(place.entry) ?? 0) + waiting);
    }
    return counts;
  }

  /** As a window shows it: places that have something to come. */
  told(): Pick<QueueState, "paused" | "places"> {
    this.#tidy();
    const places = this.#places.map((place) => {
      const { entry, index = null, held } = place;
      return { id: idOf(whatOf(place)), jobId: entry.job.jobId, index, held };
    });
    return { paused: this.paused, places };
  }

  /** As the project keeps it, with those of runs that wait for the person to go on with them. */
  saved(): SavedQueue {
    this.#tidy();
    const running = new Set(this.#places.map(({ entry }) => `${entry.job.runId} ${entry.isFinishing}`));
    const rows = this.#places.map(({ entry: { job, isFinishing }, index, held, rank }) => {
      const picture = index === undefined ? undefined : job.pictures[index]!;
      const choice = picture ? { seed: picture.seed, alternative: picture.alternative ?? null } : null;
      return { rank, place: { run: job.runId, finishing: isFinishing, picture: choice, held } };
    });
    for (const { rank, place } of this.#saved) {
      if (running.has(`${place.run} ${place.finishing}`)) continue;
      const after = rows.findIndex((row) => row.rank > rank);
      rows.splice(after < 0 ? rows.length : after, 0, { rank, place });
    }
    return { paused: this.paused, places: rows.slice(0, MOST_PLACES).map(({ place }) => place) };
  }

  /** Runs of the last session that are not gone on with. */
  forgetRun(run: number): void {
    this.#saved = this.#saved.filter(({ place }) => place.run !== run);
  }

  /** Its place; one picture of a job gets one of its own, before the others. */
  #apart({ jobId, index }: PlacedAt): Place | undefined {
    const found = this.#places.find((place) => place.entry.job.jobId === jobId && place.index === index);
    if (found || index === undefined) return found;
    const at = this.#places.findIndex((place) => place.entry.job.jobId === jobId && place.index === undefined);
    const rest = this.#places[at];
    if (!rest?.entry.job.pictures[index] || this.#places.length >= MOST_PLACES) return undefined;
    const place: Place = { ...rest, index };
    this.#places.splice(at, 0, place);
    return place;
  }

  #insert(place: Place, before: string | null): void {
    const at = this.#places.findIndex((one) => idOf(whatOf(one)) === before);
    // What a person puts somewhere else does not go back to where it was at the end of the program.
    place.rank = at < 0 ? Infinity : this.#places[at]!.rank;
    this.#places.splice(at < 0 ? this.#places.length : at, 0, place);
  }

  #picturesOf({ entry, index }: Place): JobPicture[] {
    if (index !== undefined) return [entry.job.pictures[index]!];
    const own = new Set(this.#places.filter((one) => one.entry === entry).map((one) => one.index));
    return entry.job.pictures.filter((picture) => !own.has(picture.index));
  }

  /** What is drawn by this machine or another one, as things stand now, in its order. */
  *#waiting(): Generator<Next, undefined> {
    for (const place of this.paused ? [] : this.#places) {
      if (place.held || place.entry.inPool) continue;
      for (const picture of this.#picturesOf(place)) {
        if (picture.state === "waiting") yield { entry: place.entry, picture };
      }
    }
    return undefined;
  }

  #tidy(): void {
    this.#places = this.#places.filter((place) => place.index === undefined || this.#picturesOf(place).some(isOwed));
  }
}

function whatOf({ entry, index }: Place): PlacedAt {
  return { jobId: entry.job.jobId, ...(index === undefined ? {} : { index }) };
}

export function idOf({ jobId, index }: PlacedAt): string {
  return index === undefined ? jobId : `${jobId}:${index}`;
}

function indexOf({ job }: Entry, { seed, alternative }: NonNullable<QueuePlace["picture"]>): number | undefined {
  return job.pictures.find((one) => one.seed === seed && (one.alternative ?? null) === alternative)?.index;
}
