/** LoRAs in the engine: what opening and drawing make of a scene's list, in both memory modes, and what is said of files that do not serve. */
import { copyFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SceneLora, SceneSettings } from "../../src-main/scene/scene.ts";
import { lorasOf } from "../../src-main/scene/loras.ts";
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { STEERING } from "../../src-main/guidance/steering.ts";
import { LoraShelf } from "../../src-main/engine/loraShelf.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import type { Pipeline } from "../../src-main/engine/service.ts";
import { Networks } from "../../src-main/engine/sessions/networks.ts";
import { temporary } from "../checkpoint/folders.ts";
import "../support/keptSessions.ts";

const MODEL = "test/goldens/tiny-sd";
const file = (name: string) => `test/goldens/lora/${name}.safetensors`;
const lora = (name: string, strength = 0.8, on = true): SceneLora => ({ name, path: file(name), strength, on });

describe("a checkpoint's networks", () => {
  let checkpoint: Checkpoint;
  let networks: Networks;
  let shelf: LoraShelf;
  const size = { height: 8, width: 8 };
  const nothing = () => undefined;
  beforeAll(async () => {
    checkpoint = await openCheckpoint(MODEL);
    networks = new Networks(checkpoint, { provider: "cpu", memory: "fast", threads: 1 }, "float32", 77);
    shelf = new LoraShelf(checkpoint, nothing);
  });
  afterAll(() => networks.close());

  const unetWith = async (...loras: SceneLora[]) => {
    const used = loras.map((one) => ({ lora: one, strength: one.strength, textStrength: one.strength }));
    await networks.use(await shelf.take(used));
    return networks.unet(size, 77, STEERING, nothing);
  };

  test("stay open when a strength changes, and while a LoRA of matrices is off", async () => {
    const plain = await unetWith();
    const styled = await unetWith(lora("lora-kohya", 0.8));
    expect(styled).not.toBe(plain);
    expect(await unetWith(lora("lora-kohya", -1.5))).toBe(styled);
    expect(await unetWith()).toBe(styled);
    expect(await unetWith(lora("lora-kohya", 2))).toBe(styled);
    const both = await unetWith(lora("lora-kohya"), lora("lora-peft"));
    expect(await unetWith(lora("lora-peft"))).toBe(both);
  });

  test("are opened without a LoRA of convolutions when it is off: only then is the picture the one without it", async () => {
    const styled = await unetWith(lora("lora-locon"));
    expect(await unetWith()).not.toBe(styled);
  });
});

describe.each(["fast", "low"] as const)("pictures, in %s memory mode", (memory) => {
  let pipeline: Pipeline;
  let settings: SceneSettings;
  beforeAll(async () => {
    pipeline = await openPipeline({ path: MODEL, provider: "cpu", memory, threads: 1 }, () => undefined);
    settings = { ...pipeline.summary.defaults, width: 64, height: 64, steps: 3 };
  });
  afterAll(() => pipeline.close());

  const draw = (prompt: string, ...loras: SceneLora[]) =>
    pipeline.generate({ prompt, negativePrompt: "", regions: [], settings: { ...settings, loras } }, "1", {
      previewEvery: 0,
      attention: false,
      signal: new AbortController().signal,
      onStep: () => Promise.resolve(),
    });
  const pixels = async (...of: Parameters<typeof draw>) => Buffer.from((await draw(...of)).pixels.data).toString("hex");

  test("change with a LoRA and its strength, and are the ones without it when it is off", async () => {
    const plain = await pixels("a red circle");
    for (const name of memory === "fast" ? ["lora-kohya", "lora-locon"] : ["lora-kohya"]) {
      const styled = await pixels("a red circle", lora(name));
      expect(styled, name).not.toBe(plain);
      expect(await pixels("a red circle", lora(name, 0.4)), name).not.toBe(styled);
      expect(await pixels(`a red circle <lora:${name}:0.8>`, lora(name, 2, false)), name).toBe(styled);
      expect(await pixels("a red circle", lora(name, 0.8, false)), name).toBe(plain);
    }
  }, 60_000);

  if (memory === "low") return;

  test("carry the LoRAs that were used, by name and hash and not by place", async () => {
    const { record } = await draw("a red circle", lora("lora-kohya"), lora("lora-peft", 1, false));
    expect(record.scene.settings.loras).toEqual([
      { name: "lora-kohya", strength: 0.8, on: true, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    ]);
    expect(JSON.stringify(record)).not.toContain("goldens");
    expect((await draw("a red circle", lora("lora-peft", 1, false))).record.scene.settings.loras).toBeUndefined();
  });

  test("of a LoRA that is gone, damaged or made for another model are not begun", async () => {
    const path = temporary("gone.safetensors");
    const gone = { name: "gone", path, strength: 1, on: true };
    await expect(draw("a", gone)).rejects.toThrow(/The LoRA "gone" is not there any more \(.*Put it back, choose its file/);
    copyFileSync(file("lora-kohya"), path);
    const there = await pixels("a", gone);
    copyFileSync(file("lora-peft"), path);
    expect(await pixels("a", gone)).not.toBe(there);
    rmSync(path);
    await expect(draw("a", gone)).rejects.toThrow(/not there any more/);
    await expect(draw("a", lora("lora-sdxl-kohya"))).rejects.toThrow(/is made for Stable Diffusion XL/);
    await expect(draw("a", { name: "lost", strength: 1, on: true })).rejects.toThrow(/The LoRA "lost" was not found/);
  }); // prettier-ignore
});

test("a tag in the prompt decides over the list's strength and switch", () => {
  const [a, b] = [lora("ink", 0.8), lora("Flat", 1, false)];
  const settings = { loras: [a, b] } as SceneSettings;
  const of = (prompt: string) =>
    lorasOf({ prompt, settings }).used.map(({ lora, strength, textStrength }) => [lora.name, strength, textStrength]);
  expect(of("a cat")).toEqual([["ink", 0.8, 0.8]]);
  expect(of("a cat <lora:flat:0.5>")).toEqual([["ink", 0.8, 0.8], ["Flat", 0.5, 0.5]]);
  expect(of("<lora:ink:0> a cat")).toEqual([]);
  expect(of("<lora:ink:0.5:1> a cat <lora:ink:0.2:0.3>")).toEqual([["ink", 0.3, 0.2]]);
  expect(lorasOf({ prompt: "<lora:none:1>", settings }).unknown.map(({ name }) => name)).toEqual(["none"]);
}); // prettier-ignore
