/** A main process in memory: the same answers in the same order, without a model or a disk. For tests of the window's state and for developing it in a browser. */
import { DEFAULT_SETTINGS } from "../../../src-main/api/defaults.ts";
import type { AttentionMaps, ModelSummary, Pixels } from "../../../src-main/api/engine.ts";
import { AppError, toWire } from "../../../src-main/api/errors.ts";
import {
  type AppBridge,
  DEMO_MODEL,
  type DrawRequest,
  type Job,
  type JobPicture,
  type MainApi,
  type MainEvents,
  type WindowState,
} from "../../../src-main/api/main.ts";
import type { Scene } from "../../../src-main/api/scene.ts";
import type {
  Draft,
  DrawnSeed,
  PictureChoice,
  ResultDetails,
  ResultInfo,
  ResultQuery,
  RunInfo,
  RecentProject,
  VersionInfo,
} from "../../../src-main/api/store.ts";

const SIZE = 64;

export const SUMMARY: ModelSummary = {
  path: DEMO_MODEL,
  name: "Demo",
  provider: "cpu",
  memory: "fast",
  precision: "float32",
  weightBytes: 13_200_000,
  parameters: 3_300_000,
  maxTokens: 77,
  pixelsPerLatent: 4,
  defaults: { ...DEFAULT_SETTINGS, width: SIZE, height: SIZE },
};

export const SAMPLE: Draft = {
  scene: {
    prompt: "a red circle and a blue square on a white background",
    negativePrompt: "",
    regions: [
      {
        id: "circle",
        box: { x: 0.0625, y: 0.3125, width: 0.375, height: 0.375 },
        spans: [{ start: 2, end: 12 }],
        strength: 1,
      },
      {
        id: "square",
        box: { x: 0.5625, y: 0.3125, width: 0.375, height: 0.375 },
        spans: [{ start: 19, end: 30 }],
        strength: 1,
      },
    ],
    settings: SUMMARY.defaults,
  },
  seeds: "1-4",
  model: { path: DEMO_MODEL, provider: "cpu", memory: "auto" },
  editor: {},
};

type Handler = (request: never) => unknown;

export class FakeMain {
  readonly bridge: AppBridge;
  /** Every call that came, for tests. */
  readonly calls: { method: string; request: unknown }[] = [];
  saved: Draft = SAMPLE;
  results: ResultDetails[] = [];
  runs: (RunInfo & { scene: Scene })[] = [];
  /** Seeds that every run owes. */
  missing: PictureChoice[] = [];
  /** What was drawn already, where `results` do not say it. */
  drawnSeeds: DrawnSeed[] | undefined;
  jobs: Job[] = [];
  recent: RecentProject[] = [];
  versions: (VersionInfo & { draft: Draft; deleted: boolean })[] = [];
  #lastVersion = 1;
  #grewFrom: number | null = null;
  readonly #listeners = new Map<string, Set<(payload: unknown) => void>>();
  #emptied: ResultDetails[] = [];
  readonly #cancelled = new Set<string>();
  readonly #stepMs: number;

  constructor({ stepMs = 0 } = {}) {
    this.#stepMs = stepMs;
    const handlers = this.#handlers();
    this.bridge = {
      call: async (method, request) => {
        this.calls.push({ method, request: structuredClone(request) });
        await Promise.resolve();
        try {
          const handler = handlers[method as keyof MainApi] as Handler | undefined;
          if (!handler) throw new AppError("bad-request", `There is no method "${method}".`, { method });
          return { ok: true, value: structuredClone(await handler(request as never)) };
        } catch (error) {
          return { ok: false, error: toWire(error) };
        }
      },
      on: (event, listener) => {
        const known = this.#listeners.get(event) ?? new Set();
        this.#listeners.set(event, known.add(listener));
        return () => known.delete(listener);
      },
      openFiles: () => Promise.resolve({ ok: true, value: [] }),
    };
  }

  emit<Name extends keyof MainEvents>(name: Name, payload: MainEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(structuredClone(payload));
  }

