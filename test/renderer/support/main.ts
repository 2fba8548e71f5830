/**
 * A main process in this one, for tests of the window's state: the real store over a port, in a folder of the test's own, the real
 * project and the real jobs. Only the engine is a painter, and what is the system's (dialogs, clipboard, drags) is answered and left.
 */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { LiveReply, LiveRequest } from "../../../src-main/api/live.ts";
import type { WindowState } from "../../../src-main/api/main.ts";
import { type Client, connect } from "../../../src-main/wire/rpc.ts";
import type { Draft, StoreApi, StoreEvents } from "../../../src-main/api/store.ts";
import { Jobs } from "../../../src-main/main/jobs.ts";
import { OpenProject } from "../../../src-main/main/openProject.ts";
import { runService } from "../../../src-main/store/service.ts";
import { memoryPorts } from "../../support/memoryPorts.ts";
import { temporaryFolder } from "../../support/projects.ts";
import { type Answers, FakeBridge } from "./fakeBridge.ts";
import { painter, SAMPLE, SUMMARY } from "./painter.ts";

export class TestMain extends FakeBridge {
  readonly store: Client<StoreApi>;
  readonly project: OpenProject;
  readonly jobs: Jobs;
  /** How live pictures are answered, and what a picture in draft steps takes. */
  drawLive: (request: LiveRequest) => Promise<LiveReply> = () => Promise.resolve({ kind: "stopped" });
  draftSeconds: number | undefined = 0.4;
  /** What a test says of the window that the store does not. */
  readonly says: Partial<WindowState> = {};
  readonly #folder: string;

  constructor(store: Client<StoreApi>, folder: string) {
    super({ ...storeAnswers(store), ...systemAnswers(), ...projectAnswers(() => this) });
    this.store = store;
    this.#folder = folder;
    this.project = new OpenProject(store, join(folder, "untitled"));
    this.jobs = new Jobs({ engine: painter(), store, emit: (name, payload) => this.emit(name, payload) });
  }

