/** A server in this process: an engine that draws grey pictures, models at home that are a list, and a client that may send anything. */
import { request as ask, type IncomingHttpHeaders } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { LoadRequest, ModelSummary } from "../../src-main/api/engine.ts";
import type { HomeModel } from "../../src-main/api/models.ts";
import type { Listener, OpenedApi } from "../../src-main/engine/host.ts";
import { DEFAULT_SETTINGS, withSteps } from "../../src-main/scene/defaults.ts";
import { Access } from "../../src-main/server/access.ts";
import type { Home } from "../../src-main/server/atHome.ts";
import { Bodies } from "../../src-main/server/body.ts";
import { Pictures } from "../../src-main/server/pictures.ts";
import type { RunEngine } from "../../src-main/server/run.ts";
import { Runs } from "../../src-main/server/runs.ts";
import { listen, type ServeOptions } from "../../src-main/server/server.ts";
import { tokenOf } from "../../src-main/server/token.ts";
import { DrawingTurns } from "../../src-main/service/drawingTurns.ts";
import { AppError } from "../../src-main/wire/errors.ts";

export const SCENE = {
  prompt: "a red circle and a blue square",
  boxes: [
    { name: "circle", phrase: "red circle", box: [0, 0, 0.5, 1] },
    { name: "square", phrase: "blue square", box: [0.5, 0, 0.5, 1] },
  ],
  width: 64,
  height: 64,
  steps: 3,
};

export interface FakeOptions {
  /** Awaited before each step; may throw. */
  beforeStep?: (at: { jobId: string; seed: string; step: number }) => Promise<void> | void;
  load?: (request: LoadRequest) => void;
  /** Pictures of a scene that the engine wants to be asked for together. */
  atOnce?: number;
}

export function fakeEngine({ beforeStep, load, atOnce = 1 }: FakeOptions = {}) {
  const drawn: { jobId: string; seed: string; model: string; start: boolean; loras: unknown }[] = [];
  const cancelled = new Set<string>();
  const summary = (request: LoadRequest): ModelSummary => ({
    ...{ path: request.path, name: "fake", provider: "cpu", memory: "fast", precision: "float32", family: "sd1" },
    ...{ weightBytes: 1, parameters: 1, prediction: "epsilon", notes: [], maxTokens: 77, pixelsPerLatent: 8 },
    defaults: withSteps(DEFAULT_SETTINGS, 3),
  });
  const opened = (model: LoadRequest, listener: Listener): Partial<OpenedApi> => ({
    check: () => Promise.resolve({ warnings: [{ kind: "prompt-truncated", text: "square" }], estimatedBytes: 1 }),
    atOnce: () => Promise.resolve(atOnce),
    generate: async ({ jobId, scene, seeds, previewEvery, start }) => {
      const { loras } = scene.settings;
      for (const seed of seeds) drawn.push({ jobId, seed, model: model.path, start: start !== undefined, loras });
      const obedience = Object.fromEntries(scene.regions.map(({ id }) => [id, 0.7]));
      const { steps } = scene.settings;
      const preview = { width: 8, height: 8, data: new Uint8Array(256).fill(99) };
      const one = async (seed: string, index: number) => {
        for (let step = 1; step <= steps; step++) {
          await beforeStep?.({ jobId, seed, step });
          if (cancelled.has(jobId)) throw new AppError("cancelled", "Cancelled.", {});
          const times = { elapsed: step, pictureSecondsLeft: steps - step, queueSecondsLeft: 60 };
          const shown = previewEvery > 0 ? { preview } : {};
          listener.onStep?.({ jobId, seed, index, step, steps, ...times, obedience, ...shown });
        }
        const pixels = { width: 8, height: 8, data: new Uint8Array(256).fill(Number(BigInt(seed) % 251n)) };
        const engine = {
          app: "Diorama",
          onnxruntime: "1",
          provider: "cpu",
          precision: "float32",
          noise: "torch-cpu",
        } as const;
        const record = {
          version: 1,
          scene,
          seed,
          model: { name: "fake", hash: "" },
          engine,
          tokens: {},
          obedience,
        } as const;
        const rest = { obedience: [obedience], attention: { width: 1, height: 1, regions: {} }, seconds: 1.5 };
        listener.onImage?.({ jobId, seed, index, pixels, record, ...rest });
      };
      // Side by side; what goes wrong with one is told when the others are finished.
      const ends = await Promise.allSettled(seeds.map(one));
      const failed = ends.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
      if (failed) throw failed.reason;
      return { finished: seeds.length };
    },
  });
  const engine: RunEngine = {
    load: async (request, listener) => {
      load?.(request);
      listener?.onLoading?.({ fraction: 0.5, message: "unet" });
      return Promise.resolve(summary(request));
    },
    with: (model, send, listener?: Listener) => send(opened(model, listener ?? {}) as OpenedApi),
    cancel: ({ jobId }) => void cancelled.add(jobId),
  };
  return { engine, drawn };
}

