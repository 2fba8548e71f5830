/** A prompt with alternatives on the command line: each is drawn, named and counted. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { render } from "../../src-main/cli/render.ts";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { fakeEngine, fakeTerminal, type FakeEngineOptions } from "./fakes.ts";

const scene = {
  prompt: "a {red|light blue} house and a {cat|dog}",
  boxes: [
    { phrase: "{red|light blue} house", box: [0, 0, 0.5, 1] },
    { phrase: "cat", box: [0.5, 0, 0.5, 1] },
  ],
  width: 64,
  height: 64,
};
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "diorama-render-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const out = () => join(folder, "pictures");

async function run(form: object, args: string[], options: FakeEngineOptions = {}) {
  writeFileSync(join(folder, "house.json"), JSON.stringify(form));
  const { engine, calls } = fakeEngine(options);
  const { terminal, written } = fakeTerminal();
  const argv = [join(folder, "house.json"), "--out", out(), ...args];
  const code = await render(argv, terminal, () => Promise.resolve(engine));
  return { code, calls, ...written };
}

test("every alternative is drawn with every seed, and its words are in the file's name and record", async () => {
  const { code, calls, stderr } = await run(scene, ["--seeds", "7 8"]);
  expect(code).toBe(0);
  expect(calls.scenes.map(({ prompt, regions }) => [prompt, regions.length])).toEqual([
    ["a red house and a cat", 2],
    ["a red house and a dog", 1],
    ["a light blue house and a cat", 2],
    ["a light blue house and a dog", 1],
  ]);
  expect(stderr).toContain("4 prompts x 2 seeds = 8 pictures\n");
  expect(stderr).toMatch(/8 pictures: /);
  expect(readdirSync(out())).toHaveLength(8);
  const metadata = readMetadata(readFileSync(join(out(), "house-light-blue-dog-seed8-ilgd.png")));
  expect(metadata).toMatchObject({
    kind: "record",
    record: { alternative: "light blue, dog", seed: "8", scene: { prompt: "a light blue house and a dog" } },
  });
});

test("pictures are counted through, for programs too", async () => {
  const { stdout } = await run(scene, ["--seeds", "7,8", "--json"]);
  const events = stdout.trim().split("\n").map((line) => JSON.parse(line) as { event: string; index: number; requested: number });
  expect(events.filter(({ event }) => event === "image").map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(events.at(-1)).toMatchObject({ event: "done", finished: 8, requested: 8 });
}); // prettier-ignore

test("after a failure the alternatives behind it are not drawn", async () => {
  let steps = 0;
  const beforeStep = () => {
    if (++steps > 4) throw new Error("the disk is full");
  };
  const { code, calls } = await run(scene, [], { beforeStep });
  expect(code).not.toBe(0);
  expect(calls.scenes).toHaveLength(2);
  expect(readdirSync(out()).filter((name) => !name.startsWith("."))).toHaveLength(1);
});

test("what is wrong with them is said before anything is opened", async () => {
  const open = await run({ ...scene, prompt: "a {red|blue house", boxes: [] }, []);
  expect(open.stderr).toContain("begins alternatives and never ends them");
  const many = await run({ ...scene, prompt: "{a|b|c}".repeat(4), boxes: [] }, []);
  expect(many.stderr).toContain("81 prompts; at most 64");
  const pictures = await run({ ...scene, boxes: [] }, ["--seeds", "0-9999"]);
  expect(pictures.stderr).toContain("40,000 pictures; at most 10,000");
  expect([open.code, many.code, pictures.code]).toEqual([2, 2, 2]);
  expect(existsSync(out())).toBe(false);
  expect([...open.calls.loads, ...many.calls.loads, ...pictures.calls.loads]).toEqual([]);
});