  state(): WindowState {
    return {
      project: {
        ...{ path: "/fake", name: "Untitled", title: "Untitled", created: "", results: 0, notes: [] },
        ...{ identity: "1:1", trouble: null, key: "fake", untitled: true },
      },
      draft: { draft: this.saved, saved: "", versionId: null, changed: true },
      unsavedDraft: null,
      unsaved: [],
      jobs: this.jobs,
      model: SUMMARY,
      theme: "system",
      firstStart: true,
      recovered: false,
    };
  }

  #handlers(): Partial<{ [M in keyof MainApi]: (request: Parameters<MainApi[M]>[0]) => unknown }> {
    const nothing = () => undefined;
    const entry = { request: SAMPLE.model!, name: "Demo", demo: true, used: null, present: true };
    return {
      appInfo: () => ({ version: "0.1.0", platform: "linux", versions: {}, dataFolder: "/fake" }),
      windowState: () => this.state(),
      readyToClose: nothing,
      setCommands: nothing,
      setTheme: nothing,
      copyText: nothing,
      copyPicture: nothing,
      dragPictures: nothing,
      writePreferences: nothing,
      readPreferences: () => ({}),
      listModels: () => [entry],
      providers: () => [
        { provider: "cpu", available: true, detail: "2 cores" },
        { provider: "cuda", available: false, detail: "No NVIDIA driver was found." },
      ],
      loadModel: () => SUMMARY,
      saveDraft: ({ draft }) => {
        this.saved = draft;
        return { saved: new Date().toISOString(), changed: true };
      },
      tokenize: (prompt) => {
        const words = [...prompt.matchAll(/\w+|[^\s\w]/g)];
        const tokens = words.map((word, i) => {
          const span = { start: word.index, end: word.index + word[0].length };
          return { id: i, text: word[0], span, lost: i >= 75 };
        });
        const first = tokens.find(({ lost }) => lost);
        const lost = first && {
          span: { start: first.span.start, end: prompt.length },
          text: prompt.slice(first.span.start),
        };
        return { count: tokens.length, limit: 75, tokens, ...(lost ? { lost } : {}) };
      },
      check: () => ({ warnings: [], estimatedSeconds: 3.4, estimatedBytes: 210e6 }),
      findDrawn: ({ scene, seeds }) => {
        if (this.drawnSeeds) return this.drawnSeeds;
        const same = ({ record }: ResultDetails) => JSON.stringify(record.scene) === JSON.stringify(scene);
        const drawn = this.results.filter((one) => one.state !== "binned" && same(one));
        return seeds.flatMap((seed) => drawn.findLast((one) => one.seed === seed) ?? []);
      },
      generate: (request) => this.#generate(request),
      cancel: (target) => void this.#cancelled.add(`${target.jobId}:${target.index ?? "all"}`),
      listResults: (query) => this.#list(query),
      readResult: (request) => this.results.find(({ id }) => id === request.id),
      markResults: (request) => {
        const { ids, ...change } = request;
        this.results = this.results.map((one) => (ids.includes(one.id) ? { ...one, ...change } : one));
        this.emit("changed", { what: "results" });
        return ids.length;
      },
      recentProjects: () => this.recent,
      openRecent: () => null,
      saveProject: ({ draft, name }) => {
        this.saved = draft;
        const version = { id: this.#lastVersion++, name, created: "", automatic: false };
        this.versions = [{ ...version, draft, deleted: false }, ...this.versions];
        this.#grewFrom = version.id;
        return { project: { ...this.state().project, name: "cats", untitled: false }, version };
      },
      listVersions: () => this.versions.filter(({ deleted }) => !deleted),
      readDraft: () => ({ draft: this.saved, saved: "", versionId: this.#grewFrom, changed: false }),
      restoreVersion: ({ id }) => {
        this.saved = this.versions.find((version) => version.id === id)!.draft;
        this.#grewFrom = id;
        return { draft: this.saved, saved: "", versionId: id, changed: false };
      },
      renameVersion: ({ id, name }) => this.#changeVersion(id, { name }),
      deleteVersion: ({ id }) => this.#changeVersion(id, { deleted: true }),
      undeleteVersion: ({ id }) => this.#changeVersion(id, { deleted: false }),
      listRuns: ({ text, offset, limit }) => {
        const found = this.runs.filter(({ prompt }) => text === undefined || prompt.includes(text));
        const runs = found.slice(offset, offset + limit).map((run) => ({ ...run, found: null }));
        return { runs, total: found.length };
      },
      readRun: (request) => {
        const run = this.runs.find(({ id }) => id === request.id);
        return run && { ...run, before: run.id > 1 ? run.id - 1 : null, missing: this.missing };
      },
      readAttention: ({ id }) => {
        const result = this.results.find((one) => one.id === id);
        return result && result.record.scene.regions.length > 0 ? look(result.record.scene) : null;
      },
      emptyBin: () => {
        const ids = this.results.filter(({ state }) => state === "binned").map(({ id }) => id);
        this.#emptied.push(...this.results.filter(({ id }) => ids.includes(id)));
        this.results = this.results.filter(({ id }) => !ids.includes(id));
        this.emit("changed", { what: "results" });
        return ids;
      },
      refillBin: ({ ids }) => {
        const isBack = ({ id }: ResultDetails) => ids.includes(id);
        this.results = [...this.results, ...this.#emptied.filter(isBack)];
        this.#emptied = this.#emptied.filter((one) => !isBack(one));
        this.emit("changed", { what: "results" });
      },
      exportPictures: (request) => ({ paths: request.ids.map((id) => `/pictures/${id}.png`) }),
      exportSheet: () => ({ paths: ["/pictures/sheet.png"] }),
    };
  }

  #changeVersion(id: number, change: { name?: string; deleted?: boolean }): void {
    this.versions = this.versions.map((version) => (version.id === id ? { ...version, ...change } : version));
    this.emit("changed", { what: "versions" });
  }

  #list({ starred, state = "kept", runId, text, order, offset, limit }: ResultQuery) {
    const score = (one: ResultDetails) => one.obedience ?? 0;
    const found = this.results
      .filter(
        (one) =>
          one.state === state && (starred !== true || one.starred) && (runId === undefined || one.runId === runId),
      )
      .filter(({ record }) => text === undefined || record.scene.prompt.includes(text))
      .sort((a, b) => (order === "obedience" ? score(b) - score(a) : order === "oldest" ? a.id - b.id : b.id - a.id));
    return { results: found.slice(offset, offset + limit).map(infoOf), total: found.length };
  }

  #generate({ scene, seeds, model }: DrawRequest): Job {
    const runId = this.runs.length + 1;
    const pictures = seeds.map((seed, index): JobPicture => ({ seed, index, state: "waiting", result: null }));
    const state = { outcome: "running", error: null, waitsFor: null } as const;
    const job: Job = { jobId: `job-${runId}`, runId, scene, model, ...state, pictures };
    this.runs = [
      {
        id: runId,
        created: new Date().toISOString(),
        prompt: scene.prompt,
        model: "Demo",
        asked: seeds.length,
        finished: 0,
        outcome: "running",
        message: null,
        scene,
      },
      ...this.runs,
    ];
    this.jobs = [...this.jobs, job];
    this.emit("begun", job);
    void this.#draw(job);
    return job;
  }

