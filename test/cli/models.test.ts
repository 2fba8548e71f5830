/** `npm run models`: the command line over the process that knows the models at home. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { models } from "../../src-main/cli/models.ts";
import { safetensors } from "../checkpoint/folders.ts";
import { COMMIT, repoOf, startHub } from "../support/hub.ts";
import { temporaryFolder } from "../support/projects.ts";
import { fakeTerminal } from "./fakes.ts";

/** Runs commands in a home of their own. */
function makeHome(more: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const env = {
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, "config"),
    APPDATA: folder,
    HF_HUB_CACHE: join(folder, "none"),
    ...more,
  };
  const run = async (...argv: string[]) => {
    const { terminal, written } = fakeTerminal();
    const code = await models(argv, { ...terminal, env, cwd: folder });
    return { code, ...written };
  };
  return { folder, run };
}

test("a folder that was added is listed from then on", async () => {
  const { folder, run } = makeHome();
  mkdirSync(join(folder, "mine"));
  writeFileSync(join(folder, "mine", "sun.safetensors"), safetensors({ emb_params: [[2, 768]] }));
  writeFileSync(join(folder, "mine", "old.ckpt"), "a pickle");
  expect(await run("list")).toMatchObject({ code: 0, stdout: "" });
  expect(await run("add", "mine")).toMatchObject({ code: 0, stdout: expect.stringContaining("2 files") as unknown });
  const listed = await run("list");
  expect(listed.stdout).toMatch(/^ {2}Embedding SD 1\.x +7 kB {2}sun {2}\/.*sun\.safetensors\n$/);
  expect(JSON.parse((await run("list", "--kind", "other", "--json")).stdout)).toMatchObject({
    models: [{ name: "old", opens: false }],
  });
});

test("inspect says what a file is, and by its exit code whether all open", async () => {
  const { folder, run } = makeHome();
  writeFileSync(join(folder, "a.safetensors"), safetensors({ emb_params: [[2, 768]] }, { "modelspec.title": "Sun" }));
  writeFileSync(join(folder, "b.gguf"), "x");
  const { code, stdout } = await run("inspect", "a.safetensors", "b.gguf");
  expect(code).toBe(3);
  expect(stdout).toContain("Embedding, SD 1.x: opens");
  expect(stdout).toContain("modelspec.title: Sun");
  expect(stdout).toContain("Other: does not open\n  A GGUF file");
  expect((await run("inspect", "a.safetensors")).code).toBe(0);
});

test.each([
  [["lst"], 'there is no command "lst"; did you mean "list"?'],
  [["list", "--kind", "loras"], "--kind: expected one of checkpoint, lora"],
  [["add"], "add takes one folder"],
  [["inspect"], "inspect needs a file or folder"],
])("%s is met with what was meant", async (argv, message) => {
  const { run } = makeHome();
  const { code, stderr } = await run(...argv);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("what is not there, or is a file, is told in one sentence", async () => {
  const { folder, run } = makeHome();
  writeFileSync(join(folder, "a.safetensors"), "x");
  expect(await run("inspect", "nothing")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("does not exist") as unknown,
  });
  expect(await run("add", "a.safetensors")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("is a file") as unknown,
  });
});

test("get downloads a model into the cache, from where it is listed and opens", async () => {
  const hub = await startHub({
    "me/demo": repoOf("resources/models/demo"),
    "me/many": { files: { "a.safetensors": Buffer.from("1"), "b.safetensors": Buffer.from("22") } },
  });
  onTestFinished(() => hub.close());
  const { folder, run } = makeHome({ HF_ENDPOINT: hub.url, HF_TOKEN: "hf_mine" });
  const { code, stdout, stderr } = await run("get", "me/demo");
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining("me/demo, The whole folder: 6.8 MB") as unknown,
  });
  expect(stdout.trim()).toBe(join(folder, "none", "models--me--demo", "snapshots", COMMIT));
  expect(hub.asked.every(({ authorization }) => authorization === "Bearer hf_mine")).toBe(true);
  expect((await run("list")).stdout).toContain("me/demo");
  expect(await run("get", "me/many")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--choice "b.safetensors"') as unknown,
  });
  expect((await run("get", "me/many", "--choice", "b.safetensors")).code).toBe(0);
  expect(await run("get", "me/none")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is no model me/none") as unknown,
  });
});
