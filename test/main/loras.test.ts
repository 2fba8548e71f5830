/** Which files a scene's LoRAs are: those that the person chose, wherever they lie by now, and none that a stranger's project names. */
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Scene, SceneLora } from "../../src-main/scene/scene.ts";
import { inspectLora } from "../../src-main/checkpoint/lora/inspect.ts";
import { Loras } from "../../src-main/main/loras.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-loras-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const MODEL = "test/goldens/tiny-sd";
const golden = (name: string) => `test/goldens/lora/${name}.safetensors`;

let folder: string;
let notes: string[];
let home: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(join(root, "one-"));
  notes = [];
  home = {};
});

const workshop = {
  api: {
    inspectLora: ({ path, checkpoint, hash }: { path: string; checkpoint: string | null; hash: boolean }) =>
      inspectLora(path, checkpoint, hash),
  },
} as unknown as ConstructorParameters<typeof Loras>[0]["workshop"];

const open = () =>
  new Loras({
    file: join(folder, "loras.json"),
    workshop,
    demoModel: "resources/models/demo",
    note: (note) => notes.push(note),
    findAtHome: (name) => Promise.resolve(home[name] ?? null),
  });

/** A golden under another name. */
function file(name: string, of = "lora-kohya"): string {
  const path = join(folder, `${name}.safetensors`);
  copyFileSync(golden(of), path);
  return path;
}

const scene = (loras: SceneLora[], prompt = "a cat"): Scene => ({
  prompt,
  negativePrompt: "",
  regions: [],
  settings: { ...DEFAULT_SETTINGS, loras },
});
const lora = (name: string, more: Partial<SceneLora> = {}): SceneLora => ({ name, strength: 1, on: true, ...more });
const pathsOf = async (loras: Loras, asked: Scene) =>
  (await loras.resolve(asked)).settings.loras?.map(({ name, path }) => [name, path]);

test("one that was chosen is found again after a start, by its name and by its hash under another", async () => {
  const path = file("ink");
  const { hash } = await open().add(path, MODEL);
  expect(await pathsOf(open(), scene([lora("ink")]))).toEqual([["ink", path]]);
  expect(await pathsOf(open(), scene([lora("older name", { hash: hash! })]))).toEqual([["older name", path]]);
  expect(JSON.parse(readFileSync(join(folder, "loras.json"), "utf8"))).toHaveLength(1);
});

test("a path that a scene names is not believed", async () => {
  const loras = open();
  const stranger = file("stranger");
  expect(await pathsOf(loras, scene([lora("elsewhere", { path: stranger })]))).toEqual([["elsewhere", undefined]]);
  expect(await pathsOf(loras, scene([lora("../stranger"), lora("a/b"), lora("")]))).toEqual(
    ["../stranger", "a/b", ""].map((name) => [name, undefined]),
  );
});

test("one that only the prompt asks for is found beside those in use, or at home; it is off in the list", async () => {
  const loras = open();
  await loras.add(file("ink"), MODEL);
  const besides = file("flat", "lora-peft");
  home["far"] = golden("lora-locon");
  const { settings } = await loras.resolve(scene([], "a cat <lora:flat:0.5> <lora:far:1> <lora:nowhere:1>"));
  expect(settings.loras).toEqual([
    { name: "flat", strength: 1, on: false, path: besides },
    { name: "far", strength: 1, on: false, path: golden("lora-locon") },
  ]);
  expect((await loras.resolve(scene([], "a cat"))).settings.loras).toBeUndefined();
});

test("the list says what a LoRA is, that it is gone, that it is another file, and that it is for another model", async () => {
  const loras = open();
  const path = file("ink");
  await loras.add(path, MODEL);
  const [ink] = await loras.describe([lora("ink")], MODEL);
  expect(ink).toMatchObject({ path, problem: null, notes: [], words: [] });
  const [other] = await loras.describe([lora("ink", { hash: "0".repeat(64) })], MODEL);
  expect(other!.notes).toEqual(["It is not the file that the scene was made with, though it has its name."]);
  renameSync(path, `${path}.away`);
  const [gone] = await loras.describe([lora("ink")], MODEL);
  expect(gone).toMatchObject({ path: null, problem: expect.stringMatching(/not found on this machine/) as string });
  renameSync(`${path}.away`, path);
  const [unfit] = await loras.describe([lora("ink")], "test/goldens/single-file/tiny-sdxl");
  expect(unfit!.problem).toMatch(/does not fit/);
});

test("one that does not serve is refused when it is chosen, and told when it was only looked for", async () => {
  const loras = open();
  await expect(loras.add(golden("lora-sdxl-kohya"), MODEL)).rejects.toThrow(/is made for Stable Diffusion XL/);
  await expect(loras.add(golden("lora.goldens"), MODEL)).rejects.toThrow(/no LoRA in this file/);
  home["broken"] = golden("lora.goldens");
  expect(await pathsOf(loras, scene([], "<lora:broken:1>"))).toBeUndefined();
  expect(notes[0]).toMatch(/was found for “broken”, but cannot be used/);
});
