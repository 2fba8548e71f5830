/**
 * One run: the pictures that a client asked for at once, drawn one after another in turns with other runs; where the engine has found that several
 * seeds are faster together, a turn is that of as many.
 */
import { randomUUID } from "node:crypto";
import type { GeneratedImage, LoadRequest, ModelSummary, Pixels, StepEvent } from "../api/engine.ts";
import { boxLabels } from "../cli/progress.ts";
import { describeWarning } from "../cli/sceneWarnings.ts";
import type { Engine } from "../engine/host.ts";
import { metadataTexts } from "../image/metadata.ts";
import { decodePng, encodePng } from "../image/png.ts";
import { expandScene, type Alternative } from "../scene/alternatives.ts";
import { portable } from "../scene/portable.ts";
import type { Seed } from "../scene/scene.ts";
import type { DrawingTurns } from "../service/drawingTurns.ts";
import { AppError, isAppError, toWire } from "../wire/errors.ts";
import { Turns } from "../wire/turns.ts";
import { readAskedScene, type AskedScene } from "./askedScene.ts";
import { withHomeFiles, type AskedModel, type Home } from "./atHome.ts";
import { asRefusal, Refusal } from "./errors.ts";
import { EventLog } from "./eventLog.ts";
import type { Failure, PictureView, RunState, RunView } from "./messages.ts";
import type { Pictures } from "./pictures.ts";

/** What a run uses of an engine; a test hands in a small one. */
export type RunEngine = Pick<Engine, "load" | "with" | "cancel">;

export interface RunParts {
  engine: RunEngine;
  turns: DrawingTurns;
  home: Home;
  pictures: Pictures;
}

export interface RunRequest {
  scene: AskedScene;
  seeds: Seed[];
  /** Scenes that the scene stands for. */
  alternatives: number;
  model: AskedModel;
  /** A preview with every so many steps; 0 for none. */
  previews: number;
}

/** One picture after another that fails ends a run: whatever it is, it does not go away. */
const MOST_FAILURES = 3;

export class Run {
  readonly id: string = randomUUID();
  readonly events = new EventLog();
  /** Resolves, never rejects, when all is drawn or given up. */
  readonly ended: Promise<void>;
  readonly #parts: RunParts;
  #request: RunRequest;
  readonly #created = new Date().toISOString();
  readonly #pictures: PictureView[] = [];
  readonly #failures: Failure[] = [];
  readonly #warnings: string[] = [];
  /** Pictures are kept one after another while the next is drawn. */
  readonly #keeping = new Turns();
  #state: RunState = "waiting";
  #isCancelled = false;
  #job: string | undefined;
  /** Gives up waiting for its turn. */
  #leave: (() => void) | undefined;
  #failed = 0;
  /** Pictures that came, or will not come. */
  readonly #over = new Set<number>();
  /** Those before this one are drawn one by one: side by side something went wrong. */
  #oneByOneTo = 0;

  constructor(parts: RunParts, request: RunRequest) {
    this.#parts = parts;
    this.#request = request;
    this.events.tell("state", { state: "waiting" });
    this.ended = this.#draw();
  }

  get isOver(): boolean {
    return this.events.isOver;
  }

  get total(): number {
    return this.#request.alternatives * this.#request.seeds.length;
  }

  /** Pictures that are still to come. */
  get left(): number {
    return this.isOver ? 0 : this.total - this.#pictures.length - this.#failures.length;
  }

