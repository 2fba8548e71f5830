/** Draws what a run still owes: pictures that are there are left, and the one that was cut off goes on from its state. */
import type { Pixels, StateEvent } from "../api/engine.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { isAppError } from "../wire/errors.ts";
import { type Drawing, type DrawingEngine, JOB } from "./drawing.ts";
import { KEEP_EVERY } from "./unfinishedRun.ts";

/** Pictures of one scene, as far as a step where `until` names one, from a picture where `start` is one. */
interface Order {
  scene: Scene;
  seeds: readonly Seed[];
  until?: number;
  start?: Pixels;
}

export async function drawLeft(
  engine: DrawingEngine,
  { scene, seeds, ...how }: Order,
  { unfinished, progress }: Pick<Drawing, "unfinished" | "progress">,
): Promise<void> {
  const left = seeds.filter((seed) => !unfinished?.isDone({ scene, seed }));
  if (left.length === 0) return;
  const from = left.map((seed) => unfinished?.stateOf({ scene, seed }) ?? null);
  const isFrom = from.some((state) => state !== null);
  const keeping = unfinished ? { keepEvery: KEEP_EVERY } : {};
  const asked = { jobId: JOB, scene, seeds: left, previewEvery: 0, attention: false, ...how, ...keeping };
  const keep = ({ seed, state }: StateEvent) => unfinished?.keep({ scene, seed }, state);
  const stop = unfinished ? engine.on("state", keep) : undefined;
  try {
    await engine.api.generate({ ...asked, ...(isFrom ? { from } : {}) });
  } catch (error) {
    if (!isFrom || !isAppError(error, "state-invalid")) throw error;
    progress.note(error.message);
    await engine.api.generate(asked);
  } finally {
    stop?.();
  }
}
