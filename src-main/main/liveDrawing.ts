/**
 * Live: the picture of a window's scene while its boxes are moved. It goes to the window and nowhere else: no run, no result, no file. It is
 * drawn only while no project draws what somebody asked for, and stops within a step when one begins to.
 */
import { randomUUID } from "node:crypto";
import type { GenerateRequest, Pixels } from "../api/engine.ts";
import type { LiveReply, LiveRequest, LiveStep } from "../api/live.ts";
import type { Engine, OpenedApi } from "../engine/host.ts";
import { expandScene } from "../scene/alternatives.ts";
import type { Scene } from "../scene/scene.ts";
import { AppError, isAppError } from "../wire/errors.ts";
import type { DrawingTurns } from "../service/drawingTurns.ts";

/** Where it is drawn. */
interface Parts {
  engine: Pick<Engine, "with" | "cancel">;
  turns: DrawingTurns;
  /** The scene as the engine takes it. */
  resolve: (scene: Scene) => Promise<Scene>;
  /** The picture that a scene goes on from. */
  readStart: (hash: string) => Promise<Pixels | null>;
  emit: (step: LiveStep) => void;
}

export class LiveDrawing {
  readonly #parts: Parts;
  #stop: (() => void) | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async draw(request: LiveRequest, model: Parameters<Engine["with"]>[0]): Promise<LiveReply> {
    this.stop(); // a window that was reloaded has forgotten it
    const current = { id: randomUUID(), isSent: false, why: undefined as "later" | "stopped" | undefined };
    const stop = (why: "later" | "stopped") => {
      current.why ??= why;
      if (current.isSent) this.#parts.engine.cancel({ jobId: current.id });
    };
    const own = () => stop("stopped");
    this.#stop = own;
    let reply: LiveReply = { kind: "later" };
    try {
      await this.#parts.turns.spare(
        model,
        async () => (reply = await this.#draw(request, model, current)),
        () => stop("later"),
      );
      return reply;
    } catch (error) {
      if (isAppError(error, "cancelled")) return { kind: current.why ?? "stopped" };
      throw error;
    } finally {
      if (this.#stop === own) this.#stop = undefined;
    }
  }

  /** The one in work is not wanted any more. */
  stop(): void {
    this.#stop?.();
  }

  async #draw(
    { scene, seed, alternative, previewEvery }: LiveRequest,
    model: Parameters<Engine["with"]>[0],
    current: { id: string; isSent: boolean; why: string | undefined },
  ): Promise<LiveReply> {
    const { engine, emit, readStart, resolve } = this.#parts;
    const begun = performance.now();
    const all = expandScene(scene);
    const chosen = all.find(({ words }) => words === (alternative ?? undefined)) ?? all[0]!;
    const resolved = await resolve(chosen.scene);
    const { hash } = resolved.start ?? {};
    const start = hash === undefined ? null : await readStart(hash);
    let reply: LiveReply | undefined;
    const send = async (api: OpenedApi) => {
      if (current.why !== undefined) throw new AppError("cancelled", "Cancelled before the picture.", {});
      current.isSent = true;
      const request: GenerateRequest & { jobId: string } = {
        ...{ jobId: current.id, scene: resolved, seeds: [seed], previewEvery, attention: false, sharesBeginning: true },
        ...(start ? { start } : {}),
      };
      await api.generate(request);
    };
    await engine.with(model, send, {
      jobs: [current.id],
      onStep: ({ step, pictureSecondsLeft: secondsLeft, preview }) =>
        emit({ step, secondsLeft, ...(preview ? { preview } : {}) }),
      onImage: ({ pixels, shared = 0, obedience }) => {
        const seconds = (performance.now() - begun) / 1_000;
        reply = { kind: "drawn", pixels, seconds, shared, steps: obedience.length };
      },
    });
    // Cancelled in the moment in which it was done.
    return reply ?? { kind: "stopped" };
  }
}