  /** Where the project of this name would lie. */
  pathOf(name: string): string {
    return join(this.#folder, `${name}.diorama`);
  }

  /** A project of this name that was open before the one that is; gives its path. */
  async openedBefore(name: string): Promise<string> {
    const path = this.pathOf(name);
    await this.store.createProject({ path, draft: SAMPLE, replace: false });
    await this.store.openProject({ path: this.project.state.path });
    return path;
  }

  async state(): Promise<WindowState> {
    return {
      project: this.project.state,
      draft: await this.store.readDraft(),
      unsavedDraft: null,
      unsaved: [],
      jobs: this.jobs.list(),
      queue: this.jobs.queue,
      model: SUMMARY,
      theme: "system",
      firstStart: true,
      recovered: false,
      ...this.says,
    };
  }
}

/** With a new project that has this draft; all of it is gone after the test. */
export async function startMain(draft: Draft = SAMPLE): Promise<TestMain> {
  const folder = temporaryFolder();
  const { near, far } = memoryPorts();
  const ended = new Promise<void>((resolve) => runService(far, join(folder, "data"), resolve));
  const { api, on, close } = connect<StoreApi, StoreEvents>(near);
  const main = new TestMain(api, folder);
  on("changed", (changed) => main.emit("changed", changed));
  onTestFinished(async () => {
    main.jobs.cancelAll();
    await main.jobs.settled();
    close();
    await ended;
  });
  await main.project.createUntitled(draft);
  return main;
}

function storeAnswers(store: Client<StoreApi>): Answers {
  return {
    listResults: (query) => store.listResults(query),
    readResult: (request) => store.readResult(request),
    markResults: (request) => store.markResults(request),
    readAttention: (request) => store.readAttention(request),
    emptyBin: () => store.emptyBin(),
    refillBin: (request) => store.refillBin(request),
    unfinishedRuns: () => store.unfinishedRuns(),
    listGrids: () => store.listGrids(),
    readGrid: (request) => store.readGrid(request),
    unfinishedGrids: () => store.unfinishedGrids(),
    renameGrid: (request) => store.renameGrid(request),
    deleteGrid: (request) => store.deleteGrid(request),
    undeleteGrid: (request) => store.undeleteGrid(request),
    leaveUnfinished: (request) => store.leaveUnfinished(request),
    listLabels: () => store.listLabels(),
    makeLabel: (request) => store.makeLabel(request),
    renameLabel: (request) => store.renameLabel(request),
    deleteLabel: (request) => store.deleteLabel(request),
    undeleteLabel: (request) => store.undeleteLabel(request),
    labelResults: (request) => store.labelResults(request),
    labelsOf: (request) => store.labelsOf(request),
    facets: () => store.facets(),
    stateRoom: () => store.stateRoom(),
    letGoStates: () => store.letGoStates(),
    takeBackStates: (request) => store.takeBackStates(request),
    listRuns: (query) => store.listRuns(query),
    readRun: (request) => store.readRun(request),
    findDrawn: ({ model, ...query }) => store.findDrawn({ ...query, model: SUMMARY.name, provider: model.provider }),
    readDraft: () => store.readDraft(),
    listVersions: () => store.listVersions(),
    restoreVersion: (request) => store.restoreVersion(request),
    renameVersion: (request) => store.renameVersion(request),
    deleteVersion: (request) => store.deleteVersion(request),
    undeleteVersion: (request) => store.undeleteVersion(request),
    recentProjects: () => store.recentProjects(),
    readPreferences: () => store.readPreferences(),
    writePreferences: (changes) => store.writePreferences(changes),
  };
}

function projectAnswers(main: () => TestMain): Answers {
  return {
    windowState: () => main().state(),
    saveDraft: ({ key, draft }) => main().project.saveDraft(key, draft),
    // A person who is asked for a name says "cats".
    saveProject: async ({ draft, name }) => {
      const { project, store } = main();
      if (project.state.untitled) await project.moveTo(main().pathOf("cats"), draft);
      else await project.saveDraft(project.state.key, draft);
      return { version: await store.nameVersion({ name }), project: project.state };
    },
    openRecent: async ({ path }) => {
      await main().project.open(path);
      return main().project.state;
    },
    check: () => {
      const { draftSeconds: estimatedDraftSeconds } = main();
      return { warnings: [], estimatedSeconds: 3.4, estimatedDraftSeconds, estimatedBytes: 210e6 };
    },
    drawLive: (request) => main().drawLive(request),
    generate: (request) => main().jobs.begin(request),
    finishResults: (request) => main().jobs.finish(request),
    resumeRun: (request) => main().jobs.resume(request),
    cancel: (target) => main().jobs.cancel(target),
    pauseQueue: ({ paused }) => main().jobs.pause(paused),
    holdInQueue: ({ held, ...what }) => main().jobs.hold(what, held),
    moveInQueue: ({ before, ...what }) => main().jobs.move(what, before),
  };
}

function systemAnswers(): Answers {
  const done = () => undefined;
  return {
    appInfo: () => ({ version: "0.1.0", platform: "linux", versions: {}, dataFolder: "/nowhere" }),
    ...{ readyToClose: done, setCommands: done, setTheme: done, dragPictures: done, stopLive: done },
    listModels: () => [{ request: SAMPLE.model!, name: SUMMARY.name, demo: true, used: null, present: true }],
    providers: () => [{ provider: "cpu", available: true, detail: "2 cores" }],
    listMachines: () => [],
    readPool: () => null,
    updates: () => ({
      elsewhere: "A test.",
      automatic: false,
      version: null,
      notes: null,
      doing: "nothing",
      fetched: 0,
    }),
    loadModel: () => SUMMARY,
    tokenize: () => ({ count: 0, chunks: 1, limit: 75, tokens: [], embeddings: [] }),
  };
}
