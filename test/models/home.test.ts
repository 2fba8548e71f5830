/** The models at home: what is found in folders, followed, remembered and found again. */
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { findModelFile } from "../../src-main/models/find.ts";
import { Home } from "../../src-main/models/home.ts";
import { layoutOf, usualPlaces } from "../../src-main/models/layouts.ts";
import { Memory } from "../../src-main/models/memory.ts";
import { walk } from "../../src-main/models/walk.ts";
import { safetensors, type Tensors } from "../checkpoint/folders.ts";
import { temporaryFolder } from "../support/projects.ts";
import { unprivileged } from "../support/unprivileged.ts";

const EMBEDDING: Tensors = { emb_params: [[1, 768]] };
const VAE: Tensors = { "decoder.conv_in.weight": [[8, 4, 3, 3]] };

function put(path: string, tensors: Tensors = EMBEDDING, metadata?: Record<string, string>): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, safetensors(tensors, metadata));
  return path;
}

/** A home whose own places are empty. */
function makeHome(data = temporaryFolder(), lasting = false) {
  vi.stubEnv("HF_HUB_CACHE", join(data, "no-cache"));
  const notes: string[] = [];
  const memory = new Memory(data, (note) => notes.push(note));
  const home = new Home({
    memory,
    env: {},
    lasting,
    homeFolder: join(data, "nobody"),
    onChange: () => undefined,
    note: (note) => notes.push(note),
  });
  onTestFinished(() => home.close());
  return { home, memory, notes, data };
}

describe("folders", () => {
  test("what is in one is listed by kind, with pictures beside it", async () => {
    const { home } = makeHome();
    const folder = temporaryFolder();
    put(join(folder, "style", "sun.safetensors"));
    writeFileSync(join(folder, "style", "sun.preview.png"), "x");
    put(join(folder, "good.safetensors"), VAE);
    writeFileSync(join(folder, "old.ckpt"), "pickle");
    writeFileSync(join(folder, "readme.txt"), "no model");
    expect(await home.addFolder(folder)).toMatchObject({ path: folder, models: 3, found: false, program: null });
    const { models } = home.list;
    expect(models.map(({ name, kind, opens, read }) => ({ name, kind, opens, read }))).toEqual([
      { name: "good", kind: "vae", opens: true, read: true },
      { name: "old", kind: "other", opens: false, read: true },
      { name: "sun", kind: "embedding", opens: true, read: true },
    ]);
    expect(models.map(({ picture }) => picture !== null)).toEqual([false, false, true]);
  });

  test("links in circles, hidden files and links to nowhere do no harm", async () => {
    const folder = temporaryFolder();
    put(join(folder, "a", "one.safetensors"));
    put(join(folder, "a", "._one.safetensors"));
    symlinkSync(folder, join(folder, "a", "back"));
    symlinkSync("loop", join(folder, "loop"));
    symlinkSync(join(folder, "nothing"), join(folder, "gone.safetensors"));
    const { candidates } = await walk([folder]);
    expect(candidates.map(({ path }) => path)).toEqual([join(folder, "a", "one.safetensors")]);
  });

  test("10,000 files are listed in less than five seconds", { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    const bytes = safetensors(EMBEDDING);
    for (let i = 0; i < 10_000; i++) writeFileSync(join(folder, `e${i}.safetensors`), bytes.subarray(0, 10));
    const from = performance.now();
    const { candidates } = await walk([folder]);
    expect(candidates).toHaveLength(10_000);
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  test("a folder that is gone or may not be read is told, the others are listed", async () => {
    const { home } = makeHome();
    const [gone, good] = [temporaryFolder(), temporaryFolder()];
    put(join(good, "a.safetensors"));
    mkdirSync(join(good, "secret"));
    await home.addFolder(gone);
    await home.addFolder(good);
    rmSync(gone, { recursive: true });
    await home.look();
    const { folders, models } = home.list;
    expect(folders.find(({ path }) => path === gone)?.problems[0]).toContain("is not there");
    expect(models.map(({ name }) => name)).toEqual(["a"]);
  });

  test.skipIf(process.platform === "win32")("one that may not be read says so", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "secret"));
    chmodSync(join(folder, "secret"), 0);
    chmodSync(folder, 0o755);
    expect((await unprivileged(() => walk([folder]))).problems[0]).toContain("may not be read");
  });

  test("a file or a whole disk is not taken as a folder", async () => {
    const { home } = makeHome();
    await expect(home.addFolder(put(join(temporaryFolder(), "x.safetensors")))).rejects.toThrow("is not a folder");
    await expect(home.addFolder("/")).rejects.toThrow("whole disk");
  });

  test("a new file is seen by itself, and one that goes is gone", async () => {
    const { home } = makeHome(undefined, true);
    const folder = temporaryFolder();
    put(join(folder, "one.safetensors"));
    await home.addFolder(folder);
    put(join(folder, "two.safetensors"), VAE);
    await vi.waitFor(() => expect(home.list.models.map(({ kind }) => kind)).toEqual(["embedding", "vae"]), 5_000);
    rmSync(join(folder, "one.safetensors"));
    await vi.waitFor(() => expect(home.list.models.map(({ name }) => name)).toEqual(["two"]), 5_000);
  });
});

