/** Wishes to draw: what is composed, one more seed of it, the starred again, what an ended run has left over. Nothing is drawn twice unasked. */
import { countPictures, expandScene } from "@scene/alternatives.ts";
import type { App } from "@api/bridge.ts";
import type { LoadRequest } from "@api/engine.ts";
import { messageOf } from "@wire/errors.ts";
import type { Scene, Seed } from "@scene/scene.ts";
import { MOST_SEEDS } from "@scene/limits.ts";
import { scoutSteps } from "@scene/scouting.ts";
import { readSeeds } from "@scene/seeds.ts";
import type { DrawnSeed, PictureChoice, RunOrigin } from "@api/store.ts";
import { type Document, sceneToDraw } from "./document.ts";
import { changeRun } from "./edits.ts";
import type { Editor } from "./editor.svelte.ts";
import type { Jobs, Leftover } from "./jobs.svelte.ts";
import { DEMO_REQUEST } from "./models.svelte.ts";
import type { Notices } from "./notices.svelte.ts";
import { randomSeeds } from "./randomSeeds.ts";
import type { Results } from "./results.svelte.ts";
import type { View } from "./view.svelte.ts";

/** Pictures that were asked for and are in the project already, as they would be drawn now. */
export interface AlreadyDrawn {
  drawn: readonly DrawnSeed[];
  /** Those that wait or are being drawn. */
  queued: readonly PictureChoice[];
  /** Pictures asked for in all. */
  asked: number;
  /** Each seed is one picture: the prompt has no alternatives. */
  isOne: boolean;
  scene: Scene;
  model: LoadRequest;
  /** They were to be scouted, to this step. */
  until: number | undefined;
}

const PAGE = 500;
/** Previews of a picture in the making. */
const PREVIEWS = 12;

/** How pictures of a scene are drawn: what is seen of them on the way. */
export function howToDraw({ settings }: Scene, model: LoadRequest) {
  return { previewEvery: Math.max(1, Math.round(settings.steps / PREVIEWS)), attention: true, model };
}

/** What the engine is asked for with a scene. */
export function requestFor(scene: Scene, seeds: Seed[], model: LoadRequest) {
  return { scene, seeds, ...howToDraw(scene, model) };
}

/** What a message at the button is about, as it was when that appeared. */
interface Told {
  about: (document: Document) => string;
  was: string;
  fillIns: number;
}

/** What wishes are fulfilled with. */
interface Parts {
  app: App;
  editor: Editor;
  jobs: Jobs;
  results: Results;
  view: View;
  notices: Notices;
}

export class Wishes {
  starting = $state(false);
  /** The step to scout to, where a person chose one; else as far as boxes guide. */
  scoutTo: number | undefined = $state();
  /** Done when the checkpoint of the project just opened is there, and its settings are taken over. */
  opened: Promise<void> = Promise.resolve();
  /** What is wrong with the last wish, shown at the button. */
  #problem: string | undefined = $state();
  /** Pictures of that wish which the project has already. */
  #already: AlreadyDrawn | undefined = $state.raw();
  #told: Told | undefined;
  readonly #parts: Parts;
  /** The earlier result that a scene goes on from, where that is known. */
  originOf: (scene: Scene) => RunOrigin | undefined = () => undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  get already(): AlreadyDrawn | undefined {
    return this.#already;
  }

  /** Nothing is told at the button any more. */
  dismiss(): void {
    this.#problem = undefined;
    this.#already = undefined;
    this.#told = undefined;
  }

  /** What is told goes when the person changes what it is about; what the program fills in meanwhile leaves it. */
  documentChanged(): void {
    const told = this.#told;
    if (!told) return;
    const { document, fillIns } = this.#parts.editor;
    const now = told.about(document);
    if (fillIns !== told.fillIns) this.#told = { ...told, was: now, fillIns };
    else if (now !== told.was) this.dismiss();
  }

  /** Draws the scene once for each seed. What is wrong is said at the button. */
  async draw(): Promise<void> {
    if (this.starting) return;
    const seeds = this.#seedsToDraw();
    if ("seeds" in seeds) await this.#drawSeeds(seeds.seeds);
    else this.#refuse(`Seeds: ${seeds.problem}.`, aboutSeeds);
  }

