/**
 * Disks that are full, that nobody may write to, or that are gone, at every call of the store: the disk of the project, and the one of the
 * program's own data. The claim: each call answers in time, in words or with what was asked; no process dies of it; the project can be
 * left and the store ended; and when the disk is as it was, all that was announced as saved is there.
 *
 * Needs a small file system of its own for each case, which root alone can mount.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Grid } from "../../src-main/scene/grid.ts";
import type { Client } from "../../src-main/wire/rpc.ts";
import type { StoreApi } from "../../src-main/api/store.ts";
import { storeSchemas } from "../../src-main/api/storeMessages.ts";
import { sampleDraft, samplePixels, sampleResult, sampleScene } from "../support/projects.ts";
import { answerOf } from "./everyCall.ts";
import { Fault, Skipped, type Clock, type Part } from "./part.ts";
import { noise, type Pick } from "./random.ts";
import { checkAnnounced, nothingYet, realStore, type Announced } from "./realStore.ts";

type Method = keyof StoreApi;
const METHODS = Object.keys(storeSchemas) as Method[];
const DISKS = ["project", "data"] as const;

/** What happens to a file system, and how it is undone. */
interface Trouble {
  begin(mount: string): void;
  end(mount: string): void;
}

const mountOf = (options: string, mount: string) =>
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", mount]);
const fillers = (mount: string) => join(mount, "filler");

const TROUBLES = {
  full: {
    begin: (mount) => {
      mkdirSync(fillers(mount));
      for (let i = 0, size = 2 ** 20; size >= 1; i++) {
        const { bavail, bsize } = statfsSync(mount);
        try {
          writeFileSync(join(fillers(mount), String(i)), Buffer.alloc(Math.max(1, Math.min(size, bavail * bsize))));
        } catch {
          size = Math.floor(size / 16); // what did not fit is tried smaller, until nothing does
        }
      }
    },
    end: (mount) => rmSync(fillers(mount), { recursive: true }),
  },
  "read-only": {
    // A file system with files open for writing refuses to become read-only; a second mount of it, over the first, does not.
    begin: (mount) => {
      execFileSync("mount", ["--bind", mount, mount]);
      execFileSync("mount", ["-o", "remount,ro,bind", mount]);
    },
    end: (mount) => execFileSync("umount", ["-l", mount]),
  },
  vanished: {
    begin: (mount) => {
      renameSync(join(mount, "home"), join(mount, "away"));
    },
    end: (mount) => {
      // Where the program began a new folder in its place, nobody knows it: what was there comes back.
      rmSync(join(mount, "home"), { recursive: true, force: true });
      renameSync(join(mount, "away"), join(mount, "home"));
    },
  },
} satisfies Record<string, Trouble>;

function diskPart(name: keyof typeof TROUBLES, words: string): Part {
  return {
    title: `${words} at every call of the store`,
    count: METHODS.length * DISKS.length,
    memory: "children",
    prepare({ folder }) {
      mkdirSync(folder, { recursive: true });
      if (process.platform !== "linux" || process.getuid?.() !== 0)
        throw new Skipped("a file system can be mounted by root on Linux alone");
      try {
        mountOf("size=64k", folder);
        execFileSync("umount", [folder]);
      } catch (error) {
        throw new Skipped(`no file system can be mounted here (${String(error)})`);
      }
      return Promise.resolve({
        run: async (index: number, pick: Pick, clock: Clock) => {
          const method = METHODS[Math.floor(index / DISKS.length) % METHODS.length]!;
          const disk = DISKS[index % DISKS.length]!;
          const base = join(folder, String(index));
          const mounts = { project: join(base, "project"), data: join(base, "data") };
          for (const mount of Object.values(mounts)) {
            mkdirSync(mount, { recursive: true });
            mountOf("size=6m", mount);
            mkdirSync(join(mount, "home"));
          }
          try {
            return await oneCall(method, TROUBLES[name], mounts, disk, pick, clock);
          } catch (error) {
            if (error instanceof Fault)
              throw new Fault(`${method}, disk of the ${disk}: ${error.message}`, {
                lost: error.lost,
                cause: error.cause,
              });
            throw error;
          } finally {
            for (const mount of Object.values(mounts)) execFileSync("umount", ["-l", mount]);
          }
        },
      });
    },
  };
}

