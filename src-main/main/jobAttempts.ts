/**
 * What a job asks the engine for: one request for each alternative of its prompt, all at once, so that no other job comes in between; before
 * them, one by one, the pictures that go on from a state, so that never more than one of those is in memory.
 */
import { randomUUID } from "node:crypto";
import type { GenerateRequest } from "../api/engine.ts";
import type { Job, JobPicture } from "../api/main.ts";
import type { UnfinishedPicture } from "../api/store.ts";
import type { OpenedApi } from "../engine/host.ts";
import type { Alternative } from "../scene/alternatives.ts";
import type { Scene } from "../scene/scene.ts";
import { AppError, isAppError } from "../wire/errors.ts";

/** One request to the engine. */
export interface Attempt {
  id: string;
  /** The job's picture by index of the attempt. */
  indices: number[];
  /** What they have in common. */
  alternative: Alternative;
  /** Its one picture goes on from a state. */
  goesOn: boolean;
}

export interface Plan {
  job: Job;
  alternatives: readonly Alternative[];
  /** Indices of the job's pictures that something is kept of to go on from. */
  stated: ReadonlySet<number>;
}

/** Requests for the pictures that wait. */
export function planAttempts({ job, alternatives, stated }: Plan): Attempt[] {
  const plan = (goesOn: boolean) =>
    alternatives.flatMap((alternative): Attempt[] => {
      const indices = job.pictures
        .filter(({ state, index }) => state === "waiting" && stated.has(index) === goesOn)
        .filter((picture) => picture.alternative === alternative.words)
        .map(({ index }) => index);
      const groups = goesOn ? indices.map((index) => [index]) : indices.length > 0 ? [indices] : [];
      return groups.map((group) => ({ id: randomUUID(), indices: group, alternative, goesOn }));
    });
  return [...plan(true), ...plan(false)];
}

/** Where the project keeps what a picture goes on from. */
export function placeOf({ runId }: Job, { seed, alternative, finishes }: JobPicture): UnfinishedPicture {
  return { runId, seed, alternative: alternative ?? null, resultId: finishes ?? null };
}

interface Sending {
  api: Pick<OpenedApi, "generate" | "cancel">;
  job: Job;
  attempts: readonly Attempt[];
  /** By attempt. */
  scenes: readonly Scene[];
  how: Pick<GenerateRequest, "previewEvery" | "attention" | "keepEvery" | "until">;
  isCancelled: () => boolean;
  readState: (picture: JobPicture) => Promise<Uint8Array<ArrayBuffer> | null>;
  /** Nothing can go on from what was kept of a picture. */
  onUseless: (picture: JobPicture) => Promise<void>;
}

/** Resolves when all are drawn that could be. Rejects with what went wrong, with `cancelled` only where nothing else did and nothing came. */
export async function sendAttempts(sending: Sending): Promise<void> {
  const { job, attempts, scenes, isCancelled } = sending;
  const failures: unknown[] = [];
  const settle = async (drawn: Promise<unknown>) => {
    try {
      await drawn;
    } catch (error) {
      if (isAppError(error, "service-crashed")) throw error; // the others would fail with it
      failures.push(error);
    }
  };
  const cancelled = () => new AppError("cancelled", "Cancelled before the first picture.", {});
  if (isCancelled()) throw cancelled();
  for (const [i, attempt] of attempts.entries()) {
    if (!attempt.goesOn || isCancelled()) continue;
    const picture = job.pictures[attempt.indices[0]!]!;
    if (picture.state === "cancelled") continue;
    const from = await sending.readState(picture);
    const drawn = generate(sending, attempt, scenes[i]!, from).catch(async (error: unknown) => {
      if (isAppError(error, "state-invalid")) await sending.onUseless(picture);
      throw error;
    });
    await settle(drawn);
  }
  if (isCancelled()) throw cancelled();
  // All at once: no other job comes in between.
  const together = attempts
    .map((attempt, i) => ({ attempt, scene: scenes[i]! }))
    .filter(({ attempt }) => !attempt.goesOn);
  await Promise.all(together.map(({ attempt, scene }) => settle(generate(sending, attempt, scene))));
  const failure = failures.find((error) => !isAppError(error, "cancelled"));
  if (failure !== undefined || failures.length === attempts.length) throw (failure ?? failures[0]) as Error;
}

function generate(
  { api, job, how }: Sending,
  { id, indices }: Attempt,
  scene: Scene,
  from: Uint8Array<ArrayBuffer> | null = null,
): Promise<unknown> {
  const pictures = indices.map((index) => job.pictures[index]!);
  const seeds = pictures.map(({ seed }) => seed);
  const reply = api.generate({ jobId: id, scene, seeds, ...how, ...(from ? { from: [from] } : {}) });
  // Cancelled while the checkpoint was being opened.
  for (const [index, picture] of pictures.entries()) {
    if (picture.state === "cancelled") void api.cancel({ jobId: id, index });
  }
  return reply;
}