  /** Draws each seed only as far as decides the layout. */
  async scout(): Promise<void> {
    if (this.starting) return;
    const until = this.scoutStep;
    const seeds = this.#seedsToDraw();
    if (until === undefined) this.#refuse("Scouting needs at least two steps.", aboutAll);
    else if ("seeds" in seeds) await this.#drawSeeds(seeds.seeds, until);
    else this.#refuse(`Seeds: ${seeds.problem}.`, aboutSeeds);
  }

  /** The step to scout to now. */
  get scoutStep(): number | undefined {
    const { document } = this.#parts.editor;
    const usual = scoutSteps(sceneToDraw(document));
    return usual === undefined ? undefined : Math.min(this.scoutTo ?? usual, document.settings.steps - 1);
  }

  /** A further picture of the scene, from a seed that nobody chose; the seeds asked for stay as they are. */
  async drawOneMore(): Promise<void> {
    await this.#drawSeeds(randomSeeds(1));
  }

  /** One picture of the scene, of a seed and an alternative that somebody has seen. */
  async drawPicture(picture: PictureChoice): Promise<void> {
    await this.#draw(() => [picture]);
  }

  /** The seeds of all starred pictures, in the scene and with the settings of now. */
  async drawStarred(): Promise<void> {
    const { app, notices } = this.#parts;
    const seeds = new Set<Seed>();
    for (let offset = 0; ; offset += PAGE) {
      const query = { starred: true, state: "kept", order: "oldest", offset, limit: PAGE } as const;
      const { results, total } = await app.api.listResults(query);
      for (const { seed } of results) seeds.add(seed);
      if (offset + PAGE >= total) break;
    }
    if (seeds.size > 0) await this.#drawSeeds([...seeds].slice(0, MOST_SEEDS));
    else notices.done("No picture is starred yet. Press S on those worth drawing again, then try this again.");
  }

  /** What an ended run has left over, as it was asked for then. */
  async drawLeftover({ runId, why, scene, pictures, model, until }: Leftover): Promise<void> {
    this.#parts.jobs.dismiss(runId);
    if (why === "cancelled") {
      await this.#begin(() => ({ scene, pictures, model: model ?? this.#model, until: until ?? undefined }));
      return;
    }
    // As the same run, from where its pictures were.
    if (this.starting) return;
    this.starting = true;
    this.dismiss();
    const { app, jobs, results } = this.#parts;
    results.selection.follow();
    try {
      await this.opened;
      const begun = await app.api.resumeRun({ runId, ...howToDraw(scene, model ?? this.#model) });
      for (const job of begun) jobs.add(job);
    } catch (error) {
      this.#refuse(messageOf(error), aboutAll);
    } finally {
      this.starting = false;
    }
  }

  /** What is left over is not wanted: it is not offered again, at the next start either. */
  async leave({ runId, why }: Leftover): Promise<void> {
    this.#parts.jobs.dismiss(runId);
    if (why === "interrupted") await this.#parts.app.api.leaveUnfinished({ runId });
  }

  /** Draws pictures although they were drawn. */
  async drawAgain({ scene, model, drawn, queued, until }: AlreadyDrawn): Promise<void> {
    const pictures = [...drawn, ...queued].map(({ seed, alternative }) => ({ seed, alternative }));
    await this.#begin(() => ({ scene, pictures, model, until }), { again: true });
  }

  /** What the last end of the program left undone, by a crash or because it was left while it drew; `except` runs are offered elsewhere. */
  async offerInterrupted(except: ReadonlySet<number> = new Set()): Promise<void> {
    const { app, jobs } = this.#parts;
    for (const run of await app.api.unfinishedRuns()) {
      const { id: runId, scene, asked, missing: pictures, finishing, inWork, until } = run;
      if (except.has(runId) || jobs.running.some((job) => job.runId === runId)) continue;
      const left = { pictures, finishing, goingOn: inWork.length + finishing.length, until };
      jobs.offer({ runId, why: "interrupted", scene, model: undefined, asked, ...left });
    }
  }

  #drawSeeds(seeds: Seed[], until?: number): Promise<void> {
    return this.#draw((scene) => picturesOf(scene, seeds), until);
  }

  #draw(choose: (scene: Scene) => PictureChoice[], until?: number): Promise<void> {
    return this.#begin(() => {
      const scene = sceneToDraw(this.#parts.editor.document);
      const { origin } = this.#parts.editor.document;
      return { scene, pictures: choose(scene), model: this.#model, until, origin };
    });
  }

  /** `ask` is called when the checkpoint of a project that was just opened is there, and its settings are taken over. */
  async #begin(
    ask: () => {
      scene: Scene;
      pictures: readonly PictureChoice[];
      model: LoadRequest;
      until?: number | undefined;
      origin?: RunOrigin | null;
    },
    { again = false } = {},
  ): Promise<void> {
    if (this.starting) return;
    this.starting = true;
    this.dismiss();
    const { app, jobs, results, view } = this.#parts;
    results.selection.follow();
    try {
      await this.opened;
      const { scene, pictures, model, until, origin } = ask();
      const far = until === undefined ? {} : { until };
      const seeds = seedsOf(pictures);
      const asked = new Set(pictures.map(keyOf));
      const found = again ? [] : await app.api.findDrawn({ scene, seeds, model, ...far });
      const drawn = found.filter((one) => asked.has(keyOf(one)));
      const waiting = new Set(again ? [] : queuedPictures(jobs, scene, model, until).map(keyOf));
      const known = new Set(drawn.map(keyOf));
      const queued = pictures.filter((one) => waiting.has(keyOf(one)) && !known.has(keyOf(one)));
      const fresh = pictures.filter((one) => !known.has(keyOf(one)) && !waiting.has(keyOf(one)));
      if (fresh.length > 0) {
        const from = this.originOf(scene) ?? origin;
        const request = { ...requestFor(scene, seedsOf(fresh), model), ...far, ...(from ? { origin: from } : {}) };
        const isOne = fresh.every(({ alternative }) => alternative === null);
        jobs.add(await app.api.generate(isOne ? request : { ...request, only: fresh }));
      }
      if (fresh.length < pictures.length) {
        const isOne = pictures.every(({ alternative }) => alternative === null);
        this.#already = { drawn, queued, asked: pictures.length, isOne, scene, model, until };
        this.#tell(aboutAll);
        view.mode = "compose"; // where it is told
      }
    } catch (error) {
      this.#refuse(messageOf(error), aboutAll);
    } finally {
      this.starting = false;
    }
  }

