/**
 * The engine is killed in the middle of a picture, at a random step of a random method and sampler, begun from noise or from a picture; a
 * new one goes on from the last state that was told. The claim: the picture is the one of a run that never stopped, to the bit.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { GeneratedImage, GenerateRequest, Pixels } from "../../src-main/api/engine.ts";
import { startEngine, type Engine } from "../../src-main/engine/host.ts";
import { pixelHash } from "../../src-main/image/pixelHash.ts";
import { METHODS } from "../../src-main/scene/methods.ts";
import type { Scene, SceneSettings } from "../../src-main/scene/scene.ts";
import { SCHEDULERS } from "../../src-main/scene/schedulers.ts";
import { samplePixels } from "../support/projects.ts";
import { Fault, type Clock, type Part } from "./part.ts";
import { oneOf, type Pick } from "./random.ts";

const MODEL = { path: "test/goldens/tiny-sd", provider: "cpu", memory: "fast", threads: 1 } as const;
const SIDE = 64;
/** After a state the engine is killed within so many milliseconds: while it tells the next one, decodes, or computes. */
const LATEST_KILL = 60;

interface Working {
  engine: Engine;
  settings: SceneSettings;
}

async function started(): Promise<Working> {
  const engine = await startEngine({ onLine: () => undefined });
  const { defaults } = await engine.api.load(MODEL);
  return { engine, settings: defaults };
}

export const pictureKills: Part = {
  title: "kills of the engine in a picture, gone on with to the same bits",
  count: 300,
  memory: "children",
  async prepare() {
    /** Undefined where the one of the case before could not be started. */
    let working: Working | undefined = await started();
    return {
      run: async (_index: number, pick: Pick, clock: Clock) => {
        const { engine, settings } = working ?? (await started());
        working = undefined;
        const asked = askedOf(pick, settings);
        const whole = await drawn(engine, asked);
        const states = await cutOff(engine, asked, 1 + pick(asked.scene.settings.steps - 1), pick(LATEST_KILL));
        await engine.stop();
        const next = (working = await started());
        await clock.time("check", () => next.engine.api.check(asked.scene)); // what a picture takes is no answer
        const from = states.at(-1);
        const rest = await drawn(next.engine, { ...asked, ...(from ? { from: [from] } : {}) });
        const isSame = Buffer.from(rest.pixels.data).equals(whole.pixels.data);
        const { method } = asked.scene.settings.guidance;
        const how = `${method}, ${asked.scene.settings.scheduler}, ${asked.scene.start ? "from a picture" : "from noise"}`;
        if (!isSame || JSON.stringify(rest.record) !== JSON.stringify(whole.record))
          throw new Fault(`gone on after ${states.length} steps it is another picture: ${how}`, { lost: 1 });
        return from ? "gone on with" : "killed before a state";
      },
      close: async () => working?.engine.stop(),
    };
  },
};

type Asked = GenerateRequest & { jobId: string };

function askedOf(pick: Pick, defaults: SceneSettings): Asked {
  const steps = 4 + pick(6);
  const some = { start: 0, end: Math.ceil(steps / 2) };
  const guidance = { method: oneOf(pick, METHODS), nu: 1, eta: 1, injectionSteps: some, lossSteps: some };
  const settings = { ...defaults, steps, width: SIDE, height: SIDE, scheduler: oneOf(pick, SCHEDULERS), guidance };
  const box = { x: 0, y: 0, width: 0.5, height: 0.5 };
  const scene: Scene = {
    prompt: "a red circle and a blue star",
    negativePrompt: "",
    regions: [
      { id: "a", box, spans: [{ start: 2, end: 12 }], strength: 1 },
      { id: "b", box: { ...box, x: 0.5, y: 0.5 }, spans: [{ start: 19, end: 28 }], strength: 1 },
    ],
    settings,
  };
  const how = { jobId: "picture", seeds: [String(pick(1_000))], previewEvery: 0, attention: false };
  if (pick(3) > 0) return { ...how, scene };
  const start: Pixels = samplePixels(40 + pick(150), SIDE, SIDE);
  const redraw = { areas: [{ box }], feather: 16 };
  return { ...how, start, scene: { ...scene, start: { hash: pixelHash(start), strength: 0.9, redraw } } };
}

/** A picture, drawn to its end. */
async function drawn(engine: Engine, asked: Asked): Promise<GeneratedImage> {
  const images: GeneratedImage[] = [];
  const stop = engine.on("image", (image) => void images.push(image));
  try {
    await engine.api.generate(asked);
  } finally {
    stop();
  }
  const [image] = images;
  if (!image) throw new Fault("no picture came");
  return image;
}

/** The states that were told before the engine was killed, some milliseconds after the one of a step. */
async function cutOff(engine: Engine, asked: Asked, step: number, late: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const states: Uint8Array<ArrayBuffer>[] = [];
  const stop = engine.on("state", ({ state }) => {
    states.push(state);
    if (states.length === step) void pause(late).then(() => engine.kill());
  });
  // A picture that is done before the kill is killed in its engine's idleness.
  await engine.api.generate({ ...asked, keepEvery: 0 }).catch(() => undefined);
  await pause(late);
  engine.kill();
  stop();
  return states;
}
