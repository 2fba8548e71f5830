/** Pictures that go on from a picture, from the command line: with the demo model, and what is wrong with options. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Pixels } from "../../src-main/api/engine.ts";
import { render } from "../../src-main/cli/render.ts";
import { pixelHash } from "../../src-main/image/pixelHash.ts";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { decodePng, encodePng } from "../../src-main/image/png.ts";
import { fakeEngine, fakeTerminal } from "./fakes.ts";

vi.setConfig({ testTimeout: 120_000 });
const scene = {
  prompt: "a red circle and a blue square on a white background",
  boxes: [
    { name: "circle", phrase: "red circle", box: [0, 0.25, 0.375, 0.5] },
    { name: "square", phrase: "blue square", box: [0.5, 0.25, 0.5, 0.5], shape: "ellipse" },
  ],
  steps: 6,
  width: 64,
  height: 64,
};
let folder: string;
let scenePath: string;
let picture: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "diorama-starts-"));
  scenePath = join(folder, "icons.json");
  writeFileSync(scenePath, JSON.stringify(scene));
  picture = join(folder, "picture.png");
  writeFileSync(picture, encodePng(gray(64)));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const gray = (side: number): Pixels => ({
  width: side,
  height: side,
  data: Uint8Array.from({ length: 4 * side * side }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256)),
});

async function run(args: string[], real = false) {
  const { engine, calls } = fakeEngine({});
  const { terminal, written } = fakeTerminal({});
  const argv = [scenePath, "--out", join(folder, "out"), ...args];
  const code = await (real ? render(argv, terminal) : render(argv, terminal, () => Promise.resolve(engine)));
  return { code, calls, ...written };
}
const drawn = () => readdirSync(join(folder, "out")).sort();
const read = (name: string) => decodePng(readFileSync(join(folder, "out", name))).pixels;

test("redraws a box of a picture, whose other pixels stay, and enlarges what it has drawn", async () => {
  expect((await run(["--seeds", "3"], true)).code).toBe(0);
  const [first] = drawn();
  const path = join(folder, "out", first!);
  const more = [
    "--init",
    path,
    "--redraw",
    "box:circle",
    "--strength",
    "1",
    "--feather",
    "4",
    "--seeds",
    "4",
    "--out",
    join(folder, "new"),
  ];
  const { terminal } = fakeTerminal({});
  expect(await render([scenePath, ...more], terminal)).toBe(0);
  const [name] = readdirSync(join(folder, "new"));
  const png = readFileSync(join(folder, "new", name!));
  const [before, after] = [read(first!), decodePng(png).pixels];
  const kept = Array.from({ length: 64 * 64 }, (_, p) => p).filter((p) => p % 64 > 23 + 4);
  const at = ({ data }: Pixels) => kept.map((p) => data.slice(4 * p, 4 * p + 4).join());
  expect(at(after)).toEqual(at(before));
  expect(Buffer.compare(after.data, before.data)).not.toBe(0);
  expect(readMetadata(png)).toMatchObject({
    record: {
      scene: {
        start: {
          hash: pixelHash(before),
          strength: 1,
          redraw: { feather: 4, areas: [{ box: { x: 0, y: 0.25, width: 0.375, height: 0.5 } }] },
        },
      },
      start: { width: 64, height: 64 },
    },
  });
});

test("draws, and draws each picture again twice as large", async () => {
  const { code } = await run(["--seeds", "3", "--enlarge", "2"], true);
  expect(code).toBe(0);
  expect(drawn()).toEqual(["icons-seed3-ilgd-x2.png", "icons-seed3-ilgd.png"]);
  expect([read("icons-seed3-ilgd-x2.png").width, read("icons-seed3-ilgd.png").width]).toEqual([128, 64]);
  const large = readMetadata(readFileSync(join(folder, "out", "icons-seed3-ilgd-x2.png")));
  // What needs a gradient is left to injection; the layout is there.
  expect(large).toMatchObject({
    record: {
      scene: {
        settings: { width: 128, guidance: { method: "injection" } },
        start: { strength: 0.35, hash: pixelHash(read("icons-seed3-ilgd.png")) },
      },
      start: { width: 64, height: 64 },
    },
  });
  const text = readFileSync(join(folder, "out", "icons-seed3-ilgd-x2.png")).toString("latin1");
  expect(text).toMatch(/Size: 64x64, .*Denoising strength: 0\.35, Hires upscale: 2, Hires upscaler: Lanczos/);
});

describe("asks the engine", () => {
  const scenesOf = async (args: string[]) => (await run(args)).calls.scenes;

  test("for areas in fractions, for a box's shape, and for variations", async () => {
    const [one] = await scenesOf(["--init", picture, "--redraw", "box:square", "--redraw", "0,0,0.5,0.25"]);
    expect(one!.start).toMatchObject({
      strength: 0.6,
      redraw: {
        feather: 16,
        areas: [{ box: { x: 0.5 }, shape: { kind: "ellipse" } }, { box: { x: 0, y: 0, width: 0.5, height: 0.25 } }],
      },
    });
    const [varied] = await scenesOf(["--variation", "18446744073709551615:0.2"]);
    expect(varied!.settings).toMatchObject({ variationOf: "18446744073709551615", variationStrength: 0.2 });
  });

  test("for the start of a scene file, seen from its folder", async () => {
    writeFileSync(scenePath, JSON.stringify({ ...scene, start: { path: "picture.png", strength: 0.4 } }));
    const [one] = await scenesOf([]);
    expect(one!.start).toEqual({ path: picture, hash: pixelHash(gray(64)), strength: 0.4 });
  });

  test("for an enlarged picture of a file, softer as a latent", async () => {
    const [one] = await scenesOf(["--init", picture, "--enlarge", "1.5", "--upscale", "latent", "--strength", "0.5"]);
    expect(one).toMatchObject({ settings: { width: 96, height: 96 }, start: { by: "latent", strength: 0.5 } });
  });
});

test("a picture of another size is told of", async () => {
  writeFileSync(picture, encodePng(gray(32)));
  const { stderr } = await run(["--init", picture]);
  expect(stderr).toContain("picture.png is 32 x 32 and is brought to 64 x 64; --size 32x32 keeps it as it is");
});

test.each([
  [["--redraw", "box:circle"], "--redraw: needs a picture to draw it in: --init picture.png"],
  [
    ["--init", "PICTURE", "--redraw", "box:cirle"],
    `the scene has no box "cirle"; did you mean "circle"?; it has circle, square`,
  ],
  [["--init", "PICTURE", "--redraw", "0,0,2,1"], "--redraw[2]: expected width from 0 to 1, got 2"],
  [["--init", "PICTURE", "--redraw", "all"], `expected box:NAME of a box, or x,y,width,height in fractions`],
  [["--strength", "0.5"], "--strength: needs a picture to go on from: --init picture.png"],
  [["--init", "PICTURE", "--strength", "0"], "--strength: expected a number from 0.01 to 1, got 0"],
  [["--enlarge", "8"], "--enlarge: expected a number from 1.5 to 4, got 8"],
  [["--init", "nowhere.png"], "nowhere.png: there is no such file"],
  [["--init", "SCENE"], "it is no PNG, JPEG or WebP picture"],
  [["--variation", "5"], `--variation: expected SEED:N such as 1234:0.2, got "5"`],
  [["--feather", "3"], "--feather: needs --redraw"],
])("%j is explained", async (args, message) => {
  const given = args.map((arg) => (arg === "PICTURE" ? picture : arg === "SCENE" ? scenePath : arg));
  const { code, stderr } = await run(given);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
});

test("a picture that is another one than the scene means is refused", async () => {
  writeFileSync(scenePath, JSON.stringify({ ...scene, start: { path: "picture.png", hash: "a".repeat(64) } }));
  expect((await run([])).stderr).toContain("is another picture than the one that start.hash means");
  writeFileSync(scenePath, JSON.stringify({ ...scene, start: { hash: "a".repeat(64) } }));
  expect((await run([])).stderr).toContain("start.hash: only a project finds a picture by its hash; name its file");
});