  async #draw(start: Job): Promise<void> {
    let job = start;
    const put = (index: number, change: Partial<JobPicture>, outcome = job.outcome) => {
      job = {
        ...job,
        outcome,
        pictures: job.pictures.map((one) => (one.index === index ? { ...one, ...change } : one)),
      };
      this.jobs = this.jobs.map((one) => (one.jobId === job.jobId ? job : one));
      const { jobId, error, waitsFor } = job;
      const changed = job.pictures.filter((one) => one.index === index);
      this.emit("job", { jobId, outcome, error, waitsFor, pictures: changed });
    };
    const { jobId, scene } = job;
    const { steps } = scene.settings;
    for (const { seed, index } of job.pictures) {
      put(index, { state: "drawing" });
      const obedience: Record<string, number>[] = [];
      const isCancelled = () => this.#cancelled.has(`${jobId}:${index}`) || this.#cancelled.has(`${jobId}:all`);
      for (let step = 1; step <= steps && !isCancelled(); step++) {
        await new Promise((resolve) => setTimeout(resolve, this.#stepMs));
        obedience.push(
          Object.fromEntries(scene.regions.map(({ id }, i) => [id, Math.min(0.9, (step / steps) * (0.8 - 0.25 * i))])),
        );
        const left = ((steps - step) * this.#stepMs) / 1000;
        const queue = left + ((job.pictures.length - index - 1) * steps * this.#stepMs) / 1000;
        const timing = { elapsed: 0, pictureSecondsLeft: left, queueSecondsLeft: queue };
        const preview = step % 5 === 0 ? { preview: paint(scene, Number(seed), 1 - step / steps) } : {};
        this.emit("step", {
          jobId,
          seed,
          index,
          step,
          steps,
          ...timing,
          obedience: obedience.at(-1)!,
          ...preview,
          attention: look(scene),
        });
      }
      if (isCancelled()) {
        put(index, { state: "cancelled" });
        continue;
      }
      const result = this.#keep(job, seed, obedience.at(-1) ?? {});
      put(index, { state: "done", result });
      this.emit("image", { jobId, index, seed, result, obedience, attention: look(scene) });
      this.emit("changed", { what: "results" });
    }
    const isAnyDone = job.pictures.some(({ state }) => state === "done");
    put(-1, {}, isAnyDone ? "done" : "cancelled");
    this.runs = this.runs.map((run) =>
      run.id === job.runId ? { ...run, outcome: job.outcome, finished: job.pictures.length } : run,
    );
    this.emit("changed", { what: "runs" });
  }

  #keep({ runId, scene }: Job, seed: string, obedience: Record<string, number>): ResultDetails {
    const { width, height } = scene.settings;
    const values = Object.values(obedience);
    const mean = values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : null;
    const result: ResultDetails = {
      id: this.results.length + 1,
      runId,
      seed,
      created: new Date().toISOString(),
      width,
      height,
      starred: false,
      state: "kept",
      obedience: mean,
      seconds: 3.1,
      bytes: 9_000,
      alternative: null,
      record: {
        version: 1,
        scene,
        seed,
        model: { name: "Demo", hash: "0" },
        tokens: {},
        obedience,
        engine: { app: "0.1.0", onnxruntime: "1.30.0", provider: "cpu", precision: "float32", noise: "torch-cpu" },
      },
    };
    this.results = [...this.results, result];
    return result;
  }
}

function infoOf(details: ResultDetails): ResultInfo {
  const info: ResultInfo & { record?: unknown } = { ...details };
  delete info.record;
  return info;
}

const COLORS: Record<string, [number, number, number]> = {
  red: [214, 48, 49],
  blue: [48, 92, 222],
  green: [38, 160, 80],
  yellow: [240, 196, 40],
};

function paint({ regions, prompt }: Scene, seed: number, noise: number): Pixels {
  const data = new Uint8Array(SIZE * SIZE * 4).fill(250);
  for (let i = 0; i < SIZE * SIZE; i++) {
    const x = (i % SIZE) / SIZE;
    const y = Math.floor(i / SIZE) / SIZE;
    for (const { box, spans } of regions) {
      const words = spans.map(({ start, end }) => prompt.slice(start, end)).join(" ");
      const u = (x - box.x) / box.width - 0.5;
      const v = (y - box.y) / box.height - 0.5;
      const inside = words.includes("circle") ? u * u + v * v < 0.2 : Math.max(Math.abs(u), Math.abs(v)) < 0.42;
      const color = COLORS[Object.keys(COLORS).find((name) => words.includes(name)) ?? "green"]!;
      if (inside) data.set(color, i * 4);
    }
    const grain = noise * 255 * (((Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453) % 1) - 0.5);
    for (let c = 0; c < 3; c++) data[i * 4 + c] = Math.min(255, Math.max(0, data[i * 4 + c]! + grain));
    data[i * 4 + 3] = 255;
  }
  return { width: SIZE, height: SIZE, data };
}

function look({ regions }: Scene): AttentionMaps {
  const side = 16;
  const maps = regions.map(({ id, box }) => {
    const map = Float32Array.from({ length: side * side }, (_, i) => {
      const u = ((i % side) + 0.5) / side - box.x - box.width / 2;
      const v = (Math.floor(i / side) + 0.5) / side - box.y - box.height / 2;
      return Math.exp(-(u * u + v * v) * 30);
    });
    const sum = map.reduce((a, b) => a + b, 0);
    return [id, map.map((value) => value / sum)] as const;
  });
  return { width: side, height: side, regions: Object.fromEntries(maps) };
}
