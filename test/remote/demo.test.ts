/** The demo model drawn on another machine: the same picture to the bit as here, also when it goes on from a picture or from a state. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { GeneratedImage, GenerateRequest, LoadRequest, Pixels } from "../../src-main/api/engine.ts";
import { DEMO_MODEL } from "../../src-main/api/main.ts";
import { machinePath } from "../../src-main/api/machines.ts";
import { type Engine, startEngine } from "../../src-main/engine/host.ts";
import { pixelHash } from "../../src-main/image/pixelHash.ts";
import type { FarImage } from "../../src-main/remote/api.ts";
import { withSteps } from "../../src-main/scene/defaults.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { ROOT } from "../support/imports.ts";
import { pairedGuest, startHost } from "./ends.ts";

const HERE: LoadRequest = { path: DEMO_MODEL, provider: "cpu", memory: "auto" };
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine({ demoModel: join(ROOT, "resources", "models", "demo"), onLine: () => undefined });
});
afterAll(() => engine.stop(2_000));

test("a picture comes as it was drawn, a start and a state go as they are, and previews are small", async () => {
  const { defaults } = await engine.load(HERE);
  const scene: Scene = { prompt: "a red circle", negativePrompt: "", regions: [], settings: withSteps(defaults, 3) };
  const guest = await pairedGuest(await startHost({ engine }));
  const there = { ...HERE, path: machinePath(guest.id, "demo") };
  const ask = (jobId: string, more: Partial<GenerateRequest> = {}): GenerateRequest & { jobId: string } => {
    return { jobId, scene, seeds: ["7"], previewEvery: 1, attention: true, ...more };
  };
  const previews: Pixels[] = [];
  guest.on("step", ({ preview }) => preview && previews.push(preview));
  const both = async (name: string, more: Partial<GenerateRequest> = {}) => {
    let own: GeneratedImage | undefined;
    let far: FarImage | undefined;
    await engine.with(HERE, (api) => api.generate(ask(`${name} here`, more)), {
      ...{ jobs: [`${name} here`], onImage: (image) => (own = image) },
    });
    const stop = guest.on("image", (image) => (far = image));
    await guest.api.draw({ model: there, request: ask(`${name} there`, more) });
    stop();
    return { own: own!, far: far! };
  };
  const whole = await both("whole");
  expect(whole.far.pixels).toEqual(whole.own.pixels);
  expect(whole.far.record).toEqual(whole.own.record);
  expect(whole.far.obedience).toEqual(whole.own.obedience);
  expect(previews.length).toBeGreaterThan(0);
  for (const { width, height } of previews) expect(Math.max(width, height)).toBeLessThanOrEqual(256);

  const scouted = await both("scouted", { until: 2 });
  expect(scouted.far.pixels).toEqual(scouted.own.pixels);
  // The state itself also says how long it took.
  const finished = await both("finished", { from: [scouted.far.state!] });
  expect(finished.far.pixels).toEqual(whole.own.pixels);

  const start = whole.own.pixels;
  const from = { ...scene, start: { hash: pixelHash(start), strength: 0.7 } };
  const redrawn = await both("redrawn", { scene: from, start });
  expect(redrawn.far.pixels).toEqual(redrawn.own.pixels);
  expect(redrawn.far.pixels).not.toEqual(whole.far.pixels);
});
