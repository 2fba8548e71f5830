/** A checkpoint of few steps is drawn as it wants, and taking it with other parts leaves the scene's settings alone. */
import { expect, test } from "vitest";
import { connectApp } from "../../src-main/api/bridge.ts";
import { withSteps } from "../../src-main/scene/defaults.ts";
import type { LoadRequest, ModelSummary } from "../../src-main/api/engine.ts";
import type { LoraEntry } from "../../src-main/scene/loras.ts";
import { Checkpoint } from "../../src-renderer/state/checkpoint.ts";
import { changeSettingsOf } from "../../src-renderer/state/edits.ts";
import { Editor } from "../../src-renderer/state/editor.svelte.ts";
import { Loras } from "../../src-renderer/state/loras.svelte.ts";
import { Models } from "../../src-renderer/state/models.svelte.ts";
import { Notices } from "../../src-renderer/state/notices.svelte.ts";
import { FakeBridge } from "./support/fakeBridge.ts";
import { SUMMARY } from "./support/painter.ts";

const request = (path: string, more: Partial<LoadRequest> = {}): LoadRequest => ({
  path,
  provider: "cpu",
  memory: "auto",
  ...more,
});
const lightning: Partial<ModelSummary> = {
  distilled: "Lightning, 4 steps",
  defaults: { ...withSteps(SUMMARY.defaults, 4), scheduler: "euler", spacing: "sgm-uniform", guidanceScale: 1 },
};

function scenario() {
  const loaded: LoadRequest[] = [];
  const bridge = new FakeBridge({
    loadModel: (asked) => {
      loaded.push(asked);
      return { ...SUMMARY, path: asked.path, ...(asked.path === "/lightning" ? lightning : {}) };
    },
    choosePart: () => "/taesd_decoder.safetensors",
    describeLoras: () => [],
  });
  const app = connectApp(bridge.bridge);
  const [editor, notices, models] = [new Editor(), new Notices(), new Models(app)];
  return {
    ...{ editor, notices, loaded },
    checkpoint: new Checkpoint(app, editor, models, notices),
    loras: new Loras(app, editor, models, notices),
    settings: () => editor.document.settings,
  };
}

test("it opens with its own steps, scale, sampler and spacing, and the next one with its own again", async () => {
  const { checkpoint, editor, notices, settings } = scenario();
  await checkpoint.use(request("/plain"));
  const before = settings();
  await checkpoint.use(request("/lightning"));
  expect(settings()).toMatchObject({ steps: 4, scheduler: "euler", spacing: "sgm-uniform", guidanceScale: 1 });
  expect(settings().guidance.lossSteps.end).toBeLessThanOrEqual(4);
  expect(notices.list.at(-1)?.text).toContain("(Lightning, 4 steps) is best used with");
  await checkpoint.use(request("/plain"));
  expect(settings()).toEqual({
    ...SUMMARY.defaults,
    guidance: { ...SUMMARY.defaults.guidance, method: before.guidance.method },
  });
  void editor.undo();
  expect(settings().steps).toBe(4);
});

test("other parts leave the settings, and are asked for together", async () => {
  const { checkpoint, editor, loaded, settings } = scenario();
  await checkpoint.use(request("/plain"));
  editor.apply("Steps", changeSettingsOf({ steps: 7, width: 64, height: 64 }));
  await checkpoint.choosePart("tiny", request("/plain", { vae: "/v" }));
  expect(loaded.at(-1)).toEqual(request("/plain", { vae: "/v", tiny: "/taesd_decoder.safetensors" }));
  expect(settings()).toMatchObject({ steps: 7, width: 64, height: 64 });
  void editor.undo();
  checkpoint.follow();
  await expect.poll(() => loaded.at(-1)).toEqual(request("/plain"));
});

test("a LoRA of few steps brings its settings, once, and undo takes them back", () => {
  const { loras, notices, settings } = scenario();
  const before = settings();
  const entry: LoraEntry = {
    ...{ path: "/lcm", name: "lcm-lora", hash: null, base: null, words: [], notes: [], problem: null },
    fewSteps: { name: "LCM", settings: { steps: 6, guidanceScale: 1.5, scheduler: "lcm", karras: false } },
  };
  loras.take(entry);
  expect(settings()).toMatchObject({ steps: 6, guidanceScale: 1.5, scheduler: "lcm" });
  expect(notices.list.at(-1)?.text).toBe("Steps, guidance scale and scheduler are now what “lcm-lora” (LCM) wants.");
  notices.list.at(-1)?.action?.run();
  expect(settings().steps).toBe(before.steps);
  expect(settings().loras).toHaveLength(1);
  loras.take(entry);
  expect(notices.list.at(-1)?.text).toContain("is in the list already");
  expect(settings().steps).toBe(before.steps);
});
