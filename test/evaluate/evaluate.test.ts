/** The command as people use it: its options, its file of verdicts, and a small run that goes on where it was left. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Terminal } from "../../src-main/cli/terminal.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { evaluate } from "../../tools/evaluate/evaluate.ts";
import { ICONS } from "../../tools/evaluate/icons.ts";
import { makeScenes, SCENES_FILE, scenesText } from "../../tools/evaluate/makeScenes.ts";
import { readEvaluateOptions } from "../../tools/evaluate/options.ts";
import { plotSvg } from "../../tools/evaluate/plot.ts";
import { variantResult } from "../../tools/evaluate/results.ts";
import { captionOf, iou } from "../../tools/evaluate/scene.ts";
import { methodVariant, noiseSeed, sweepVariant } from "../../tools/evaluate/variants.ts";
import { planJobs } from "../../tools/evaluate/jobs.ts";
import { KeyedLog } from "../../tools/evaluate/keyedLog.ts";
import { isVerdict, keyOf, type Entry } from "../../tools/evaluate/verdictLog.ts";

const folder = mkdtempSync(join(tmpdir(), "diorama-evaluate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function terminal() {
  const said = { out: "", err: "" };
  const fake: Terminal = {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env: {},
    cwd: folder,
    now: () => performance.now(),
    onInterrupt: () => () => undefined,
    exitNow: () => undefined,
  };
  return { fake, said };
}

describe("the scenes", () => {
  const scenes = makeScenes();

  test("in the repository are those that the script makes", () => {
    expect(readFileSync(SCENES_FILE, "utf8")).toBe(scenesText(scenes));
  });

  test("are 200 with one to four things of different colours in the picture, every icon often, some overlapping", () => {
    expect(scenes).toHaveLength(200);
    expect(new Set(scenes.map(({ id }) => id)).size).toBe(200);
    const things = scenes.flatMap((scene) => scene.things);
    for (const icon of ICONS) expect(things.filter((thing) => thing.icon === icon).length).toBeGreaterThan(40);
    for (const { things } of scenes) expect(new Set(things.map(({ colour }) => colour)).size).toBe(things.length);
    for (const { box } of things) {
      expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
      expect(Math.max(box.x + box.width, box.y + box.height)).toBeLessThanOrEqual(1);
    }
    const meet = scenes.filter(({ things }) => things.some((a, i) => things.slice(i + 1).some((b) => iou(a.box, b.box) > 0))); // prettier-ignore
    expect(meet.length).toBeGreaterThan(30);
  });

  test("become captions whose phrases are tied to the boxes", () => {
    const scene = scenes[3]!;
    const [job] = planJobs([scene], [methodVariant("ilgd", DEFAULT_SETTINGS, 2)], ["2"], "hash");
    const { prompt, regions } = job!.request.scene;
    expect(prompt).toBe(captionOf(scene));
    expect(regions.map(({ spans: [span] }) => prompt.slice(span!.start, span!.end))).toEqual(
      scene.things.map(({ colour, icon }) => `${colour} ${icon}`),
    );
    expect(noiseSeed(scene.id, "2")).toBe("200004");
  });
});

describe("options", () => {
  const read = (...argv: string[]) => readEvaluateOptions(argv, "/home/me");

  test("have defaults", () => {
    expect(read()).toMatchObject({ scenes: 200, seeds: ["1"], workers: 2, provider: "cpu", resume: true });
    expect(read("--help")).toBe("help");
  });

  test.each([
    [["--methods", "none,ilgdd"], /no "ilgdd".*ilgd/s],
    [["--scenes", "201"], /from 1 to 200/],
    [["--nu", "0.5,x"], /such as 0,0.5,1, got "x"/],
    [["--seeds", "3-x"], /is not a seed/],
    [["--provider", "cuba"], /cuda/],
    [["--sceens", "3"], /--scenes/],
    [["--grid", "--nu", "1"], /needs both/],
    [["out"], /nothing is expected/],
  ])("%j are refused with what was meant", (argv, message) => {
    expect(() => read(...argv)).toThrow(message);
  });
});

test("variants change one thing each, and every change changes the key", () => {
  const scene = makeScenes()[0]!;
  const variants = [
    methodVariant("none", DEFAULT_SETTINGS, 8),
    methodVariant("loss", DEFAULT_SETTINGS, 8),
    methodVariant("strong-loss", DEFAULT_SETTINGS, 8),
    sweepVariant({ eta: 0.5 }, DEFAULT_SETTINGS),
    sweepVariant({ nu: 0.5 }, DEFAULT_SETTINGS),
  ];
  expect(variants[2]!.settings.guidance).toEqual({ ...DEFAULT_SETTINGS.guidance, method: "loss", eta: 8 * 0.48 });
  const keys = variants.map(({ settings }) => keyOf(scene, settings, "1", "model"));
  keys.push(keyOf(scene, variants[0]!.settings, "2", "model"), keyOf(scene, variants[0]!.settings, "1", "other"));
  expect(new Set(keys).size).toBe(7);
});

test("what a method leaves out is no part of its key", () => {
  const scene = makeScenes()[0]!;
  const { guidance } = DEFAULT_SETTINGS;
  const stronger = { ...DEFAULT_SETTINGS, guidance: { ...guidance, eta: guidance.eta * 2 } };
  const key = (name: "none" | "injection" | "loss" | "ilgd", settings: typeof DEFAULT_SETTINGS) =>
    keyOf(scene, methodVariant(name, settings, 8).settings, "1", "model");
  for (const name of ["none", "injection"] as const) expect(key(name, stronger)).toBe(key(name, DEFAULT_SETTINGS));
  for (const name of ["loss", "ilgd"] as const) expect(key(name, stronger)).not.toBe(key(name, DEFAULT_SETTINGS));
});

test("the file of verdicts forgets a half-written line and refuses what is none", async () => {
  const file = join(folder, "verdicts.jsonl");
  const entry: Entry = {
    ...{ key: "k", scene: "001", variant: "none", seed: "1", seconds: 1, width: 64, height: 64 },
    ...{ background: "white", detections: [], contrast: 0, saturation: 0, features: [] },
  };
  const log = await KeyedLog.open(file, "verdict", isVerdict);
  await log.add(entry);
  await log.close();
  appendFileSync(file, '{"key":"half');
  const again = await KeyedLog.open(file, "verdict", isVerdict);
  expect([...again.entries.values()]).toEqual([entry]);
  await again.add({ ...entry, key: "k2" });
  await again.close();
  const third = await KeyedLog.open(file, "verdict", isVerdict);
  expect([...third.entries.keys()]).toEqual(["k", "k2"]);
  await third.close();
  writeFileSync(file, "{}\n");
  await expect(KeyedLog.open(file, "verdict", isVerdict)).rejects.toThrow("verdicts.jsonl:1 is no verdict");
});

test("one picture paler and one stronger than plain ones have no change in the mean, but a shift", () => {
  const scene = makeScenes()[0]!;
  const pictureOf = (id: string, contrast: number) => ({
    ...{ scene: { ...scene, id }, background: scene.background, detections: [], saturation: 0.2, features: [] },
    contrast,
  });
  const plain = [pictureOf("001", 0.2), pictureOf("002", 0.2)];
  const result = variantResult("loss", [pictureOf("001", 0.1), pictureOf("002", 0.3)], [], plain);
  expect(result.contrastChange!.value).toBeCloseTo(0);
  expect(result.contrastShift!.value).toBeCloseTo(0.1);
  expect(result.saturationShift!.value).toBe(0);
  expect(variantResult("loss", plain, []).contrastShift).toBeUndefined();
});

test("a plot names its axes and keeps its text text", () => {
  const y = { value: 0.5, low: 0.4, high: 0.6 };
  const svg = plotSvg({ title: "a < b", x: "eta", y: "share", lines: [{ name: "ilgd", points: [{ x: 0, y }, { x: 1, y }] }] }); // prettier-ignore
  for (const text of ["a &lt; b", ">eta<", ">share<", ">ilgd<"]) expect(svg).toContain(text);
});

test("a run is judged, reported and not drawn again", { timeout: 600_000 }, async () => {
  const argv = ["--scenes", "2", "--methods", "none,ilgd", "--steps", "4", "--out", "run", "--workers", "1"];
  const first = terminal();
  expect([await evaluate(argv, first.fake), first.said.err]).toEqual([
    0,
    expect.stringContaining("4 pictures to draw"),
  ]);
  const run = join(folder, "run");
  const verdicts = readFileSync(join(run, "verdicts.jsonl"), "utf8").trim().split("\n");
  expect(verdicts.map((line) => (JSON.parse(line) as Entry).variant)).toEqual(["none", "ilgd", "none", "ilgd"]);
  expect(readFileSync(join(run, "results.md"), "utf8")).toContain("| ilgd | 2 |");
  const { results } = JSON.parse(readFileSync(join(run, "results.json"), "utf8")) as {
    results: { name: string; ap: { value: number } }[];
  };
  expect(results.map(({ name }) => name)).toEqual(["truth", "chance", "none", "ilgd"]);
  expect(results[0]!.ap.value).toBe(1);
  expect(decodePng(readFileSync(join(run, "sheet.png"))).pixels.width).toBeGreaterThan(400);

  const second = terminal();
  expect(await evaluate(argv, second.fake)).toBe(0);
  expect(second.said.err).toContain("0 pictures to draw, 4 are there");
  expect(second.said.out).toBe(first.said.out);

  const third = terminal();
  expect(await evaluate([...argv, "--no-resume"], third.fake)).toBe(2);
  expect(third.said.err).toContain("is there already");
});
