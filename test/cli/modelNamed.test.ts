/** `render --model`: a path, or the name of a checkpoint at home. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelNamed } from "../../src-main/cli/modelNamed.ts";
import { render } from "../../src-main/cli/render.ts";
import { temporaryFolder } from "../support/projects.ts";
import { fakeEngine, fakeTerminal } from "./fakes.ts";

const found = (path: string | null, ...closest: string[]) => ({
  findAtHome: () => Promise.resolve({ path, closest }),
});

test("is the file or folder that is there, else the checkpoint of that name", async () => {
  const cwd = temporaryFolder();
  mkdirSync(join(cwd, "here"));
  expect(await modelNamed("here", { cwd, ...found("/models/here.safetensors") })).toBe(join(cwd, "here"));
  expect(await modelNamed("photon", { cwd, ...found("/models/photon.safetensors") })).toBe(
    "/models/photon.safetensors",
  );
  expect(await modelNamed("photon v1", { cwd, ...found("/models/p.safetensors") })).toBe("/models/p.safetensors");
});

test("what is written as a path is one, though nothing is there", async () => {
  const home = found("/models/photon.safetensors");
  for (const word of ["./photon", "models/photon", "photon.safetensors", "..\\photon"]) {
    expect(await modelNamed(word, { cwd: "/home/me", ...home })).not.toBe("/models/photon.safetensors");
  }
});

test("a name that no checkpoint has is refused with the closest ones", async () => {
  await expect(modelNamed("foton", { cwd: "/", ...found(null, "photon", "photon-2") })).rejects.toMatchObject({
    code: "file-unreadable",
    message: expect.stringContaining("There is “photon”, “photon-2”.") as unknown,
  });
});

test("render looks in the folders of models, and opens nothing where the name is unknown", async () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "scene.json"),
    JSON.stringify({ prompt: "a cat", boxes: [{ phrase: "cat", box: [0, 0, 1, 1] }], seeds: ["1"] }),
  );
  const { engine, calls } = fakeEngine({});
  const { terminal, written } = fakeTerminal();
  const env = { HOME: folder, XDG_CONFIG_HOME: folder, APPDATA: folder, HF_HUB_CACHE: join(folder, "none") };
  const argv = ["scene.json", "--model", "photon", "--out", "out"];
  const code = await render(argv, { ...terminal, env, cwd: folder }, () => Promise.resolve(engine));
  expect(written.stderr).toContain("no checkpoint of that name");
  expect(code).toBe(3);
  expect(calls).toMatchObject({ loads: [], stopped: 1 });
});
