/** Asks a store for everything that it may know about the open project, as a window does in the course of a day. */
import { isAppError } from "../../src-main/wire/errors.ts";
import type { Client } from "../../src-main/wire/rpc.ts";
import type { StoreApi } from "../../src-main/api/store.ts";
import { sampleDraft, sampleResult, sampleScene } from "../support/projects.ts";
import { Fault, type Clock } from "./part.ts";

const PAGE = { offset: 0, limit: 500 };

/** How an answer came: with a value, or with an error that a person can read. */
export type Answer<T> = { value: T } | { refusal: string };

/** Waits for an answer; an error of a bug, of a death or of a broken contract is a fault. */
export async function answerOf<T>(clock: Clock, what: string, call: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await clock.time(what, call) };
  } catch (error) {
    if (error instanceof Fault) throw error;
    const isHonest = isAppError(error) && !["internal", "service-crashed", "bad-request"].includes(error.code);
    if (!isHonest) throw new Fault(`${what}: an error of another kind`, { cause: error });
    if (error.message.length > 2_000) throw new Fault(`${what}: a message of ${error.message.length} characters`);
    return { refusal: error.message };
  }
}

/** All reading calls, on everything that the lists name (the first few of each). */
export async function readEverything(api: Client<StoreApi>, clock: Clock): Promise<{ refusals: number }> {
  let refusals = 0;
  const ask = async <T>(what: string, call: () => Promise<T>): Promise<T | undefined> => {
    const answer = await answerOf(clock, what, call);
    if ("value" in answer) return answer.value;
    refusals++;
    return undefined;
  };
  await ask("currentProject", () => api.currentProject());
  await ask("readDraft", () => api.readDraft());
  await ask("listVersions", () => api.listVersions());
  const { runs } = (await ask("listRuns", () => api.listRuns(PAGE))) ?? { runs: [] };
  await ask("listRuns cat", () => api.listRuns({ ...PAGE, text: "cat" }));
  for (const { id } of runs.slice(0, 3)) await ask("readRun", () => api.readRun({ id }));
  await ask("listRuns as a tree", () => api.listRuns({ ...PAGE, tree: true }));
  await ask("listLabels", () => api.listLabels());
  await ask("readStart", () => api.readStart({ hash: "a".repeat(64) }));
  await ask("startThumbnail", () => api.startThumbnail({ hash: "a".repeat(64) }));
  await ask("startInfo", () => api.startInfo({ hash: "a".repeat(64) }));
  await ask("facets", () => api.facets());
  await ask("readQueue", () => api.readQueue());
  await ask("a phrase", () => api.listResults({ ...PAGE, order: "newest", phrase: "cat", leastOfPhrase: 0.1 }));
  const ids = new Set<number>();
  for (const order of ["newest", "oldest", "obedience", "seed"] as const) {
    const page = await ask(`listResults ${order}`, () => api.listResults({ ...PAGE, order, text: "cat" }));
    for (const { id } of page?.results.slice(0, 4) ?? []) ids.add(id);
  }
  for (const id of [...ids, 1]) {
    await ask("readResult", () => api.readResult({ id }));
    await ask("readPicture full", () => api.readPicture({ id, size: "full" }));
    await ask("readPicture thumbnail", () => api.readPicture({ id, size: "thumbnail" }));
    await ask("readAttention", () => api.readAttention({ id }));
  }
  await ask("verifyProject", () => api.verifyProject());
  return { refusals };
}

/** Changes of every kind; resolves to the draft and the seed that were announced as kept. */
export async function changeEverything(
  api: Client<StoreApi>,
  clock: Clock,
  seed: string,
): Promise<{ draft?: string; seed?: string }> {
  const prompt = `a cat on mat ${seed}`;
  const kept: { draft?: string; seed?: string } = {};
  await answerOf(clock, "markResults", () => api.markResults({ ids: [1], state: "binned" }));
  await answerOf(clock, "emptyBin", () => api.emptyBin());
  const run = await answerOf(clock, "beginRun", () => api.beginRun({ scene: sampleScene(), model: "demo", asked: 1 }));
  if ("value" in run) {
    const { id } = run.value;
    const added = await answerOf(clock, "addResult", () => api.addResult(sampleResult(id, seed)));
    if ("value" in added) kept.seed = seed;
    await answerOf(clock, "endRun", () => api.endRun({ runId: id, outcome: "done", message: null }));
  }
  await answerOf(clock, "nameVersion", () => api.nameVersion({ name: "one" }));
  const saved = await answerOf(clock, "saveDraft", () => api.saveDraft(sampleDraft(prompt)));
  if ("value" in saved) kept.draft = prompt;
  return kept;
}
