/** Going on from pictures: a result, or a file, becomes what the next pictures begin with; and what came from what. */
import type { App } from "@api/bridge.ts";
import type { StartInfo } from "@api/starts.ts";
import type { RunOrigin } from "@api/store.ts";
import { asWritten } from "@scene/alternatives.ts";
import type { Scene } from "@scene/scene.ts";
import { ENLARGING, enlargedScene, mostEnlarged } from "@scene/start.ts";
import { REDRAW_SETTINGS, START_SETTINGS } from "@scene/startSettings.ts";
import type { Editor } from "./editor.svelte.ts";
import type { Notices } from "./notices.svelte.ts";
import type { Restoring } from "./restoring.ts";
import type { Results } from "./results.svelte.ts";
import { areaOf, withoutVariation } from "./startEdits.ts";

/** What is made of a picture. */
export type GoingOn = "variation" | "picture" | "redraw" | "enlarge";

/** How far variations go at first: other details, the same picture. */
const VARIATION = 0.2;
/** Variations that are drawn at first. */
const VARIATIONS = 4;

const LABELS: Record<GoingOn, string> = {
  variation: "Variations of a picture",
  picture: "Go on from a picture",
  redraw: "Redraw a part",
  enlarge: "Enlarge a picture",
};
const SAID: Record<GoingOn, string> = {
  variation: "The next pictures are variations of this one. Generate draws four.",
  picture: "The next pictures go on from this one. Change words or boxes, then generate.",
  redraw: "Only the area is drawn anew. Change words or boxes if you like, then generate.",
  enlarge: "The picture is drawn again, larger. Generate begins.",
};

interface Parts {
  app: App;
  editor: Editor;
  results: Results;
  restoring: Restoring;
  notices: Notices;
}

export class Starts {
  readonly #parts: Parts;
  /** Results that scenes of this session came from, by what the scene says of them. */
  readonly #origins = new Map<string, RunOrigin>();
  readonly #infos = new Map<string, Promise<StartInfo | undefined>>();
  readonly #thumbnails = new Map<string, Promise<string | undefined>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Puts the scene of a result into the editor, to go on from it. The draft that was there is one undo away. */
  async from(id: number, how: GoingOn): Promise<void> {
    const { app, editor, results, restoring } = this.#parts;
    const { record, runId } = await results.details.read(id);
    const scene = asWritten(record.scene);
    if (how === "variation") {
      const of = scene.settings.variationOf ?? record.seed;
      const settings = { ...scene.settings, variationOf: of, variationStrength: VARIATION };
      restoring.scene({ ...scene, settings }, { seeds: record.seed, random: VARIATIONS }, LABELS[how], SAID[how]);
      this.#origins.set(`seed ${of}`, { run: runId, result: id, how });
      return;
    }
    const selected = editor.selectedBoxes;
    const picture = await app.api.startFromResult({ id });
    const { hash } = picture;
    const plain: Scene = { ...scene, settings: withoutVariation(scene.settings) };
    delete plain.start;
    if (how === "enlarge") {
      const factor = Math.min(ENLARGING.usual, mostEnlarged(picture));
      restoring.scene(enlargedScene(plain, picture, factor), { seeds: record.seed }, LABELS[how], SAID[how]);
    } else {
      const strength = how === "redraw" ? 1 : START_SETTINGS.strength.usual;
      const areas = selected.length > 0 ? selected.map(areaOf) : worstOf(plain, record.obedience);
      const feather = REDRAW_SETTINGS.feather.usual;
      const redraw = how === "redraw" && areas.length > 0 ? { redraw: { areas, feather } } : {};
      const begun: Scene = { ...plain, start: { hash, strength, ...redraw } };
      restoring.scene(begun, { seeds: record.seed, random: 1 }, LABELS[how], SAID[how]);
    }
    this.#origins.set(hash, { run: runId, result: id, how });
  }

  /** A picture's file becomes what the next pictures go on from. */
  async choose(): Promise<void> {
    const picture = await this.#parts.app.api.chooseStart();
    if (picture) this.#begin(picture);
  }

  /** The same of a file that was dropped. */
  async drop(file: File): Promise<void> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    this.#begin(await this.#parts.app.api.startFromFile({ bytes, name: file.name }));
  }

  #begin(picture: StartInfo): void {
    const start = { hash: picture.hash, strength: START_SETTINGS.strength.usual };
    this.#parts.editor.apply("Go on from a picture", (document) => ({ ...document, start }));
  }

  /** What a run of this scene came from. */
  originOf({ start, settings }: Scene): RunOrigin | undefined {
    const key = start?.hash ?? (settings.variationOf === undefined ? undefined : `seed ${settings.variationOf}`);
    return key === undefined ? undefined : this.#origins.get(key);
  }

  /** Its size, read once; undefined where the project has not got it. */
  info(hash: string): Promise<StartInfo | undefined> {
    const known = this.#infos.get(hash);
    if (known) return known;
    const reading = this.#parts.app.api.startInfo({ hash }).then((info) => {
      if (!info) this.#infos.delete(hash);
      return info ?? undefined;
    });
    this.#infos.set(hash, reading);
    return reading;
  }

  /** The address of a small picture of a start, read once; undefined where the project has not got it. */
  thumbnail(hash: string): Promise<string | undefined> {
    const known = this.#thumbnails.get(hash);
    if (known) return known;
    const reading = this.#parts.app.api.startThumbnail({ hash }).then((png) => {
      if (!png) this.#thumbnails.delete(hash); // another project may have it
      return png ? URL.createObjectURL(new Blob([png], { type: "image/png" })) : undefined;
    });
    this.#thumbnails.set(hash, reading);
    return reading;
  }
}

/** The box that is obeyed least. */
function worstOf({ regions }: Scene, obedience: Record<string, number>) {
  const [worst] = regions.toSorted((a, b) => (obedience[a.id] ?? 0) - (obedience[b.id] ?? 0));
  return worst ? [areaOf(worst)] : [];
}
