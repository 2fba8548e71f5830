/** `render --grid`: what is written of a grid, and what is said of one that is wrong or cannot be drawn. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { render } from "../../src-main/cli/render.ts";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { readSheetRecords, sheetTextOf } from "../../src-main/image/sheetRecords.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { fakeEngine, fakeTerminal, type FakeEngineOptions } from "./fakes.ts";

const scene = {
  prompt: "a {red|blue} circle",
  boxes: [{ phrase: "circle", box: [0, 0, 0.5, 1] }],
  width: 64,
  height: 64,
};
let folder: string;
let out: string;
const at = (name: string) => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "diorama-grid-"));
  out = at("pictures");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(
  grid: unknown,
  { args = [], of = scene, ...options }: FakeEngineOptions & { args?: string[]; of?: object } = {},
) {
  writeFileSync(at("scene.json"), JSON.stringify(of));
  writeFileSync(at("grid.json"), typeof grid === "string" ? grid : JSON.stringify(grid));
  const { engine, calls } = fakeEngine(options);
  const { terminal, written } = fakeTerminal();
  const argv = [at("scene.json"), "--grid", at("grid.json"), "--out", out, ...args];
  const code = await render(argv, terminal, () => Promise.resolve(engine));
  return { code, calls, files: existsSync(out) ? readdirSync(out).sort() : [], ...written };
}
const plain = { ...scene, prompt: "a red circle" };

test("a grid is drawn cell by cell, each a file with its settings, and all in one picture", async () => {
  const { code, files, stdout, stderr } = await run(
    { rows: { method: ["none", "ilgd"] }, columns: { seeds: "3-4" } },
    { of: plain },
  );
  expect(code).toBe(0);
  expect(files).toEqual([
    "scene-None-seed3.png",
    "scene-None-seed4.png",
    "scene-grid.png",
    "scene-iLGD-seed3.png",
    "scene-iLGD-seed4.png",
  ]);
  expect(stderr).toContain("Method × Seed: 2 x 2");
  expect(stderr).toContain("4 pictures");
  expect(stdout).toContain("scene-grid.png");
  const read = readMetadata(readFileSync(join(out, "scene-None-seed4.png")));
  expect(read).toMatchObject({
    kind: "record",
    record: { seed: "4", scene: { settings: { guidance: { method: "none" } } } },
  });
  const sheet = decodePng(readFileSync(join(out, "scene-grid.png")));
  expect(readSheetRecords(sheetTextOf(sheet.texts)!).map(({ seed }) => seed)).toEqual(["3", "4", "3", "4"]);
});

test("alternatives of a prompt are rows, and cells that are the same picture are drawn once", async () => {
  const { code, files, calls } = await run(
    { rows: { prompts: true }, columns: { eta: [1, 2] }, seed: 9 },
    { args: ["--method", "none"] },
  );
  expect(code).toBe(0);
  expect(calls.scenes.map(({ prompt }) => prompt)).toEqual(["a red circle", "a blue circle"]);
  expect(files).toHaveLength(3);
  const sheet = decodePng(readFileSync(join(out, "scene-grid.png")));
  expect(readSheetRecords(sheetTextOf(sheet.texts)!).map(({ alternative }) => alternative)).toEqual([
    "red",
    "red",
    "blue",
    "blue",
  ]);
});

test("layouts are boxes, or the scenes of other files beside the grid's", async () => {
  writeFileSync(at("right.json"), JSON.stringify({ ...plain, boxes: [{ phrase: "circle", box: [0.5, 0, 0.5, 1] }] }));
  const inline = { name: "middle", boxes: [{ phrase: "red circle", box: [0.25, 0, 0.5, 1] }] };
  const { code, calls } = await run({ rows: { layouts: ["right.json", inline] } }, { of: plain });
  expect(code).toBe(0);
  expect(calls.scenes.map(({ regions }) => regions[0]!.box.x)).toEqual([0.5, 0.25]);
});

test("what one cell cannot be drawn with leaves the others, is said with its row, and makes the command fail", async () => {
  let pictures = 0;
  const beforeStep = ({ step }: { step: number }) => {
    if (step === 1 && ++pictures === 1) throw new AppError("out-of-memory", "no room for it", {});
  };
  const { code, files, stderr } = await run(
    { rows: { steps: [2, 3] }, columns: { seeds: "1" } },
    { of: plain, beforeStep },
  );
  expect(code).toBe(1);
  expect(stderr).toContain("warning: Steps 2, Seed 1: no room for it");
  expect(stderr).toContain("1 of 2 pictures could not be drawn (Steps 2, Seed 1: no room for it). The same command with --resume tries them alone."); // prettier-ignore
  expect(files).toEqual([".scene-grid.unfinished.json", "scene-Steps-3-seed1.png", "scene-grid.png"]);
  const again = await run({ rows: { steps: [2, 3] }, columns: { seeds: "1" } }, { of: plain, args: ["--resume"] });
  expect(again.code).toBe(0);
  expect(again.calls.scenes.map(({ settings }) => settings.steps)).toEqual([2]);
  expect(again.files).toEqual([
    "scene-Steps-2-seed1.png",
    "scene-Steps-3-seed1.png",
    "scene-grid-2.png",
    "scene-grid.png",
  ]);
});

test.each([
  [{ rows: { methods: ["none"] } }, [], "grid.json is wrong:\n  rows.methods: nothing of this name can vary"],
  [{ rows: { layouts: ["gone.json"] } }, [], "cannot read the layout"],
  [{ rows: { seeds: "1-2" } }, [], "the prompt has alternatives in { }"],
  [
    { rows: { seeds: "1-2" } },
    ["--seeds", "1", "--scout", "guided"],
    "--seeds: does not go with --grid: the grid's file says the seeds\n",
  ],
])("what is wrong is said before anything is drawn: %j %j", async (grid, args, message) => {
  const { code, stderr, calls } = await run(grid, { args });
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(calls.scenes).toEqual([]);
});