async function oneCall(
  method: Method,
  trouble: Trouble,
  mounts: Record<(typeof DISKS)[number], string>,
  disk: (typeof DISKS)[number],
  pick: Pick,
  clock: Clock,
): Promise<string> {
  const home = join(mounts.project, "home");
  const path = join(home, "project.diorama");
  const announced = nothingYet();
  const exits: string[] = [];
  const store = realStore(join(mounts.data, "home"));
  try {
    const run = await prepareProject(store.api, path, announced);
    const pid = store.pid;
    trouble.begin(mounts[disk]);
    let answer: Awaited<ReturnType<typeof answerOf>>;
    try {
      answer = await answerOf(clock, method, () => callOf(store.api, method, { home, run, announced, pick })());
      if (method === "saveDraft" && "value" in answer) announced.draft = 2;
      if (method === "addResult" && "value" in answer) announced.seeds.add("2");
      if (method === "nameVersion" && "value" in answer) announced.versions.add("two");
      // A person goes on working: what is refused now may be tried again.
      const later = await answerOf(clock, `saveDraft after ${method}`, () =>
        store.api.saveDraft(sampleDraft("a cat 3")),
      );
      const isOfAnother = "refusal" in later || LEAVES.has(method);
      if (!isOfAnother) announced.draft = 3;
      if (store.pid !== pid) throw new Fault(`the store died: ${store.lines.slice(-5).join(" | ")}${exits.join()}`);
    } finally {
      trouble.end(mounts[disk]);
    }
    await answerOf(clock, "closeProject", () => store.api.closeProject());
    const begun = performance.now();
    await store.stop();
    if (performance.now() - begun > 4_500) throw new Fault("the store did not end by itself");
    await checkAfter(join(mounts.data, "home"), path, announced, clock);
    return "value" in answer ? "answered" : "refused in words";
  } finally {
    await store.stop();
  }
}

/** After these another project is open, or none. */
const LEAVES = new Set<Method>(["createProject", "openProject", "closeProject"]);

async function prepareProject(api: Client<StoreApi>, path: string, announced: Announced): Promise<number> {
  await api.writePreferences({ theme: "dark" });
  await api.createProject({ path, draft: sampleDraft("a cat 0"), replace: false });
  const other = path.replace("project.", "other.");
  await api.createProject({ path: other, draft: sampleDraft("a dog"), replace: false });
  await api.openProject({ path });
  const run = await api.beginRun({ scene: sampleScene(), model: "demo", asked: 2 });
  await api.addResult(sampleResult(run.id, "1"));
  const binned = await api.addResult(sampleResult(run.id, "9"));
  await api.markResults({ ids: [binned.id], state: "binned" });
  await api.nameVersion({ name: "one" });
  writeFileSync(join(dirname(path), "1.png"), await api.readPicture({ id: 1, size: "full" }));
  await api.saveDraft(sampleDraft("a cat 1"));
  announced.draft = 1;
  announced.seeds.add("1");
  announced.versions.add("one");
  return run.id;
}

interface Given {
  home: string;
  run: number;
  announced: Announced;
  pick: Pick;
}

