/**
 * Live: while boxes are moved, sized or made stronger, a picture of the same noise follows them in draft steps. It is only seen: no result,
 * no run, nothing of it is kept. It goes when something else of the scene changes, or another result is looked at.
 */
import type { App } from "@api/bridge.ts";
import type { Pixels } from "@api/engine.ts";
import type { LiveStep } from "@api/live.ts";
import type { PictureChoice } from "@api/store.ts";
import { DEFAULT_SETTINGS } from "@scene/defaults.ts";
import { draftSettings } from "@scene/efforts.ts";
import { pictureKey } from "@scene/samePicture.ts";
import type { Scene } from "@scene/scene.ts";
import { readSeeds } from "@scene/seeds.ts";
import { settingsDrawn } from "@scene/start.ts";
import { messageOf } from "@wire/errors.ts";
import { alternativesOf, sceneToDraw } from "./document.ts";
import type { Editor } from "./editor.svelte.ts";
import { formatSeconds } from "./jobs.svelte.ts";
import { Latest } from "./latest.ts";
import type { Models } from "./models.svelte.ts";
import type { Notices } from "./notices.svelte.ts";
import { randomSeeds } from "./randomSeeds.ts";
import type { Results } from "./results.svelte.ts";
import type { View } from "./view.svelte.ts";

/** A draft that takes longer, in seconds, follows nothing. */
export const MOST_LIVE_SECONDS = 8;
/** A draft that takes longer shows what it will be on the way, so often. */
const SHOWS_AFTER = 1;
const PREVIEWS = 3;
/** Milliseconds after which it is tried again while the queue draws. */
const TRY_AGAIN = 1_000;

/** What is asked for. */
interface Wish {
  scene: Scene;
  picture: PictureChoice;
  /** The result that was looked at. */
  over: number | undefined;
  /** Of all but the boxes and how they are followed. */
  rest: string;
}

export interface LivePicture extends Pick<Wish, "picture" | "over"> {
  pixels: Pixels;
  /** What it took; undefined while it is drawn. */
  took: { seconds: number; shared: number; steps: number } | undefined;
}

interface Parts {
  app: App;
  editor: Editor;
  models: Models;
  notices: Notices;
  results: Results;
  view: View;
}

export class Live {
  /** A person wants it. */
  on = $state(false);
  /** The queue draws, which goes first. */
  waits = $state(false);
  #picture: LivePicture | undefined = $state.raw();
  /** The scene that was looked at last, its boxes and the rest of it. */
  #seen: { boxes: string; rest: string } | undefined;
  /** `isTimed`: what it takes was known before. */
  #current: { wish: Wish; isTimed: boolean } | undefined;
  /** Where no result is looked at and the seeds are drawn at random. */
  readonly #ownSeed = randomSeeds(1)[0]!;
  readonly #latest = new Latest<Wish>((wish) => this.#draw(wish), TRY_AGAIN);
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.app.on("live", (step) => this.#step(step));
  }

  /** The picture under the boxes: of the latest place that was drawn. */
  get picture(): LivePicture | undefined {
    return this.#picture?.over === this.#parts.results.selection.current ? this.#picture : undefined;
  }

  /** Why it cannot be had; undefined where it can. */
  get hindrance(): string | undefined {
    const { models } = this.#parts;
    if (models.loading) return "The checkpoint is being opened.";
    if (!models.summary) return "No checkpoint is open.";
    const seconds = models.check?.estimatedDraftSeconds;
    if (seconds === undefined || seconds <= MOST_LIVE_SECONDS) return undefined;
    return `A draft takes about ${formatSeconds(seconds)} here, and ${MOST_LIVE_SECONDS} s at most can follow a box. A smaller picture or another device is faster; every picture that is drawn is timed anew.`;
  }

