/** Models of few steps are known by what they are called or how they are made, and others are not taken for them. */
import { mkdir, mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { type Clues, distilledOf, withDistilled } from "../../src-main/checkpoint/distilled.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { inspectLora } from "../../src-main/checkpoint/lora/inspect.ts";
import { schedulerConfigOf } from "../../src-main/checkpoint/single/configs.ts";
import { recommendedSettings } from "../../src-main/checkpoint/recommendedSettings.ts";
import { GOLDENS, TINY_CONSTANTS } from "../support/familyGoldens.ts";

const named = (name: string, more: Partial<Clues> = {}) => distilledOf({ names: [name], ...more });

test.each([
  [
    "stabilityai/sd-turbo",
    "sd2",
    "Turbo",
    { scheduler: "euler-a", spacing: "sgm-uniform", steps: 4, guidanceScale: 1, width: 512 },
  ],
  ["sd_xl_turbo_1.0_fp16", "sdxl", "Turbo", { scheduler: "euler-a", steps: 4, guidanceScale: 1, width: 512 }],
  [
    "dreamshaperXL_v21TurboDPMSDE",
    "sdxl",
    "Turbo",
    { scheduler: "dpmpp-sde", karras: true, steps: 8, guidanceScale: 2 },
  ],
  [
    "sdxl_lightning_4step",
    "sdxl",
    "Lightning, 4 steps",
    { scheduler: "euler", spacing: "sgm-uniform", steps: 4, guidanceScale: 1 },
  ],
  ["juggernautXL_v9Rdphoto2Lightning", "sdxl", "Lightning", { scheduler: "dpmpp-sde", steps: 6, guidanceScale: 2 }],
  ["Hyper-SDXL-8steps-CFG-lora", "sdxl", "Hyper, 8 steps", { scheduler: "euler", steps: 8, guidanceScale: 5 }],
  ["Hyper-SD15-1step-lora", "sd1", "Hyper, 1 step", { scheduler: "tcd", steps: 1, guidanceScale: 1 }],
  ["realisticVisionV60B1_v51HyperVAE", "sd1", "Hyper", { scheduler: "dpmpp-sde", steps: 6, guidanceScale: 1.5 }],
  ["latent-consistency/lcm-lora-sdv1-5", "sd1", "LCM", { scheduler: "lcm", steps: 6, guidanceScale: 1.5 }],
  ["DreamShaper_8_LCM", "sd1", "LCM", { scheduler: "lcm" }],
  ["h1t/TCD-SDXL-LoRA", "sdxl", "TCD", { scheduler: "tcd", steps: 4, guidanceScale: 1 }],
  ["dmd2_sdxl_4step_lora", "sdxl", "DMD2, 4 steps", { scheduler: "lcm", steps: 4, guidanceScale: 1 }],
] as const)("%s is %s's %s and wants %o", (name, family, title, settings) => {
  const found = named(name, { family });
  expect(found?.name).toBe(title);
  expect(found?.settings).toMatchObject(settings);
});

test.each([
  "HyperRealism_v3",
  "hyper_realistic_v2",
  "hyperfeel",
  "stable-diffusion-v1-5",
  "film_lcmx",
  "4steps",
  "",
  "calcm",
  "v1-5-pruned-emaonly",
])("%s is none of them", (name) => expect(named(name)).toBeUndefined());

test("metadata, keys, the sampler in the folder and the network's own inputs tell where the name does not", () => {
  const title = new Map([["modelspec.title", "Sparkle Lightning 8-step"]]);
  expect(named("model", { metadata: title })).toMatchObject({ kind: "lightning", steps: 8 });
  expect(named("pytorch_lora_weights", { keys: ["unet.time_embedding.cond_proj.lora.down.weight"] })?.kind).toBe("lcm");
  expect(named("model", { scheduler: "LCMScheduler" })?.kind).toBe("lcm");
  expect(named("model", { scheduler: "TCDScheduler" })?.kind).toBe("tcd");
  expect(named("model", { readsScale: true })?.settings).toMatchObject({ scheduler: "lcm", guidanceScale: 8 });
  expect(named("model", { scheduler: "PNDMScheduler" })).toBeUndefined();
});

test("the layout's strengths and ranges come along, and what it does not want itself is let go", () => {
  const settings = { ...DEFAULT_SETTINGS, spacing: "simple" as const };
  const lcm = withDistilled(settings, named("lcm-4step")!);
  expect(lcm).toEqual({
    ...DEFAULT_SETTINGS,
    ...{ steps: 4, guidanceScale: 1.5, scheduler: "lcm" },
    guidance: {
      ...DEFAULT_SETTINGS.guidance,
      ...{ eta: 0.105, injectionSteps: { start: 1, end: 2 }, lossSteps: { start: 1, end: 2 } },
    },
  });
});

test("single files open with the settings of what they are called", async () => {
  const folder = await mkdtemp(join(tmpdir(), "diorama-distilled-"));
  const open = async (family: "sd1" | "sdxl", name: string) => {
    const path = join(folder, `${name}.safetensors`);
    await symlink(resolve(GOLDENS, `tiny-${family}.single.safetensors`), path);
    return openCheckpoint(path, { constants: TINY_CONSTANTS[family] });
  };
  const lightning = await open("sdxl", "sdxl_lightning_4step");
  expect(lightning.distilled?.name).toBe("Lightning, 4 steps");
  expect(recommendedSettings(lightning)).toMatchObject({ steps: 4, guidanceScale: 1, scheduler: "euler" });
  const plain = await open("sd1", "v1-5-pruned-emaonly");
  expect(plain.distilled).toBeUndefined();
  expect(recommendedSettings(plain)).toMatchObject({ steps: 50, guidanceScale: 7.5, scheduler: "lms" });
});

test("a LoRA of this kind says what it wants, also where only its repository has a name", async () => {
  const folder = join(
    await mkdtemp(join(tmpdir(), "diorama-distilled-")),
    "models--latent-consistency--lcm-lora-sdv1-5/snapshots/0a",
  );
  await mkdir(folder, { recursive: true });
  const path = join(folder, "pytorch_lora_weights.safetensors");
  await symlink(resolve("test/goldens/lora/lora-peft.safetensors"), path);
  const { fewSteps } = await inspectLora(path, null, false);
  const settings = { steps: 6, guidanceScale: 1.5, scheduler: "lcm", karras: false };
  expect(fewSteps).toEqual({ name: "LCM", settings });
  expect((await inspectLora("test/goldens/lora/lora-peft.safetensors", null, false)).fewSteps).toBeUndefined();
});

test("a single file with the mark of zero terminal SNR visits its last timestep", () => {
  expect(schedulerConfigOf("sdxl", "v_prediction", true)).toMatchObject({ zeroSnr: true, timestepSpacing: "trailing" });
  expect(schedulerConfigOf("sdxl", "epsilon", false)).toMatchObject({ timestepSpacing: "leading" });
});

test("zero terminal SNR wants guidance rescale, and the makers' own file is the last word", () => {
  const checkpoint = {
    unet: { config: { sampleSize: 96 } },
    vae: { config: { blockOutChannels: [1, 1, 1, 1] } },
    scheduler: { zeroSnr: true },
  };
  const settings = (more: object) => recommendedSettings({ ...checkpoint, ...more } as never);
  expect(settings({})).toMatchObject({ width: 768, height: 768, scheduler: "euler", guidanceRescale: 0.7 });
  const recommended = { steps: 12, guidanceRescale: 0.5 };
  const distilled = named("x-lightning");
  expect(settings({ recommended, distilled })).toMatchObject({
    steps: 12,
    guidanceRescale: 0.5,
    scheduler: "dpmpp-sde",
  });
});