describe("other programs' layouts", () => {
  test("ComfyUI's folders and its file of further paths", async () => {
    const [root, other] = [temporaryFolder(), temporaryFolder()];
    put(join(root, "models", "checkpoints", "a.safetensors"));
    put(join(root, "models", "loras", "b.safetensors"));
    put(join(root, "output", "c.safetensors"));
    put(join(other, "models", "Lora", "d.safetensors"));
    const yaml = `a111:\n  base_path: ${other}\n  checkpoints: models/Stable-diffusion\n  loras: |\n    models/Lora\n    models/LyCORIS\n`;
    writeFileSync(join(root, "extra_model_paths.yaml"), yaml);
    const { program, folders } = await layoutOf(root);
    expect(program).toBe("ComfyUI");
    expect(folders).toEqual([join(root, "models/checkpoints"), join(root, "models/loras"), join(other, "models/Lora")]);
  });

  test("a file of paths that is no YAML, or a bomb, is told and passed over", async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, "models", "checkpoints"), { recursive: true });
    writeFileSync(join(root, "extra_model_paths.yaml"), "a: [1, 2\n b");
    expect((await layoutOf(root)).problems[0]).toContain("cannot be read");
    const bomb = [
      "a: &a [x]",
      ..."bcdefghij".split("").map((n, i) => `${n}: &${n} [${`*${"abcdefghij"[i]!},`.repeat(9)}]`),
    ].join("\n");
    writeFileSync(join(root, "extra_model_paths.yaml"), bomb);
    expect((await layoutOf(root)).problems[0]).toContain("cannot be read");
  });

  test("the web UI's, InvokeAI's and the Hugging Face cache are found in the usual places", async () => {
    const home = temporaryFolder();
    put(join(home, "stable-diffusion-webui", "models", "Stable-diffusion", "a.safetensors"));
    put(join(home, "invokeai", "models", "sd-1", "main", "b.safetensors"));
    writeFileSync(join(home, "invokeai", "invokeai.yaml"), "");
    const commit = "0123456789012345678901234567890123456789";
    const cache = join(home, "hub");
    put(join(cache, "models--o--n", "snapshots", commit, "c.safetensors"));
    put(join(cache, "models--o--n", "snapshots", "f".repeat(40), "old.safetensors"));
    mkdirSync(join(cache, "models--o--n", "refs"), { recursive: true });
    writeFileSync(join(cache, "models--o--n", "refs", "main"), commit);
    vi.stubEnv("HF_HUB_CACHE", cache);
    onTestFinished(() => void vi.unstubAllEnvs());
    const places = await usualPlaces({}, home);
    expect(places).toEqual([join(home, "stable-diffusion-webui"), join(home, "invokeai"), cache]);
    const { candidates } = await walk((await Promise.all(places.map(layoutOf))).flatMap(({ folders }) => folders));
    expect(candidates.map(({ path }) => path.slice(home.length + 1))).toEqual([
      "stable-diffusion-webui/models/Stable-diffusion/a.safetensors",
      "invokeai/models/sd-1/main/b.safetensors",
      `hub/models--o--n/snapshots/${commit}/c.safetensors`,
    ]);
  });
});