  async restore(): Promise<void> {
    this.on = (await this.#parts.app.api.readPreferences()).live === true;
    this.#look();
  }

  /** On, it begins with the boxes as they are; off, the last picture stays until something changes. */
  async toggle(): Promise<void> {
    const { app, view } = this.#parts;
    this.on = !this.on;
    if (this.on) {
      view.underlay = true; // or nothing of it would be seen
      this.#look();
      this.#ask();
    } else await this.#stop();
    await app.api.writePreferences({ live: this.on });
  }

  /** Another project. */
  open(): void {
    this.#latest.drop();
    this.#picture = undefined;
    this.#seen = undefined;
    this.#look();
  }

  documentChanged(): void {
    if (!this.on && !this.#picture) return;
    const before = this.#seen;
    const now = this.#look();
    if (!before || (now.boxes === before.boxes && now.rest === before.rest)) return;
    if (this.on && now.rest === before.rest) this.#ask();
    else this.#forget();
  }

  #look() {
    return (this.#seen = keysOf(sceneToDraw(this.#parts.editor.document)));
  }

  #ask(): void {
    const { editor, results } = this.#parts;
    // What is in work may show that it is faster than it seemed.
    const isHindered = this.hindrance !== undefined && !this.#current;
    if (isHindered || "problem" in alternativesOf(editor.document)) {
      this.#forget();
      return;
    }
    const scene = sceneToDraw(editor.document);
    const over = results.selection.current;
    this.#latest.ask({ scene, picture: this.#choose(), over, rest: this.#seen!.rest });
  }

  /** The noise of the result under the boxes; without one, of the first of the seeds. */
  #choose(): PictureChoice {
    const { editor, results } = this.#parts;
    const result = results.currentResult;
    if (result) return { seed: result.seed, alternative: result.alternative };
    const read = readSeeds(editor.document.seeds);
    return { seed: ("seeds" in read ? read.seeds[0] : undefined) ?? this.#ownSeed, alternative: null };
  }

  async #draw(wish: Wish): Promise<"done" | "later"> {
    const { app, models } = this.#parts;
    const { scene, picture } = wish;
    if (this.hindrance !== undefined) {
      this.#forget();
      return "done";
    }
    this.#current = { wish, isTimed: models.check?.estimatedDraftSeconds !== undefined };
    try {
      const settings = models.summary ? draftSettings(scene.settings, models.summary.defaults) : scene.settings;
      const { steps } = settingsDrawn(settings, scene.start);
      const isQuick = (models.check?.estimatedDraftSeconds ?? Infinity) < SHOWS_AFTER;
      const previewEvery = isQuick ? 0 : Math.max(1, Math.ceil(steps / PREVIEWS));
      const reply = await app.api.drawLive({ scene: { ...scene, settings }, ...picture, previewEvery });
      this.waits = this.on && reply.kind === "later";
      if (reply.kind === "later") return "later";
      if (reply.kind === "drawn") {
        const { pixels, seconds, shared, steps: all } = reply;
        this.#show(wish, pixels, { seconds, shared, steps: all });
      }
      await this.#examine();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#current = undefined;
    }
    return "done";
  }

  /** How long the next one takes is known better now: waited for where that decides whether there is one. */
  async #examine(): Promise<void> {
    const { editor, models } = this.#parts;
    const isOpen = this.hindrance !== undefined || models.check?.estimatedDraftSeconds === undefined;
    const examined = models.examine(editor.document);
    if (isOpen) await examined;
  }

  #show({ picture, over, rest }: Wish, pixels: Pixels, took: LivePicture["took"]): void {
    if (this.#seen?.rest === rest) this.#picture = { picture, over, pixels, took };
  }

  #step({ step, secondsLeft = 0, preview }: LiveStep): void {
    if (!this.#current) return;
    const { wish, isTimed } = this.#current;
    if (preview) this.#show(wish, preview, undefined);
    // The first one on this machine. Its first step opens the network, and says nothing of how long the others take.
    if (isTimed || step < 2 || secondsLeft <= MOST_LIVE_SECONDS) return;
    this.#latest.drop();
    void this.#parts.app.api.stopLive();
  }

  /** Told once: it is off then, for this time. */
  #fail(error: unknown): void {
    this.#latest.drop();
    this.on = this.waits = false;
    this.#parts.notices.warn(`Live is off: ${messageOf(error)}`);
  }

  #forget(): void {
    this.#latest.drop();
    this.#picture = undefined;
    this.waits = false;
  }

  async #stop(): Promise<void> {
    this.#latest.drop();
    this.waits = false;
    await this.#parts.app.api.stopLive();
  }
}

/** What of a scene is its boxes and how they are followed, and the rest of it. */
function keysOf(scene: Scene): { boxes: string; rest: string } {
  const settings = { ...scene.settings, guidance: DEFAULT_SETTINGS.guidance };
  return { boxes: pictureKey(scene), rest: pictureKey({ ...scene, regions: [], settings }) };
}
