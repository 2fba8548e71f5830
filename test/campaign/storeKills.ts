/**
 * The store is killed at a random moment while drafts, pictures, versions, grids, scouted pictures and the states of the one in work come
 * to it, one after the other and beside each other. The claim: what was announced as kept is there and whole at the next start, in the same session and in another one; nothing is left beside
 * the project.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Grid } from "../../src-main/scene/grid.ts";
import { isAppError } from "../../src-main/wire/errors.ts";
import { sampleDraft, samplePixels, sampleResult, sampleScene } from "../support/projects.ts";
import { Fault, type Clock, type Part } from "./part.ts";
import { noise, type Pick } from "./random.ts";
import { checkAnnounced, IN_WORK, killAfter, nothingYet, realStore, stateOf, type Announced } from "./realStore.ts";

/** The store may be killed while it starts, which takes about a third of a second, and while it works. */
const LATEST_KILL = 900;

export const storeKills: Part = {
  title: "kills of the store at work",
  count: 200,
  memory: "children",
  prepare({ folder }) {
    return Promise.resolve({
      run: async (index: number, pick: Pick, clock: Clock) => {
        const home = join(folder, String(index));
        mkdirSync(home, { recursive: true });
        try {
          return await killAtWork(home, pick, clock);
        } finally {
          rmSync(home, { recursive: true, force: true });
        }
      },
    });
  },
};

async function killAtWork(home: string, pick: Pick, clock: Clock): Promise<string> {
  const path = join(home, "project.diorama");
  const announced = nothingYet();
  const store = realStore(join(home, "data"));
  try {
    await clock.time("createProject", () =>
      store.api.createProject({ path, draft: sampleDraft("a cat 0"), replace: false }),
    );
    if (pick(2) === 0) await killAfter(store, 0); // so that its start is part of what is cut off
    const killed = { is: false };
    const working = work(store.api, announced, pick, clock, killed);
    await killAfter(store, pick(LATEST_KILL));
    killed.is = true;
    await working;
    await checkAnnounced(store.api, announced, clock);
  } finally {
    await store.stop();
  }
  const next = realStore(join(home, "data"));
  try {
    await clock.time("openProject", () => next.api.openProject({ path }));
    await checkAnnounced(next.api, announced, clock);
    await next.api.closeProject();
  } finally {
    await next.stop();
  }
  const strangers = readdirSync(home).filter((name) => !["project.diorama", "data"].includes(name));
  if (strangers.length > 0) throw new Fault(`left behind: ${strangers.join(", ")}`);
  return announced.seeds.size > 0 ? "pictures kept" : "killed before a picture";
}

/** Works until it is cut off. A call that is cut off says so, and nothing else. */
async function work(
  api: ReturnType<typeof realStore>["api"],
  announced: Announced,
  pick: Pick,
  clock: Clock,
  killed: { is: boolean },
): Promise<void> {
  const orCut = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await clock.time("a call", call);
    } catch (error) {
      if (isAppError(error, "service-crashed")) return undefined;
      throw error;
    }
  };
  const scene = sampleScene();
  const run = await orCut(() => api.beginRun({ scene, model: "demo", asked: 100, seeds: "0-99" }));
  const scouting = await orCut(() => api.beginRun({ scene, model: "demo", asked: 100, seeds: "101-199", until: 1 }));
  for (let n = 1; run && scouting && !killed.is && n < 100; n++) {
    const side = 16 * (1 + pick(24));
    const pixels = { ...samplePixels(0, side, side), data: noise(pick, side * side * 4) };
    const seed = String(n);
    const calls = [
      orCut(() => api.saveDraft(sampleDraft(`a cat ${n}`))).then((saved) => {
        if (saved) announced.draft = Math.max(announced.draft, n);
      }),
      orCut(() => api.addResult({ ...sampleResult(run.id, seed), pixels })).then((kept) => {
        if (kept) announced.seeds.add(seed);
      }),
    ];
    calls.push(
      orCut(async () => {
        await api.keepState({ runId: run.id, ...IN_WORK, step: n, state: stateOf(n) });
        announced.inWork = { runId: run.id, step: n };
      }),
    );
    if (pick(3) === 0) {
      const result = sampleResult(scouting.id, String(100 + n));
      const record = { ...result.record, scouted: 1 };
      const kept = orCut(() => api.addResult({ ...result, record, state: stateOf(n) }));
      calls.push(
        kept.then((one) => {
          if (one) announced.scouted.set(one.seed, n);
          if (one) announced.seeds.add(one.seed);
        }),
      );
    }
    if (pick(4) === 0) calls.push(orCut(() => beginGrid(api, announced, n)));
    if (pick(4) === 0) {
      const named = orCut(() => api.nameVersion({ name: `version ${n}` }));
      calls.push(
        named.then((version) => {
          if (version) announced.versions.add(version.name);
        }),
      );
    }
    await Promise.all(calls);
  }
}

/** A grid is in the project before anything of it is drawn. */
async function beginGrid(api: ReturnType<typeof realStore>["api"], announced: Announced, n: number): Promise<void> {
  const scene = sampleScene();
  const seeds = { kind: "seeds", seeds: ["1", "2", "3"] } as const;
  const grid: Grid = { rows: null, columns: { ...seeds, seeds: [...seeds.seeds] }, seed: "1" };
  const model = { path: "/demo", provider: "cpu", memory: "auto" } as const;
  const { id } = await api.saveGrid({ name: `grid ${n}`, scene, grid, model, modelName: "demo" });
  const runs = await api.beginGridRuns({ id, runs: [{ scene, asked: 3, seeds: "1-3" }] });
  announced.grids.set(id, runs);
}
