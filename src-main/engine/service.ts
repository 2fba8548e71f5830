/** What the engine process does with each request; process.ts gives it a port and the real pipeline. */
import * as v from "valibot";
import type {
  EngineApi,
  EngineEvents,
  LoadRequest,
  ModelSummary,
  PromptText,
  PromptTokens,
  SceneCheck,
} from "../api/engine.ts";
import { engineSchemas } from "../api/engineMessages.ts";
import { AppError } from "../wire/errors.ts";
import { parentPort } from "../wire/ports.ts";
import { serve, type Port, type Server } from "../wire/rpc.ts";
import type { Scene } from "../scene/scene.ts";
import { draftSettings } from "../scene/efforts.ts";
import type { Estimator } from "./estimate.ts";
import { scoutSteps } from "../scene/scouting.ts";
import { settingsDrawn } from "../scene/start.ts";
import { Queue, type Draw } from "./queue.ts";
import { OWN_FORM_NAMES, type OwnForm } from "./sessions/ownOperators.ts";
import type { Memo } from "./sessions/pairChoice.ts";
import { Timings, TIMINGS } from "./timings.ts";

/** A loaded checkpoint, ready to draw. */
export interface Pipeline {
  readonly summary: ModelSummary;
  tokenize(request: PromptText): Promise<PromptTokens>;
  check(scene: Scene): Promise<SceneCheck>;
  readonly generate: Draw;
  /** How many pictures of a scene to draw side by side; one where left out. */
  atOnce?(scene: Scene): Promise<number>;
  /** Where it may keep what it measures of the machine, and say so. */
  remember?(memo: Memo): void;
  close(): Promise<void>;
}

/** What the process is asked to open, with what the host found out of the provider. */
export interface OpenRequest extends LoadRequest {
  /** Of the provider's own operators, those that are used; none where left out. */
  forms?: readonly OwnForm[];
}

export type OpenPipeline = (
  request: OpenRequest,
  onProgress: (fraction: number, message: string) => void,
) => Promise<Pipeline>;

/** The calls of `EngineApi` that need the process; `providers` is answered by the host, which probes in throw-away ones. */
export interface EngineProcessApi extends Omit<EngineApi, "providers" | "load"> {
  load(request: OpenRequest): Promise<ModelSummary>;
  /** Closes the checkpoint when the jobs before are done: the host ends the process then. */
  unload(): Promise<void>;
}

const schemas = {
  ...engineSchemas,
  load: v.strictObject({ ...engineSchemas.load.entries, forms: v.exactOptional(v.array(v.picklist(OWN_FORM_NAMES))) }),
  unload: v.undefined("expected no argument"),
};

/** Serves the engine's calls; `onEnd` is called when the caller is gone and everything is closed. */
export function runService(
  port: Port,
  openPipeline: OpenPipeline,
  onEnd: () => void,
  timingsFile = process.env[TIMINGS],
): void {
  let loaded: { pipeline: Pipeline; estimator: Estimator } | undefined;

  const log = (level: "info" | "warn", message: string) => {
    process.stderr.write(`${level}: ${message}\n`);
    server.emit("log", { level, message });
  };
  const timings = new Timings(timingsFile, (message) => log("warn", message));
  const close = async () => {
    timings.save();
    const { pipeline } = loaded ?? {};
    loaded = undefined;
    await pipeline?.close();
  };
  const open = async (request: OpenRequest) => {
    await close(); // first: two checkpoints would not fit in memory
    const begun = performance.now();
    const pipeline = await openPipeline(request, (fraction, message) => server.emit("loading", { fraction, message }));
    const estimator = timings.begin(request, pipeline.summary);
    loaded = { pipeline, estimator };
    pipeline.remember?.({
      times: {
        get: (name) => estimator.measured(name),
        set: (name, seconds) => {
          estimator.measure(name, seconds);
          timings.save();
        },
      },
      note: (text) => log("info", text),
    });
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    log("info", `opened ${request.path} on ${request.provider} in ${seconds} s`);
    return pipeline.summary;
  };
  const model = () => {
    if (!loaded)
      throw new AppError("not-found", "No checkpoint is loaded. Open one first.", { what: "checkpoint", id: "" });
    return loaded;
  };

  const atOnce = async (scene: Scene) => (await model().pipeline.atOnce?.(scene)) ?? 1;

  const server: Server<EngineEvents> = serve<EngineProcessApi, EngineEvents>(
    port,
    {
      load: (request) => queue.inTurn(() => open(request)),
      unload: () => queue.inTurn(close),
      tokenize: (request) => model().pipeline.tokenize(request),
      check: async (scene) => {
        const { pipeline, estimator } = model();
        const settings = settingsDrawn(scene.settings, scene.start);
        const seconds = estimator.remaining(settings);
        const scouted = estimator.remaining(settings, 0, scoutSteps(scene));
        const draft = draftSettings(scene.settings, pipeline.summary.defaults);
        // A draft may take another sampler, which was not timed yet: the network is the same.
        const { scheduler } = scene.settings;
        const drafted =
          estimator.remaining(settingsDrawn(draft, scene.start)) ??
          estimator.remaining(settingsDrawn({ ...draft, scheduler }, scene.start));
        return {
          ...(seconds === undefined ? {} : { estimatedSeconds: seconds }),
          ...(scouted === undefined ? {} : { estimatedScoutSeconds: scouted }),
          ...(drafted === undefined ? {} : { estimatedDraftSeconds: drafted }),
          ...(await pipeline.check(scene)),
        };
      },
      atOnce: (scene) => atOnce(scene),
      generate: (job, { signal }) => {
        signal.addEventListener("abort", () => queue.cancel(job.jobId));
        return queue.generate(job, () => {
          const { pipeline, estimator } = model();
          return {
            draw: (...args) => pipeline.generate(...args),
            atOnce,
            estimator,
            onTimed: () => timings.note(),
          };
        });
      },
      cancel: ({ jobId, index, keep }) => queue.cancel(jobId, index, keep),
      estimate: ({ scenes }) => {
        const { estimator } = model();
        return scenes.map(({ scene, until }) => estimator.remaining(scene.settings, 0, until ?? undefined) ?? null);
      },
    },
    schemas,
  );
  const queue = new Queue(server.emit);

  server.closed.addEventListener("abort", () => {
    queue.cancelAll();
    void queue.inTurn(close).finally(onEnd);
  });
}

/** Serves the process that started this one, until it is gone. */
export function runProcess(openPipeline: OpenPipeline): void {
  process.title = "diorama-engine";
  runService(parentPort(process), openPipeline, () => process.exit());
}