  /** At the button, which only one view has. */
  #refuse(problem: string, about: Told["about"]): void {
    this.#problem = problem;
    this.#tell(about);
    this.#parts.view.mode = "compose";
  }

  #tell(about: Told["about"]): void {
    const { document, fillIns } = this.#parts.editor;
    this.#told = { about, was: about(document), fillIns };
  }

  get #model(): LoadRequest {
    return this.#parts.editor.document.model ?? DEMO_REQUEST;
  }

  /** In random mode new ones, which are shown in the field from then on: the seeds shown are the seeds used. */
  #seedsToDraw(): { seeds: Seed[] } | { problem: string } {
    const { editor } = this.#parts;
    const { seeds, seedMode } = editor.document;
    if (seedMode.kind === "list") return readSeeds(seeds);
    const drawn = randomSeeds(seedMode.count);
    editor.adjust(changeRun({ seeds: drawn.join(",") }));
    return { seeds: drawn };
  }
}

const aboutSeeds = ({ seeds, seedMode }: Document) => JSON.stringify([seeds, seedMode]);
/** All that a picture is drawn from: what boxes are called, for one, is nothing of it. */
const aboutAll = (document: Document) => JSON.stringify([sceneToDraw(document), aboutSeeds(document), document.model]);

/** What a scene makes of seeds: a picture of each, or one of each alternative of its prompt. */
function picturesOf(scene: Scene, seeds: readonly Seed[]): PictureChoice[] {
  const alternatives = expandScene(scene);
  countPictures(alternatives.length, seeds.length); // too many are refused before they are listed
  return alternatives.flatMap(({ words: alternative = null }) => seeds.map((seed) => ({ seed, alternative })));
}

/** What is in this window's queue of a scene. */
function queuedPictures(jobs: Jobs, scene: Scene, model: LoadRequest, until?: number): PictureChoice[] {
  const same = jobs.running.filter(
    (job) => isEqual(job.scene, scene) && isEqual(job.model, model) && (until !== undefined || job.until === null),
  );
  return jobs.pending
    .filter(({ job }) => same.some(({ jobId }) => jobId === job.jobId))
    .map(({ seed, alternative = null }) => ({ seed, alternative }));
}

function keyOf({ seed, alternative }: PictureChoice): string {
  return `${seed} ${alternative ?? ""}`;
}

/** Each once. */
function seedsOf(pictures: readonly PictureChoice[]): Seed[] {
  return [...new Set(pictures.map(({ seed }) => seed))];
}

function isEqual(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