export function fakeHome(
  models: { kind: "checkpoint" | "lora" | "embedding"; name: string; path: string }[] = [],
): Home {
  return {
    list: () => {
      const rest = { opens: true, read: true, family: "sd1", bytes: 7, sha256: "ab".repeat(32) };
      const list = models.map((model) => ({ ...rest, ...model }) as unknown as HomeModel);
      return Promise.resolve({ folders: [], models: list, busy: null });
    },
    find: ({ kind, name }) => {
      const found = models.find((model) => model.kind === kind && model.name === name);
      return Promise.resolve({ path: found?.path ?? null, closest: models.filter((one) => one.kind === kind).map((one) => one.name) }); // prettier-ignore
    },
    embeddingsIn: ({ names }) =>
      Promise.resolve(models.filter(({ kind, name }) => kind === "embedding" && names.includes(name))),
  };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  json: Record<string, unknown> & { error?: Record<string, unknown> };
}

export interface AskOptions {
  method?: string;
  /** A scene as JSON, or any text. */
  body?: unknown;
  headers?: Record<string, string | undefined>;
}

export interface SettingOptions extends FakeOptions {
  engine?: RunEngine;
  home?: Home;
  names?: string[];
  times?: ServeOptions["times"];
  patience?: number;
  mostPictures?: number;
  mostBytes?: number;
}

/** Starts a server, which the test's end stops. */
export async function startServer(options: SettingOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "diorama-server-"));
  const { engine: fake, drawn } = fakeEngine(options);
  const { engine = fake, home = fakeHome(), names = [], times, patience = 5_000 } = options;
  const tokenFile = join(folder, "token");
  const token = tokenOf(tokenFile);
  let now = 0;
  const clock = { later: (milliseconds: number) => (now += milliseconds) };
  const keep = { mostBytes: options.mostBytes ?? 1e9, mostPictures: options.mostPictures ?? 1_000 };
  const pictures = await Pictures.open({ folder: join(folder, "pictures"), ...keep });
  const runs = new Runs({ engine, turns: new DrawingTurns(), home, pictures });
  const notes: string[] = [];
  const listening = await listen({
    ...{ host: "127.0.0.1", port: 0, note: (message: string) => notes.push(message), ...(times ? { times } : {}) },
    access: new Access({ token, names, now: () => now }),
    parts: { runs, home, pictures, bodies: new Bodies(), provider: "cpu", demoBytes: 5, version: "1.2.3", patience },
  });
  onTestFinished(async () => {
    await listening.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const port = Number(new URL(listening.url).port);
  const right = { Authorization: `Bearer ${token.made!}` };

  const send = (path: string, { method = "GET", body, headers = {} }: AskOptions = {}): Promise<Answer> => {
    const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    const type = text === undefined ? {} : { "Content-Type": "application/json" };
    const given: AskOptions["headers"] = { ...right, ...type, ...headers };
    const all = Object.entries(given).filter(([, value]) => value !== undefined);
    return new Promise((resolve, reject) => {
      const sent = ask({ host: "127.0.0.1", port, path, method, headers: Object.fromEntries(all) as Record<string, string>, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const isJson = response.headers["content-type"]?.startsWith("application/json") ?? false;
          const json = isJson && bytes.length > 0 ? (JSON.parse(bytes.toString()) as Answer["json"]) : {};
          resolve({ status: response.statusCode!, headers: response.headers, bytes, json });
        });
      }); // prettier-ignore
      sent.on("error", reject);
      sent.end(text);
    });
  };
  const begin = async (scene: unknown = SCENE, query = "") => {
    const answer = await send(`/v1/scenes${query}`, { method: "POST", body: scene });
    return { ...answer, id: answer.json["id"] as string };
  };
  const events = async (id: string, headers: AskOptions["headers"] = {}) => {
    const answer = await send(`/v1/runs/${id}/events`, { headers });
    return { ...answer, events: readEvents(answer.bytes.toString()) };
  };
  return { send, begin, events, port, folder, tokenFile, token: token.made!, pictures, drawn, notes, clock, listening };
}

export interface ServerEvent {
  id: number | undefined;
  name: string;
  data: Record<string, unknown>;
}

export function readEvents(text: string): ServerEvent[] {
  return text.split("\n\n").flatMap((block) => {
    const fields = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)])); // prettier-ignore
    const [id, name, data] = [fields.get("id"), fields.get("event"), fields.get("data")];
    if (name === undefined || data === undefined) return [];
    return [{ id: id === undefined ? undefined : Number(id), name, data: JSON.parse(data) as ServerEvent["data"] }];
  });
}