/** Each call with arguments that make sense. */
function callOf(api: Client<StoreApi>, method: Method, { home, run, pick }: Given): () => Promise<unknown> {
  const draft = sampleDraft("a cat 2");
  const page = { offset: 0, limit: 100 };
  const path = join(home, "other.diorama");
  const model = { path: "/models/mine", provider: "cpu", memory: "auto" } as const;
  const inWork = { runId: run, seed: "3", alternative: null, resultId: null };
  const grid: Grid = { rows: { kind: "seeds", seeds: ["1", "2"] }, columns: null, seed: "1" };
  const weights = { path: "/models/mine/unet.safetensors", size: 1, modified: 1 };
  const calls: Record<Method, () => Promise<unknown>> = {
    createProject: () => api.createProject({ path: join(home, "new.diorama"), draft, replace: false }),
    openProject: () => api.openProject({ path }),
    closeProject: () => api.closeProject(),
    currentProject: () => api.currentProject(),
    copyProject: () => api.copyProject({ path, replace: true }),
    verifyProject: () => api.verifyProject(),
    readDraft: () => api.readDraft(),
    saveDraft: () => api.saveDraft(draft),
    nameVersion: () => api.nameVersion({ name: "two" }),
    listVersions: () => api.listVersions(),
    restoreVersion: () => api.restoreVersion({ id: 1 }),
    readVersion: () => api.readVersion({ id: 1 }),
    renameVersion: () => api.renameVersion({ id: 1, name: "one" }),
    deleteVersion: () => api.deleteVersion({ id: 99 }),
    undeleteVersion: () => api.undeleteVersion({ id: 1 }),
    beginRun: () => api.beginRun({ scene: sampleScene(), model: "demo", asked: 1 }),
    setPooled: () => api.setPooled({ runId: run, pooled: { name: "run-1", model } }),
    readPooled: () => api.readPooled({ runId: run }),
    addResult: () =>
      api.addResult({
        ...sampleResult(run, "2"),
        pixels: { ...samplePixels(0, 400, 400), data: noise(pick, 640_000) },
      }),
    finishResult: () => {
      const { seed, pixels, seconds, record, attention } = sampleResult(run, "1");
      return api.finishResult({ id: 1, seed, pixels, seconds, record, attention });
    },
    keepState: () => api.keepState({ ...inWork, step: 2, state: noise(pick, 300_000) }),
    readState: () => api.readState(inWork),
    dropState: () => api.dropState(inWork),
    wantFinished: () => api.wantFinished({ ids: [1], wanted: true }),
    resumeRun: () => api.resumeRun({ id: run }),
    unfinishedRuns: () => api.unfinishedRuns(),
    leaveUnfinished: () => api.leaveUnfinished({ runId: run }),
    stateRoom: () => api.stateRoom(),
    letGoStates: () => api.letGoStates(),
    takeBackStates: () => api.takeBackStates({ ids: [1] }),
    endRun: () => api.endRun({ runId: run, outcome: "done", message: null }),
    listRuns: () => api.listRuns({ ...page, text: "cat" }),
    readRun: () => api.readRun({ id: run }),
    findDrawn: () => api.findDrawn({ scene: draft.scene, seeds: ["1"], model: "demo", provider: "cpu" }),
    listResults: () => api.listResults({ ...page, order: "newest" }),
    readResult: () => api.readResult({ id: 1 }),
    readPicture: () => api.readPicture({ id: 1, size: "full" }),
    readAttention: () => api.readAttention({ id: 1 }),
    markResults: () => api.markResults({ ids: [1], starred: true }),
    emptyBin: () => api.emptyBin(),
    readQueue: () => api.readQueue(),
    writeQueue: () => {
      const place = { run, finishing: false, picture: null, held: false };
      return api.writeQueue({ paused: true, places: new Array<typeof place>(1_000).fill(place) });
    },
    saveGrid: () => api.saveGrid({ name: "Seeds", scene: draft.scene, grid, model, modelName: "mine" }),
    beginGridRuns: () => api.beginGridRuns({ id: 1, runs: [{ scene: draft.scene, asked: 2, seeds: "1,2" }] }),
    listGrids: () => api.listGrids(),
    readGrid: () => api.readGrid({ id: 1 }),
    unfinishedGrids: () => api.unfinishedGrids(),
    findCells: () => api.findCells({ scene: draft.scene, grid, modelName: "mine", provider: "cpu" }),
    renameGrid: () => api.renameGrid({ id: 1, name: "Methods" }),
    deleteGrid: () => api.deleteGrid({ id: 99 }),
    undeleteGrid: () => api.undeleteGrid({ id: 1 }),
    keepStart: () => api.keepStart({ result: 1 }),
    readStart: () => api.readStart({ hash: "a".repeat(64) }),
    startThumbnail: () => api.startThumbnail({ hash: "a".repeat(64) }),
    startInfo: () => api.startInfo({ hash: "a".repeat(64) }),
    listLabels: () => api.listLabels(),
    makeLabel: () => api.makeLabel({ kind: "tag", name: "warm" }),
    renameLabel: () => api.renameLabel({ id: 1, name: "cold" }),
    deleteLabel: () => api.deleteLabel({ id: 1 }),
    undeleteLabel: () => api.undeleteLabel({ id: 1 }),
    labelResults: () => api.labelResults({ id: 1, ids: [1], on: true }),
    labelsOf: () => api.labelsOf({ ids: [1] }),
    facets: () => api.facets(),
    refillBin: () => api.refillBin({ ids: [2] }),
    importPicture: () => api.importPicture({ path: join(home, "1.png") }),
    findPictures: () => api.findPictures({ records: [] }),
    recentProjects: () => api.recentProjects(),
    knownModels: () => api.knownModels(),
    rememberModel: () => api.rememberModel({ request: model, name: "mine" }),
    forgetModel: () => api.forgetModel({ path: model.path }),
    knownHash: () => api.knownHash(weights),
    rememberHash: () => api.rememberHash({ ...weights, sha256: "0".repeat(64) }),
    readPreferences: () => api.readPreferences(),
    writePreferences: () => api.writePreferences({ theme: "light" }),
  };
  return calls[method];
}

/** In another session, with the disk as it was. */
async function checkAfter(dataFolder: string, path: string, announced: Announced, clock: Clock): Promise<void> {
  const store = realStore(dataFolder);
  try {
    const opened = await answerOf(clock, "openProject after it", () => store.api.openProject({ path }));
    if ("refusal" in opened)
      throw new Fault(`it cannot be opened after it: ${opened.refusal}`, { lost: announced.seeds.size + 1 });
    await checkAnnounced(store.api, announced, clock);
    const preferences = await clock.time("readPreferences", () => store.api.readPreferences());
    if (preferences.theme === undefined) throw new Fault("the preferences are gone", { lost: 1 });
  } finally {
    await store.stop();
  }
}

export const diskFull = diskPart("full", "a full disk");
export const diskReadOnly = diskPart("read-only", "a read-only disk");
export const diskVanished = diskPart("vanished", "a folder that is gone");
