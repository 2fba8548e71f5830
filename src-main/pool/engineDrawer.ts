/** A worker's drawing by a real engine: the checkpoint is opened where it is not, and one picture is asked for. */
import { randomUUID } from "node:crypto";
import type { GeneratedImage, GenerateRequest, LoadRequest } from "../api/engine.ts";
import type { PoolModel } from "../api/pool.ts";
import type { Engine } from "../engine/host.ts";
import type { Scene } from "../scene/scene.ts";
import { AppError } from "../wire/errors.ts";
import type { KnownCheckpoint } from "./checkpoints.ts";
import type { Drawer, DrawTask } from "./drawing.ts";
import { withoutPaths } from "./plainScene.ts";

export interface EngineDrawing {
  engine: Pick<Engine, "with" | "cancel">;
  device: string;
  /** Those that are here by now. */
  checkpoints: () => readonly KnownCheckpoint[];
  /** How they are opened. */
  how: Omit<LoadRequest, "path" | "prediction">;
  /** The scene with the files of its LoRAs and embeddings, found by their names on this machine. */
  resolve: (scene: Scene, checkpoint: string) => Promise<Scene>;
  fetch?: Drawer["fetch"];
}

export function engineDrawer({ engine, device, checkpoints, how, resolve, fetch }: EngineDrawing): Drawer {
  const draw: DrawTask = async (task, { unwanted, leaving, onStep, onState }) => {
    const { model, seed, previewEvery, attention, start, from, keepEvery } = task;
    const checkpoint = checkpoints().find(({ hash }) => hash === model.hash);
    if (!checkpoint) throw new AppError("not-found", `${model.name} is no longer on this worker.`, { what: "checkpoint", id: model.hash }); // prettier-ignore
    // Whoever can write to the pool names files by their names alone: no path of theirs is ever opened.
    const scene = await resolve(withoutPaths(task.scene), checkpoint.path);
    const jobId = randomUUID();
    let isSent = false;
    const stop = () => {
      if (isSent) engine.cancel({ jobId, ...(unwanted.aborted ? {} : { keep: true }) });
    };
    unwanted.addEventListener("abort", stop);
    leaving.addEventListener("abort", stop);
    const drawn: { image?: GeneratedImage } = {};
    const request: GenerateRequest & { jobId: string } = {
      ...{ jobId, scene, seeds: [seed], previewEvery, attention: false, keepEvery },
      ...(from ? { from: [from] } : {}),
      ...(start ? { start } : {}),
    };
    const { prediction } = model;
    const load: LoadRequest = { ...how, path: checkpoint.path, ...(prediction ? { prediction } : {}) };
    try {
      await engine.with(
        load,
        async (api) => {
          if (unwanted.aborted || leaving.aborted) throw new AppError("cancelled", "Cancelled before the picture.", {});
          isSent = true;
          await api.generate(request);
        },
        {
          jobs: [jobId],
          onStep: ({ pictureSecondsLeft: secondsLeft, ...step }) => onStep({ ...step, secondsLeft }),
          onState: ({ state }) => onState(state),
          onImage: (image) => (drawn.image = image),
        },
      );
    } finally {
      unwanted.removeEventListener("abort", stop);
      leaving.removeEventListener("abort", stop);
    }
    if (!drawn.image) throw new AppError("cancelled", "Cancelled.", {});
    const { pixels, record, seconds, attention: maps } = drawn.image;
    return { pixels, record, seconds, ...(attention ? { attention: maps } : {}) };
  };
  const models = (): PoolModel[] => checkpoints().map(({ hash, name }) => ({ hash, name }));
  const about = (hash: string) => checkpoints().find((one) => one.hash === hash)?.about;
  return { draw, device, models, about, ...(fetch ? { fetch } : {}) };
}
