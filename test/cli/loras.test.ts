/** `render --lora`, and the LoRAs of a scene file: by name or file, found beside the scene, beside each other or at home, or refused. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { parseSceneText, serializeScene } from "../../src-main/scene/parser.ts";
import type { Scene, SceneLora } from "../../src-main/scene/scene.ts";
import { readLoraOption, withLoraFiles } from "../../src-main/cli/loras.ts";
import { readRenderOptions } from "../../src-main/cli/renderOptions.ts";
import { temporary } from "../checkpoint/folders.ts";

let folder: string;
beforeEach(() => {
  folder = temporary("scenes");
  mkdirSync(join(folder, "styles"), { recursive: true });
  for (const name of ["ink.safetensors", "styles/flat.safetensors", "styles/grain.safetensors"]) {
    writeFileSync(join(folder, name), "");
  }
});

const scene = (loras: SceneLora[] | undefined, prompt = "a cat"): Scene => ({
  prompt,
  negativePrompt: "",
  regions: [],
  settings: { ...DEFAULT_SETTINGS, ...(loras ? { loras } : {}) },
});
const resolve = async (from: Scene, words: string[] = []) => {
  const asked = words.map((word) => readLoraOption(word)).filter((one) => typeof one !== "string");
  const findAtHome = (name: string) =>
    Promise.resolve(name === "home" ? { path: "/models/home.safetensors", closest: [] } : { path: null, closest: ["inkwell"] }); // prettier-ignore
  const { settings } = await withLoraFiles(from, asked, { cwd: folder, sceneFolder: folder, findAtHome });
  return settings.loras?.map(({ name, strength, on, path }) => [name, strength, on, path?.replace(folder, "")]);
};

test("--lora is a name or a file, and its strength; it may be given several times", () => {
  expect(readLoraOption("ink:0.8")).toEqual({ word: "ink", strength: 0.8 });
  expect(readLoraOption("ink")).toEqual({ word: "ink", strength: 1 });
  expect(readLoraOption("C:\\styles\\ink.safetensors:-1.5")).toEqual({ word: "C:\\styles\\ink.safetensors", strength: -1.5 }); // prettier-ignore
  expect(readLoraOption("ink:3")).toMatch(/expected a strength from -2 to 2, got 3/);
  const options = readRenderOptions(["scene.json", "--lora", "ink:0.8", "--lora", "flat"]);
  expect(options).toMatchObject({ loras: [{ word: "ink", strength: 0.8 }, { word: "flat", strength: 1 }] });
  expect(() => readRenderOptions(["scene.json", "--lora", "ink:9"])).toThrow(/--lora: expected a strength/);
  expect(() => readRenderOptions(["scene.json", "--steps", "5", "--steps", "6"])).toThrow(/--steps is given twice/);
}); // prettier-ignore

test("names are found beside the scene, beside the other files, and at home", async () => {
  expect(await resolve(scene(undefined), ["ink:0.8", "styles/flat.safetensors:0.5", "grain", "home:-1"])).toEqual([
    ["ink", 0.8, true, "/ink.safetensors"],
    ["flat", 0.5, true, "/styles/flat.safetensors"],
    ["grain", 1, true, "/styles/grain.safetensors"],
    ["home", -1, true, "/models/home.safetensors"],
  ]);
  expect(await resolve(scene(undefined))).toBeUndefined();
});

test("an option changes the LoRA that the scene lists; what is off needs no file", async () => {
  const listed = [
    { name: "ink", strength: 0.3, on: false },
    { name: "nowhere", strength: 1, on: false },
  ];
  expect(await resolve(scene(listed), ["Ink:0.8"])).toEqual([
    ["ink", 0.8, true, "/ink.safetensors"],
    ["nowhere", 1, false, undefined],
  ]);
});

test("one that is nowhere is refused with the names that are near; a tag that names none stays", async () => {
  await expect(resolve(scene(undefined), ["inkwel"])).rejects.toThrow(
    /there is no LoRA "inkwel" on this machine; there is "inkwell". Give its file: --lora FILE/,
  );
  await expect(resolve(scene(undefined), ["../ink"])).rejects.toThrow(/there is no LoRA "..\/ink"/);
  expect(await resolve(scene(undefined, "a <lora:ink:0.5> <lora:none:1>"))).toEqual([["ink", 1, false, "/ink.safetensors"]]); // prettier-ignore
});

test("a scene file lists LoRAs by name or path, and what is wrong is said by place", () => {
  const parse = (loras: unknown) => parseSceneText(JSON.stringify({ prompt: "a", boxes: [], loras }), DEFAULT_SETTINGS).scene; // prettier-ignore
  const read = parse([{ name: "ink", strength: -0.5 }, { path: "styles/flat.safetensors", on: false }]); // prettier-ignore
  expect(read.settings.loras).toEqual([
    { name: "ink", strength: -0.5, on: true },
    { name: "flat", strength: 1, on: false, path: "styles/flat.safetensors" },
  ]);
  expect(parse(serializeScene(read).loras).settings).toEqual(read.settings);
  for (const [loras, problem] of [
    ["ink", /loras: expected a list of at most 32 LoRAs, got "ink"/],
    [[{ strength: 1 }], /loras\[0\]: expected "name", or "path" of its file/],
    [[{ name: "a", strength: 3 }], /loras\[0\].strength/],
    [[{ name: "a", on: "yes" }], /loras\[0\].on/],
    [[{ name: 5 }], /loras\[0\].name: expected a text/],
    [[{ name: "a", hash: "12" }], /loras\[0\].hash: expected a SHA-256/],
    [[{ nam: "a", name: "b" }], /loras\[0\].*nam/],
    [Array.from({ length: 33 }, () => ({ name: "a" })), /at most 32/],
  ] as const) {
    expect(() => parse(loras)).toThrow(problem);
  }
});
