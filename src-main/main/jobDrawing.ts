/** Draws a picture of a job, or several side by side: asks the engine for them, from where they stopped where something is kept of them. */
import { randomUUID } from "node:crypto";
import type { GenerateRequest, LoadRequest, Pixels } from "../api/engine.ts";
import type { JobPicture } from "../api/main.ts";
import type { Engine, Listener, OpenedApi } from "../engine/host.ts";
import type { Scene } from "../scene/scene.ts";
import { AppError } from "../wire/errors.ts";
import type { Entry } from "./jobEntry.ts";

/** A picture that the engine draws, or is to draw when its checkpoint is open. */
export interface Current {
  picture: JobPicture;
  /** Its index in the request; undefined until the engine was asked for it. */
  at: number | undefined;
  /** It is here, and on its way into the project. */
  isDrawn: boolean;
  /** Nobody wants it now, or any more. */
  isStopped: boolean;
  /** It goes on from a state. */
  goesOn: boolean;
}

/** What the engine is asked for at a time: pictures of a job that differ in nothing but the seed. */
export interface Company {
  /** The engine's name for it. */
  readonly id: string;
  readonly entry: Entry;
  /** One, until it is known that several are faster. */
  readonly all: Current[];
}

export function companyOf(entry: Entry, picture: JobPicture): Company {
  return { id: randomUUID(), entry, all: [currentOf(picture)] };
}

function currentOf(picture: JobPicture): Current {
  return { picture, at: undefined, isDrawn: false, isStopped: false, goesOn: false };
}

interface Drawing {
  engine: Pick<Engine, "with">;
  /** Seconds between two states of a picture in work. */
  keepEvery: number;
  listener: Listener;
  resolve: (scene: Scene) => Promise<Scene>;
  /** The picture that a scene goes on from. */
  readStart: (hash: string) => Promise<Pixels | null>;
  readState: (picture: JobPicture) => Promise<Uint8Array<ArrayBuffer> | null>;
  /** The next pictures that differ from the company's first in nothing but the seed, at most so many. */
  alike: (most: number) => JobPicture[];
}

/** Resolves when all pictures came that were not stopped; rejects with what went wrong. */
export async function drawPictures({ id, entry, all }: Company, drawing: Drawing): Promise<void> {
  const { job, alternatives, previewEvery, attention, stated } = entry;
  const model: LoadRequest = entry.model;
  const [{ picture: first }] = all as [Current];
  const alternative = alternatives.find(({ words }) => words === first.alternative) ?? alternatives[0]!;
  const scene = await drawing.resolve(alternative.scene);
  const refuseStopped = () => {
    if (all.every(({ isStopped }) => isStopped)) throw new AppError("cancelled", "Cancelled before the picture.", {});
  };
  const send = async (api: OpenedApi) => {
    refuseStopped();
    if (drawing.alike(1).length > 0) {
      const most = await api.atOnce(scene);
      if (most > 1) all.push(...drawing.alike(most - 1).map(currentOf));
    }
    const states = new Map<Current, Uint8Array<ArrayBuffer> | null>();
    for (const one of all) {
      states.set(one, stated.has(one.picture.index) ? await drawing.readState(one.picture) : null);
    }
    const { hash } = scene.start ?? {};
    const start = hash === undefined ? null : await drawing.readStart(hash); // the engine says it where there is none
    refuseStopped(); // while that was read
    const sent = all.filter(({ isStopped }) => !isStopped);
    const from = sent.map((one) => states.get(one) ?? null);
    sent.forEach((one, at) => Object.assign(one, { at, goesOn: from[at] !== null }));
    const seeds = sent.map(({ picture }) => picture.seed);
    const request: GenerateRequest & { jobId: string } = {
      ...{ jobId: id, scene, seeds, previewEvery, attention, keepEvery: drawing.keepEvery },
      ...(job.until === null ? {} : { until: job.until }),
      ...(from.some((state) => state !== null) ? { from } : {}),
      ...(start ? { start } : {}),
    };
    await api.generate(request);
  };
  await drawing.engine.with(model, send, { ...drawing.listener, jobs: [id] });
}
