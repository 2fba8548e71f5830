/** Infotexts of other programs, and our own at their hardest: nothing is read as something else, nothing is left out silently. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { RunRecord } from "../../src-main/api/engine.ts";
import { takesSpacing, type Spacing } from "../../src-main/scene/scene.ts";
import { OTHER_SPACINGS, SCHEDULERS } from "../../src-main/scene/schedulers.ts";
import { parseScene } from "../../src-main/scene/parser.ts";
import { readInfotext, writeInfotext } from "../../src-main/image/infotext.ts";
import { sceneFromInfotext } from "../../src-main/image/infotextScene.ts";
import { createSampler } from "../../src-main/sampling/samplers.ts";
import { STABLE_DIFFUSION } from "../../src-main/sampling/schedule.ts";

const LINE = "Steps: 22, Sampler: Euler a, Schedule type: Karras, CFG scale: 6.5, Seed: 1234, Size: 512x768, Model: m";
const plain = parseScene({ prompt: "a cat", boxes: [] }, DEFAULT_SETTINGS);
const recordOf = (scene: RunRecord["scene"], model: RunRecord["model"] = { name: "m", hash: "" }): RunRecord => ({
  version: 1,
  scene,
  seed: "5",
  model,
  engine: { app: "1", onnxruntime: "1", provider: "cpu", precision: "float32", noise: "torch-cpu" },
  tokens: {},
  obedience: {},
});
const keysOf = (record: RunRecord) => Object.fromEntries(readInfotext(writeInfotext(record)).pairs);

describe("a text of another program", () => {
  test("may have lines of extensions behind its settings: they are told, and no part of the prompt", () => {
    const text = `a red cat\nNegative prompt: ugly\n${LINE}\nTemplate: a {red|green} cat\nNegative Template: ugly`;
    const { scene, seeds, notes } = sceneFromInfotext(text);
    expect([scene.prompt, scene.negativePrompt, scene.settings.steps, seeds]).toEqual(["a red cat", "ugly", 22, ["1234"]]);
    expect(notes).toHaveLength(2);
    expect(notes[0]).toContain("Template: a {red|green} cat");
  }); // prettier-ignore

  test("may have a prompt that looks like settings", () => {
    const { prompt, pairs } = readInfotext(`a sheet, Steps: 3, A: 1, B: 2\n${LINE}`);
    expect(prompt).toBe("a sheet, Steps: 3, A: 1, B: 2");
    expect(pairs.get("Steps")).toBe("22");
  });

  test("is taken with a note for everything that is not done here", () => {
    const text = `a <hypernet:glow:0.8> (red:1.3) cat\nNegative prompt: [ugly|bad]\n${LINE}, Clip skip: 20, Emphasis: No norm, RNG: NV, Hires upscale: 2`;
    const { scene, notes } = sceneFromInfotext(text);
    expect(scene.prompt).toBe("a <hypernet:glow:0.8> (red:1.3) cat");
    for (const left of ["<hypernet:glow:0.8>", "[ugly|bad]", "Clip skip", "No norm", "RNG", "Hires upscale"]) {
      expect(notes.filter((note) => note.includes(left))).toHaveLength(1);
    }
    expect(notes).toHaveLength(6);
  });

  test("has weights and a clip skip, which are read", () => {
    const text = `a (red:1.3) cat BREAK [x]\nNegative prompt: ((ugly))\n${LINE}, Clip skip: 2`;
    const { scene, notes } = sceneFromInfotext(text);
    expect(scene.settings).toMatchObject({ clipSkip: 2, promptWeights: true });
    expect(notes).toEqual([]);
    const { scene: plainly, notes: others } = sceneFromInfotext(`${text}, Emphasis: None`);
    expect(plainly.settings).toMatchObject({ clipSkip: 2, promptWeights: false });
    expect(others).toEqual(['"(red:1.3)" is drawn as it is written: weights of words are turned off']);
  });

  test("of what is done here has no notes", () => {
    expect(sceneFromInfotext(`a cat\nNegative prompt: dog\n${LINE}, Version: v1.10.1`).notes).toEqual([]);
  });

  test("may name Karras' spacing for a sampler that has none, which is not taken", () => {
    const { scene } = sceneFromInfotext(`a cat\n${LINE.replace("Euler a", "DDIM")}`);
    expect(scene.settings).toMatchObject({ scheduler: "ddim", karras: false });
  });

  test("with thousands of strange pairs is read quickly, with a bounded number of notes", () => {
    const pairs = Array.from({ length: 5_000 }, (_, i) => `K${i}: ${i}`).join(", ");
    expect(sceneFromInfotext(`a cat\n${LINE}, ${pairs}`).notes.length).toBeLessThan(50);
  });
});

describe("our own text", () => {
  test.each([
    ["a red cat\nNegative prompt: none, said the cat", ""],
    ["a cat", "Negative prompt: x\ny"],
    ["a cat\nSteps: 3, Sampler: Euler, Seed: 4", "dog"],
    ["  a cat  ", " dog\r\nbird "],
    ["", ""],
    ['a "quoted\\" cat, Seed: 7', "}"],
  ])("brings back the prompts %j and %j as they were", (prompt, negativePrompt) => {
    const scene = { ...plain, prompt, negativePrompt };
    expect(sceneFromInfotext(writeInfotext(recordOf(scene)))).toMatchObject({ scene, notes: [] });
  });

  test("says clip skip and that brackets are brackets only where that is so", () => {
    expect(Object.keys(keysOf(recordOf(plain)))).not.toEqual(expect.arrayContaining(["Clip skip"]));
    const scene = { ...plain, prompt: "a (cat)", settings: { ...plain.settings, clipSkip: 2, promptWeights: false } };
    expect(keysOf(recordOf(scene))).toMatchObject({ "Clip skip": "2", Emphasis: "None" });
    expect(sceneFromInfotext(writeInfotext(recordOf(scene)))).toMatchObject({ scene, notes: [] });
  });

  test("brings back any prompts", () => {
    const text = fc.string({ unit: fc.constantFrom("a", " ", "\n", "\r", "Negative prompt:", "Steps: 1, ", "x: y, ", '"', "\\", "猫"), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (prompt, negativePrompt) => {
        const { scene } = sceneFromInfotext(writeInfotext(recordOf({ ...plain, prompt, negativePrompt })));
        expect([scene.prompt, scene.negativePrompt]).toEqual([prompt, negativePrompt]);
      }),
    );
  }); // prettier-ignore

  test("says the prompts twice only where it must", () => {
    expect(keysOf(recordOf(plain))).not.toHaveProperty("Diorama prompts");
    expect(keysOf(recordOf({ ...plain, prompt: "a\nNegative prompt: b" }))).toHaveProperty("Diorama prompts");
  });

  test("has the model hash that other programs look for only where the file's SHA-256 is known", () => {
    const sampled = { name: "m", hash: "sampled-sha256:cb4b6bb56c66dd98" };
    expect(keysOf(recordOf(plain, sampled))).not.toHaveProperty("Model hash");
    expect(keysOf(recordOf(plain, sampled))).toHaveProperty("Diorama Model hash", sampled.hash);
    const known = { ...sampled, sha256: "cc6cb27103417325ff94f52b7a5d2dde45a7515b25c255d8e396c90014281516" };
    expect(keysOf(recordOf(plain, known))).toHaveProperty("Model hash", "cc6cb27103");
  });

  test.each(SCHEDULERS)("says of %s that its spacing is Karras' exactly where that changes the noise levels", (scheduler) => {
    const levels = (spacing: Spacing) => createSampler(scheduler, STABLE_DIFFUSION, 10, { spacing }).evaluations;
    const acts = JSON.stringify(levels("karras")) !== JSON.stringify(levels("model"));
    expect(takesSpacing(scheduler)).toBe(acts);
    const record = recordOf({ ...plain, settings: { ...plain.settings, scheduler, karras: true } });
    expect(keysOf(record)["Schedule type"]).toBe(acts ? "Karras" : undefined);
  }); // prettier-ignore

  test.each(SCHEDULERS)("names %s and its spacing so that they are read back", (scheduler) => {
    for (const spacing of takesSpacing(scheduler) ? OTHER_SPACINGS : []) {
      const settings = { ...plain.settings, scheduler, karras: false, spacing, guidanceRescale: 0.35 };
      const { scene, notes } = sceneFromInfotext(writeInfotext(recordOf({ ...plain, settings })));
      expect(scene.settings).toMatchObject({ scheduler, karras: false, spacing, guidanceRescale: 0.35 });
      expect(notes).toEqual([]);
    }
    const { scene } = sceneFromInfotext(
      writeInfotext(recordOf({ ...plain, settings: { ...plain.settings, scheduler } })),
    );
    expect(scene.settings).toMatchObject({ scheduler });
  });

  test.each([
    ["DPM++ 2M SDE Karras", undefined, { scheduler: "dpmpp-2m-sde", karras: true }],
    ["DPM++ 2M SDE Exponential", undefined, { scheduler: "dpmpp-2m-sde", spacing: "exponential" }],
    ["DPM++ 2S a Karras", undefined, { scheduler: "dpmpp-2s-a", karras: true }],
    ["Euler", "SGM Uniform", { scheduler: "euler", spacing: "sgm-uniform" }],
    ["LCM", "Karras", { scheduler: "lcm", karras: false }],
  ] as const)("of A1111 with the sampler %s and the schedule type %s is understood", (sampler, type, expected) => {
    const line = `Steps: 6, Sampler: ${sampler}, ${type ? `Schedule type: ${type}, ` : ""}CFG scale: 2, Seed: 3`;
    expect(sceneFromInfotext(`a cat\n${line}`).scene.settings).toMatchObject(expected);
  });
});

describe("a picture that went on from another", () => {
  const { settings } = plain;
  const start = { hash: "a".repeat(64), strength: 0.4 };

  test("says so in A1111's words, and of its text alone what is missing", () => {
    const record = recordOf({
      ...plain,
      start: { ...start, redraw: { areas: [{ box: { x: 0, y: 0, width: 1, height: 0.5 } }], feather: 8 } },
    });
    expect(keysOf(record)).toMatchObject({ "Denoising strength": "0.4", "Mask blur": "8", Size: "512x512" });
    const { notes } = sceneFromInfotext(writeInfotext(record));
    expect(notes).toEqual([
      "Denoising strength was left out: the picture that this one went on from is not in its text. Go on from that one with strength 0.4",
    ]);
  });

  test("and is larger than it tells the size that was drawn first, as for a hires fix", () => {
    const scene = { ...plain, settings: { ...settings, width: 1024, height: 768 }, start };
    const record = { ...recordOf(scene), start: { width: 512, height: 384 } };
    const told = { Size: "512x384", "Denoising strength": "0.4", "Hires upscale": "2", "Hires upscaler": "Lanczos" };
    expect(keysOf(record)).toMatchObject(told);
    expect(keysOf({ ...record, scene: { ...scene, start: { ...start, by: "latent" } } })).toMatchObject({
      "Hires upscaler": "Latent",
    });
    const { scene: read, notes } = sceneFromInfotext(writeInfotext(record));
    expect(read.settings).toMatchObject({ width: 512, height: 384 });
    expect(notes).toEqual(["Hires upscale was left out: draw it, then enlarge the result 2 times, strength 0.4"]);
  });

  test("a variation is told and read as A1111's", () => {
    const scene = { ...plain, settings: { ...settings, variationOf: "18446744073709551615", variationStrength: 0.25 } };
    const record = recordOf(scene); // of seed 5
    const told = { Seed: "18446744073709551615", "Variation seed": "5", "Variation seed strength": "0.25" };
    expect(keysOf(record)).toMatchObject(told);
    expect(sceneFromInfotext(writeInfotext(record))).toMatchObject({ scene, seeds: ["5"], notes: [] });
    const { scene: none, seeds } = sceneFromInfotext(
      `a\nNegative prompt: \n${LINE}, Variation seed: 9, Variation seed strength: 0`,
    );
    expect([none.settings.variationOf, seeds]).toEqual([undefined, ["1234"]]);
  });
});