  get view(): RunView {
    const [id, state, total, created] = [this.id, this.#state, this.total, this.#created];
    const lists = { pictures: [...this.#pictures], failures: [...this.#failures], warnings: [...this.#warnings] };
    return { id, state, model: this.#request.model.name, total, ...lists, created };
  }

  /** Of its scene, while it is still to be drawn. */
  get characters(): number {
    return this.#request.scene.text.length;
  }

  /** Stops it within one step. What is drawn stays. */
  cancel(): void {
    this.#isCancelled = true;
    this.#leave?.();
    if (this.#job !== undefined) this.#parts.engine.cancel({ jobId: this.#job });
  }

  async #draw(): Promise<void> {
    await Promise.resolve(); // whoever made it listens first
    try {
      let prepared: Prepared | undefined;
      for (let next = 0; next < this.total; next = this.#nextFrom(next)) {
        await this.#inTurn(async (model) => {
          prepared ??= await this.#prepare(model);
          await this.#drawFrom(prepared, next);
        });
        if (this.#isCancelled || this.#failed >= MOST_FAILURES) break;
      }
      await this.#keeping.idle();
      const isFailed = this.#failed >= MOST_FAILURES || this.#pictures.length === 0;
      this.#end(this.#isCancelled ? "cancelled" : isFailed ? "failed" : "done");
    } catch (error) {
      await this.#keeping.idle();
      if (!this.#isCancelled) this.#fail(error);
      this.#end(this.#isCancelled ? "cancelled" : "failed");
    }
  }

  #inTurn(task: (model: LoadRequest) => Promise<void>): Promise<void> {
    const { request } = this.#request.model;
    return new Promise((resolve, reject) => {
      this.#leave = resolve;
      const begin = async () => {
        this.#leave = undefined;
        if (!this.#isCancelled) await task(request);
      };
      this.#parts.turns.take(() => request, begin).then(resolve, reject);
    });
  }

  /** Opens the checkpoint, and reads the scene again with what that is best used with. */
  async #prepare(model: LoadRequest): Promise<Prepared> {
    const { engine, home } = this.#parts;
    this.#setState("drawing");
    const onLoading = ({ fraction, message }: { fraction: number; message: string }) =>
      this.events.tell("loading", { fraction: Math.min(1, Math.max(0, fraction)), message });
    const summary: ModelSummary = await engine.load(model, { onLoading });
    const { scene: read } = readAskedScene(this.#request.scene.text, summary.defaults);
    const scene = await withHomeFiles(home, read, this.#request.model);
    const scenes = expandScene(scene);
    const start = scene.start && (await this.#startPicture(scene.start.hash ?? ""));
    const warnings = new Set<string>();
    for (const one of scenes) {
      const check = await engine.with(model, (api) => api.check(one.scene));
      for (const warning of check.warnings) warnings.add(describeWarning(warning, boxLabels(one.scene)));
    }
    for (const message of warnings) {
      this.#warnings.push(message);
      this.events.tell("warning", { message });
    }
    return { scenes, ...(start ? { start } : {}) };
  }

  async #startPicture(pixels: string): Promise<Pixels> {
    const { pictures } = this.#parts;
    const hash = pictures.ofPixels(pixels);
    const png = hash === undefined ? undefined : await pictures.read(hash);
    if (png) return decodePng(png).pixels;
    const message = "start.hash: this server keeps no picture with these pixels (any more). Draw it again first.";
    throw new Refusal(422, "not-found", message, { pointer: "/start/hash" });
  }

  /** Draws this picture, and with it those behind it that are best drawn beside it. */
  async #drawFrom({ scenes, start }: Prepared, first: number): Promise<void> {
    const { engine } = this.#parts;
    const { seeds, previews, model } = this.#request;
    const { scene, words } = scenes[Math.floor(first / seeds.length)]!;
    const left = seeds.slice(first % seeds.length); // of the same scene
    let drawn = left.slice(0, 1);
    const jobId = `${this.id}-${first}`;
    const refuseCancelled = () => {
      if (this.#isCancelled) throw new AppError("cancelled", "Cancelled.", {});
    };
    try {
      await engine.with(
        model.request,
        async (api) => {
          refuseCancelled();
          if (left.length > 1 && first >= this.#oneByOneTo) drawn = left.slice(0, await api.atOnce(scene));
          refuseCancelled();
          this.#job = jobId;
          const how = { previewEvery: previews, attention: false, ...(start ? { start } : {}) };
          return api.generate({ jobId, scene, seeds: drawn, ...how });
        },
        {
          jobs: [jobId],
          onStep: (step) => this.#onStep(step, first + step.index),
          onImage: (image) => this.#keep(image, words, first + image.index),
        },
      );
      for (const i of drawn.keys()) this.#over.add(first + i);
    } catch (error) {
      if (this.#isCancelled) return;
      // What went wrong with several may be that they were several, or is the matter of one: each shows it by itself.
      if (drawn.length > 1) this.#oneByOneTo = first + drawn.length;
      else {
        this.#over.add(first);
        this.#fail(error, { index: first, seed: drawn[0]! });
      }
    } finally {
      this.#job = undefined;
    }
  }

  /** The first from `index` on that is still to be drawn. */
  #nextFrom(index: number): number {
    let next = index;
    while (this.#over.has(next)) next++;
    return next;
  }

  #onStep({ seed, step, steps, pictureSecondsLeft, obedience, preview }: StepEvent, index: number): void {
    this.events.tell("step", {
      ...{ index, seed, step, steps, obedience: shares(obedience) },
      ...(pictureSecondsLeft === undefined ? {} : { secondsLeft: pictureSecondsLeft }),
      ...(preview ? { preview: Buffer.from(encodePng(preview)).toString("base64") } : {}),
    });
  }

  #keep({ pixels, record, seed, seconds }: GeneratedImage, words: string | undefined, index: number): void {
    this.#over.add(index);
    const kept = this.#keeping.take(async () => {
      const own = words === undefined ? {} : { alternative: words };
      const png = encodePng(pixels, metadataTexts({ ...record, ...own, scene: portable(record.scene) }));
      const hashes = await this.#parts.pictures.keep(png, pixels);
      const view = { index, seed, ...own, ...hashes, obedience: shares(record.obedience), seconds };
      this.#failed = 0;
      this.#pictures.push(view);
      this.events.tell("picture", view);
    });
    kept.catch((error: unknown) => this.#fail(error, { index, seed }));
  }

  #fail(error: unknown, of: { index?: number; seed?: Seed } = {}): void {
    const { code, message } = isAppError(error) ? toWire(error) : asRefusal(error);
    const failure = { ...of, code, message };
    this.#failed++;
    this.#failures.push(failure);
    this.events.tell("failure", failure);
  }

  #setState(state: RunState): void {
    this.#state = state;
    this.events.tell("state", { state });
  }

  #end(state: RunState): void {
    this.#setState(state);
    const { scene } = this.#request.scene;
    // Asked for later is what came of it; a scene of many painted regions is large.
    this.#request = { ...this.#request, scene: { text: "", scene: { ...scene, regions: [] } } };
    this.events.tell("end", { state, pictures: this.#pictures.length, failures: this.#failures.length });
  }
}

interface Prepared {
  scenes: Alternative[];
  /** The picture that it goes on from. */
  start?: Pixels;
}

/** Sums of rounded numbers may be a little above 1. */
function shares(obedience: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(obedience).map(([id, share]) => [id, Math.min(1, Math.max(0, share))]));
}
