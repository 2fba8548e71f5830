/** Draws one picture of a job: asks the engine for it, from where it stopped where something is kept of it. */
import { randomUUID } from "node:crypto";
import type { GenerateRequest, LoadRequest, Pixels } from "../api/engine.ts";
import type { JobPicture } from "../api/main.ts";
import type { Engine, Listener, OpenedApi } from "../engine/host.ts";
import type { Scene } from "../scene/scene.ts";
import { AppError } from "../wire/errors.ts";
import type { Entry } from "./jobEntry.ts";

/** The picture that the engine draws, or is to draw when its checkpoint is open. */
export interface Current {
  /** The engine's name for it. */
  id: string;
  entry: Entry;
  picture: JobPicture;
  /** The engine was asked for it. */
  isSent: boolean;
  /** It is here, and on its way into the project. */
  isDrawn: boolean;
  /** Nobody wants it now, or any more. */
  isStopped: boolean;
  /** It goes on from a state. */
  goesOn: boolean;
}

export function currentOf(entry: Entry, picture: JobPicture): Current {
  const state = { isSent: false, isDrawn: false, isStopped: false, goesOn: false };
  return { id: randomUUID(), entry, picture, ...state };
}

interface Drawing {
  engine: Pick<Engine, "with">;
  /** Seconds between two states of the picture in work. */
  keepEvery: number;
  listener: Listener;
  resolve: (scene: Scene) => Promise<Scene>;
  /** The picture that a scene goes on from. */
  readStart: (hash: string) => Promise<Pixels | null>;
  readState: () => Promise<Uint8Array<ArrayBuffer> | null>;
}

/** Resolves when the picture came; rejects with what went wrong. */
export async function drawPicture(current: Current, drawing: Drawing): Promise<void> {
  const { entry, picture, id } = current;
  const { job, alternatives, previewEvery, attention, stated } = entry;
  const model: LoadRequest = entry.model;
  const alternative = alternatives.find(({ words }) => words === picture.alternative) ?? alternatives[0]!;
  const scene = await drawing.resolve(alternative.scene);
  const refuseStopped = () => {
    if (current.isStopped) throw new AppError("cancelled", "Cancelled before the picture.", {});
  };
  const send = async (api: OpenedApi) => {
    refuseStopped();
    const from = stated.has(picture.index) ? await drawing.readState() : null;
    const { hash } = scene.start ?? {};
    const start = hash === undefined ? null : await drawing.readStart(hash); // the engine says it where there is none
    refuseStopped(); // while that was read
    current.isSent = true;
    current.goesOn = from !== null;
    const request: GenerateRequest & { jobId: string } = {
      ...{ jobId: id, scene, seeds: [picture.seed], previewEvery, attention, keepEvery: drawing.keepEvery },
      ...(job.until === null ? {} : { until: job.until }),
      ...(from ? { from: [from] } : {}),
      ...(start ? { start } : {}),
    };
    await api.generate(request);
  };
  await drawing.engine.with(model, send, { ...drawing.listener, jobs: [id] });
}
