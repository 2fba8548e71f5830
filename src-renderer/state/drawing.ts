/** Wishes to draw: what is composed, one more seed of it, the starred again, what an ended run has left over. Nothing is drawn twice unasked. */
import { countPictures, expandScene } from "@api/alternatives.ts";
import type { LoadRequest } from "@api/engine.ts";
import { messageOf } from "@api/errors.ts";
import type { Scene, Seed } from "@api/scene.ts";
import { MOST_SEEDS } from "@api/limits.ts";
import { readSeeds } from "@api/seeds.ts";
import { type DrawnSeed, INTERRUPTED, type PictureChoice } from "@api/store.ts";
import { type Document, sceneToDraw } from "./document.ts";
import { changeRun } from "./edits.ts";
import type { Leftover } from "./jobs.svelte.ts";
import { DEMO_REQUEST } from "./models.svelte.ts";
import { randomSeeds } from "./randomSeeds.ts";
import type { Session } from "./session.svelte.ts";

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
}

const PAGE = 500;
/** Runs that a crash can have cut off: one in each window's queue, and those behind it. */
const MOST_INTERRUPTED = 20;
/** Previews of a picture in the making. */
const PREVIEWS = 12;

/** What the engine is asked for with a scene. */
export function requestFor(scene: Scene, seeds: Seed[], model: LoadRequest) {
  const previewEvery = Math.max(1, Math.round(scene.settings.steps / PREVIEWS));
  return { scene, seeds, previewEvery, attention: true, model };
}

/** Draws the scene once for each seed. What is wrong is said at the button. */
export async function drawComposed(session: Session): Promise<void> {
  if (session.starting) return;
  const seeds = seedsToDraw(session, session.editor.document);
  if ("seeds" in seeds) await drawSeeds(session, seeds.seeds);
  else refuse(session, `Seeds: ${seeds.problem}.`);
}

/** A further picture of the scene, from a seed that nobody chose; the seeds asked for stay as they are. */
export async function drawOneMore(session: Session): Promise<void> {
  await drawSeeds(session, randomSeeds(1));
}

/** The seeds of all starred pictures, in the scene and with the settings of now. */
export async function drawStarred(session: Session): Promise<void> {
  const seeds = new Set<Seed>();
  for (let offset = 0; ; offset += PAGE) {
    const query = { starred: true, state: "kept", order: "oldest", offset, limit: PAGE } as const;
    const { results, total } = await session.app.api.listResults(query);
    for (const { seed } of results) seeds.add(seed);
    if (offset + PAGE >= total) break;
  }
  if (seeds.size > 0) await drawSeeds(session, [...seeds].slice(0, MOST_SEEDS));
  else session.notices.done("No picture is starred yet. Press S on those worth drawing again, then try this again.");
}

/** What an ended run has left over, as it was asked for then. */
export async function drawLeftover(session: Session, { runId, scene, pictures, model }: Leftover): Promise<void> {
  session.jobs.dismiss(runId);
  await begin(session, () => ({ scene, pictures, model: model ?? modelOf(session) }));
}

/** Draws pictures although they were drawn. */
export async function drawAgain(session: Session, { scene, model, drawn, queued }: AlreadyDrawn): Promise<void> {
  const pictures = [...drawn, ...queued].map(({ seed, alternative }) => ({ seed, alternative }));
  await begin(session, () => ({ scene, pictures, model }), { again: true });
}

/** Shows pictures in Results, on the shelf where they are. */
export async function showDrawn(session: Session, drawn: readonly Pick<DrawnSeed, "id" | "state">[]): Promise<void> {
  const [first] = drawn;
  if (!first) return;
  const { results, view } = session;
  view.mode = "results";
  const shelf = drawn.some(({ state }) => state === "kept") ? "kept" : first.state;
  await results.show({ shelf, text: "", leastObedience: 0 });
  const there = drawn.filter(({ state }) => state === shelf).map(({ id }) => id);
  results.selection.pick(there[0]!);
  results.selection.ids = there;
}