describe("what is remembered", () => {
  test("favourites and notes stay with a file that moves, as its hash is known", async () => {
    const { home } = makeHome(undefined, true);
    const folder = temporaryFolder();
    const path = put(join(folder, "one.safetensors"), EMBEDDING, { made: "one" });
    await home.addFolder(folder);
    home.mark(path, { favourite: true, notes: "the good one" });
    await vi.waitFor(() => expect(home.list.models[0]?.sha256).toMatch(/^[0-9a-f]{64}$/), 5_000);
    mkdirSync(join(folder, "elsewhere"));
    const moved = join(folder, "elsewhere", "another name.safetensors");
    renameSync(path, moved);
    await vi.waitFor(
      () => expect(home.list.models[0]).toMatchObject({ path: moved, favourite: true, notes: "the good one" }),
      5_000,
    );
    expect(home.missing({ path })).toMatchObject({ name: "one", moved: { path: moved } });
  });

  test("is there after a restart, without reading headers again", async () => {
    const { home, data } = makeHome();
    const folder = temporaryFolder();
    const path = put(join(folder, "one.safetensors"));
    await home.addFolder(folder);
    home.mark(path, { favourite: true });
    await home.close();
    const memory = new Memory(data, () => undefined);
    const again = new Home({
      memory,
      env: {},
      lasting: false,
      homeFolder: "/nowhere",
      onChange: () => undefined,
      note: () => undefined,
    });
    const see = vi.spyOn(memory, "see");
    await again.look();
    expect(again.list.models).toMatchObject([{ path, favourite: true, kind: "embedding" }]);
    expect(see).not.toHaveBeenCalled();
  });

  test("a damaged file of choices is kept aside and a new one begun; the other is only a memory", () => {
    const data = temporaryFolder();
    writeFileSync(join(data, "models.json"), "{ broken");
    writeFileSync(join(data, "models-seen.json"), "[1]");
    const notes: string[] = [];
    const memory = new Memory(data, (note) => notes.push(note));
    expect(memory.choices.folders).toEqual([]);
    memory.change((choices) => void choices.folders.push("/a"));
    expect(notes[0]).toContain("is kept as");
    expect(new Memory(data, () => undefined).choices.folders).toEqual(["/a"]);
  });

  test("two programs that change it keep each other's changes", () => {
    const data = temporaryFolder();
    const [one, two] = [new Memory(data, () => undefined), new Memory(data, () => undefined)];
    one.change((choices) => void choices.folders.push("/a"));
    two.change((choices) => void choices.folders.push("/b"));
    expect(one.choices.folders).toEqual(["/a", "/b"]);
  });

  test("of a model that is nowhere, what is nearest is offered", async () => {
    const { home } = makeHome();
    const folder = temporaryFolder();
    const path = put(join(folder, "dreams_v2.safetensors"));
    put(join(folder, "zebra.safetensors"));
    put(join(folder, "dreams_v3.safetensors"), EMBEDDING, { other: "x" });
    await home.addFolder(folder);
    rmSync(path);
    await home.look();
    const { name, moved, closest } = home.missing({ path });
    expect({ name, moved, closest: closest.map((model) => model.name) }).toEqual({
      name: "dreams_v2",
      moved: null,
      closest: ["dreams_v3", "zebra"],
    });
  });
});

test("embeddings are the words of prompts that are their names, where they fit the checkpoint", async () => {
  const { home } = makeHome();
  const folder = temporaryFolder();
  const path = put(join(folder, "Sun-Cat.safetensors"));
  const xl = put(join(folder, "moon.safetensors"), { clip_l: [[2, 768]], clip_g: [[2, 1280]] });
  await home.addFolder(folder);
  const find = (texts: string[], names: string[] = []) => home.embeddingsIn(texts, names, "test/goldens/tiny-sd");
  expect(await find(["a sun-cat, (moon:1.2)"])).toEqual([{ name: "Sun-Cat", path }]);
  expect(await find(["a sun-cats house", "sunsun-cat"])).toEqual([]);
  expect(await find(["anything"], ["moon"])).toEqual([{ name: "moon", path: xl }]); // named by the scene: the engine says that it does not fit
});

test("of a picture's checkpoint, the hash finds it under any name, and its name where one has it", async () => {
  const { home } = makeHome(undefined, true);
  const folder = temporaryFolder();
  const path = put(join(folder, "renamed.safetensors"));
  await home.addFolder(folder);
  await vi.waitFor(() => expect(home.list.models[0]?.sha256).toMatch(/^[0-9a-f]{64}$/), 5_000);
  const { sha256 } = home.list.models[0]!;
  expect(home.missing({ name: "dreams", sha256 })).toMatchObject({ name: "dreams", moved: { path } });
  expect(home.missing({ name: "dreams", sha256: null })).toEqual({
    path: null,
    name: "dreams",
    moved: null,
    closest: [],
  });
  expect(home.missing({ name: "renamed", sha256: null }).moved).toBeNull(); // an embedding of that name is no checkpoint
});

describe("a name in a prompt", () => {
  const of = (path: string, kind: "lora" | "vae" = "lora") => ({
    path,
    kind,
    name: path.split("/").at(-1)!.replace(".safetensors", ""),
  });
  const models = [
    of("/m/Pixel Art.safetensors"),
    of("/m/style/ink.safetensors"),
    of("/m/other/ink.safetensors"),
    of("/m/sharp.safetensors", "vae"),
  ];

  test.each([
    ["pixel art", "/m/Pixel Art.safetensors"],
    ["Pixel Art.safetensors", "/m/Pixel Art.safetensors"],
    ["ink", "/m/style/ink.safetensors"],
    ["other/ink", "/m/other/ink.safetensors"],
    ["other\\ink", "/m/other/ink.safetensors"],
  ])("%s is %s", (name, path) => expect(findModelFile(models, "lora", name)).toEqual({ path, closest: [] }));

  test("that is none offers the nearest; other kinds do not count", () => {
    expect(findModelFile(models, "lora", "pixelart")).toEqual({ path: null, closest: ["Pixel Art"] });
    expect(findModelFile(models, "lora", "sharp")).toEqual({ path: null, closest: [] });
  });
});