/** After a crash: what the runs that it cut off owe. */
export async function offerInterrupted(session: Session): Promise<void> {
  const { api } = session.app;
  const { runs } = await api.listRuns({ offset: 0, limit: MOST_INTERRUPTED });
  for (const { id } of runs.filter(({ message }) => message === INTERRUPTED).reverse()) {
    const { scene, asked, missing } = await api.readRun({ id });
    session.jobs.offer({ runId: id, why: "interrupted", scene, model: undefined, asked, pictures: missing });
  }
}

function drawSeeds(session: Session, seeds: Seed[]): Promise<void> {
  return begin(session, () => {
    const scene = sceneToDraw(session.editor.document);
    return { scene, pictures: picturesOf(scene, seeds), model: modelOf(session) };
  });
}

/** What a scene makes of seeds: a picture of each, or one of each alternative of its prompt. */
function picturesOf(scene: Scene, seeds: readonly Seed[]): PictureChoice[] {
  const alternatives = expandScene(scene);
  countPictures(alternatives.length, seeds.length); // too many are refused before they are listed
  return alternatives.flatMap(({ words: alternative = null }) => seeds.map((seed) => ({ seed, alternative })));
}

/** `ask` is called when the checkpoint of a project that was just opened is there, and its settings are taken over. */
async function begin(
  session: Session,
  ask: () => { scene: Scene; pictures: readonly PictureChoice[]; model: LoadRequest },
  { again = false } = {},
): Promise<void> {
  if (session.starting) return;
  session.starting = true;
  session.problem = undefined;
  session.already = undefined;
  session.results.selection.follow();
  try {
    await session.opened;
    const { scene, pictures, model } = ask();
    const { api } = session.app;
    const seeds = seedsOf(pictures);
    const asked = new Set(pictures.map(keyOf));
    const drawn = again ? [] : (await api.findDrawn({ scene, seeds, model })).filter((one) => asked.has(keyOf(one)));
    const waiting = new Set(again ? [] : queuedPictures(session, scene, model).map(keyOf));
    const known = new Set(drawn.map(keyOf));
    const queued = pictures.filter((one) => waiting.has(keyOf(one)) && !known.has(keyOf(one)));
    const fresh = pictures.filter((one) => !known.has(keyOf(one)) && !waiting.has(keyOf(one)));
    if (fresh.length > 0) {
      const request = requestFor(scene, seedsOf(fresh), model);
      const isOne = fresh.every(({ alternative }) => alternative === null);
      session.jobs.add(await api.generate(isOne ? request : { ...request, only: fresh }));
    }
    if (fresh.length < pictures.length) {
      const isOne = pictures.every(({ alternative }) => alternative === null);
      session.already = { drawn, queued, asked: pictures.length, isOne, scene, model };
      session.view.mode = "compose"; // where it is told
    }
  } catch (error) {
    refuse(session, messageOf(error));
  } finally {
    session.starting = false;
  }
}

/** What is in this window's queue of a scene. */
function queuedPictures({ jobs }: Session, scene: Scene, model: LoadRequest): PictureChoice[] {
  const same = jobs.running.filter((job) => isEqual(job.scene, scene) && isEqual(job.model, model));
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

/** At the button, which only one view has. */
function refuse(session: Session, problem: string): void {
  session.problem = problem;
  session.view.mode = "compose";
}

function modelOf({ editor }: Session): LoadRequest {
  return editor.document.model ?? DEMO_REQUEST;
}

/** In random mode new ones, which are shown in the field from then on: the seeds shown are the seeds used. */
function seedsToDraw({ editor }: Session, { seeds, seedMode }: Document): { seeds: Seed[] } | { problem: string } {
  if (seedMode.kind === "list") return readSeeds(seeds);
  const drawn = randomSeeds(seedMode.count);
  editor.adjust(changeRun({ seeds: drawn.join(",") }));
  return { seeds: drawn };
}
