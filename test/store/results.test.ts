/** Runs, results, pictures and the search over prompts. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { ResultQuery } from "../../src-main/api/store.ts";
import { metadataTexts, readMetadata } from "../../src-main/image/metadata.ts";
import { decodePng, encodePng } from "../../src-main/image/png.ts";
import { readChunks, writeChunks } from "../../src-main/image/pngChunks.ts";
import { importPicture } from "../../src-main/store/importPicture.ts";
import type { Results } from "../../src-main/store/results.ts";
import {
  newProject,
  reopened,
  sampleAttention,
  samplePixels,
  sampleRecord,
  sampleResult,
  sampleScene,
  temporaryFolder,
} from "../support/projects.ts";

/** The picture of a result, as a file of its own. */
function asFile(results: Results, id: number): string {
  const path = join(temporaryFolder(), "picture.png");
  writeFileSync(path, results.readPicture(id, "full"));
  return path;
}

const all: ResultQuery = { order: "newest", offset: 0, limit: 500 };

function withRun(prompt?: string) {
  const project = newProject();
  const scene = sampleScene(prompt);
  const run = project.results.beginRun(scene, "demo", 3);
  return { project, results: project.results, runId: run.id, run, scene };
}

test("a run goes from running to its outcome", () => {
  const { results, run } = withRun();
  expect(run).toMatchObject({ outcome: "running", asked: 3, finished: 0, prompt: "a cat on a mat", message: null });
  expect(results.endRun(run.id, "failed", "Memory ran out.")).toMatchObject({
    outcome: "failed",
    message: "Memory ran out.",
  });
  expect(results.readRun(run.id).scene).toEqual(sampleScene());
});

test("a result keeps its picture, its record and its 64-bit seed", () => {
  const { project, results, runId, scene } = withRun();
  const seed = "18446744073709551615";
  const { id } = results.addResult(sampleResult(runId, seed));
  const again = reopened(project).results;
  expect(again.readResult(id)).toMatchObject({
    runId,
    seed,
    width: 64,
    height: 48,
    starred: false,
    state: "kept",
    obedience: 0.5, // of 0.25 and 0.75
    record: sampleRecord(scene, seed),
  });
  const png = again.readPicture(id, "full");
  expect(decodePng(png).pixels).toEqual(samplePixels());
  expect(readMetadata(png)).toEqual({ kind: "record", record: sampleRecord(scene, seed) });
});

test("the record's scene is stored once per run, and a different one is kept", () => {
  const { results, runId } = withRun();
  const other = sampleScene("a dog on a rug");
  const { id } = results.addResult(sampleResult(runId, "5", other));
  expect(results.readResult(id).record.scene).toEqual(other);
});

test("a thumbnail is at most 256 pixels wide and high", () => {
  const { results, runId } = withRun();
  const { id } = results.addResult({ ...sampleResult(runId, "5"), pixels: samplePixels(9, 512, 320) });
  const { pixels } = decodePng(results.readPicture(id, "thumbnail"));
  expect([pixels.width, pixels.height]).toEqual([256, 160]);
  expect(pixels.data.slice(0, 4)).toEqual(Uint8Array.of(9, 9, 9, 255));
});

test("a result of a run that is not there changes nothing", () => {
  const { results } = withRun();
  expect(() => results.addResult(sampleResult(77, "5"))).toThrow(
    expect.objectContaining({ code: "not-found", details: { what: "run", id: "77" } }),
  );
  expect(results.listResults(all).total).toBe(0);
});

test("a record with a wrong field is refused, and nothing is written", () => {
  const { results, runId, scene } = withRun();
  const record = { ...sampleRecord(scene, "5"), seed: "-5" };
  expect(() => results.addResult({ ...sampleResult(runId, "5"), record })).toThrow(/seed/);
  expect(results.listResults(all).total).toBe(0);
});

test("stars, rejects and the bin can be set and taken back", () => {
  const { results, runId } = withRun();
  const [a, b, c] = ["1", "2", "3"].map((seed) => results.addResult(sampleResult(runId, seed)).id);
  expect(results.markResults([a!, b!], true, undefined)).toBe(2);
  expect(results.markResults([b!], undefined, "rejected")).toBe(1);
  expect(results.markResults([c!, 999], undefined, "binned")).toBe(1);
  const ids = (query: Partial<ResultQuery>) => results.listResults({ ...all, ...query }).results.map(({ id }) => id);
  expect(ids({})).toEqual([a]);
  expect(ids({ state: "rejected" })).toEqual([b]);
  expect(ids({ state: "rejected", starred: true })).toEqual([b]);
  expect(ids({ state: "binned", starred: true })).toEqual([]);
  results.markResults([b!, c!], false, "kept");
  expect(ids({ order: "oldest" })).toEqual([a, b, c]);
});

test("an emptied bin can be refilled until the project is closed; then it is gone, pictures too, and no more", () => {
  const { project, results, runId } = withRun();
  const [a, b, c] = ["1", "2", "3"].map((seed) => results.addResult(sampleResult(runId, seed)).id);
  const binned = () => results.listResults({ ...all, state: "binned", order: "oldest" }).results.map(({ id }) => id);
  results.markResults([a!, b!], undefined, "binned");
  expect(results.emptyBin()).toEqual([a, b]);
  expect(binned()).toEqual([]);
  expect(results.emptyBin()).toEqual([]);
  expect(project.info().results).toBe(1);
  results.refillBin([a!, b!]);
  expect(binned()).toEqual([a, b]);

  results.markResults([b!], undefined, "kept");
  results.emptyBin();
  const again = reopened(project);
  expect(() => again.results.readPicture(a!, "full")).toThrow(expect.objectContaining({ code: "not-found" }));
  expect(again.results.listResults({ ...all, order: "oldest" }).results.map(({ id }) => id)).toEqual([b, c]);
  expect(again.results.readRun(runId).finished).toBe(2);
  expect(again.verify()).toEqual([]);
});

test("the attention of a result is there again, to a 255th of its peak, and sums to 1", () => {
  const { project, results, runId, scene } = withRun();
  const { id } = results.addResult(sampleResult(runId, "5"));
  const kept = reopened(project).results.readAttention(id)!;
  expect([kept.width, kept.height, Object.keys(kept.regions)]).toEqual([4, 2, ["cat", "mat"]]);
  const maps = sampleAttention(scene).regions;
  for (const [region, map] of Object.entries(kept.regions)) {
    expect(map.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
    map.forEach((value, i) => expect(Math.abs(value - maps[region]![i]!)).toBeLessThan(1 / 255));
  }
});

test("a result without boxes, or from a file, has no attention, and a result that is not there is an error", () => {
  const { results, runId } = withRun();
  const { id } = results.addResult(sampleResult(runId, "5"));
  const plain = results.beginRun(sampleScene("fog", []), "demo", 1);
  const fog = results.addResult(sampleResult(plain.id, "5", sampleScene("fog", [])));
  const path = asFile(results, id);
  const other = newProject().results;
  expect(results.readAttention(fog.id)).toBeNull();
  expect(other.readAttention(importPicture(other, path).id)).toBeNull();
  expect(() => results.readAttention(999)).toThrow(expect.objectContaining({ code: "not-found" }));
});

test("a picture that cannot be kept leaves no run behind", () => {
  const { results, runId } = withRun();
  const { id } = results.addResult(sampleResult(runId, "7"));
  const path = asFile(results, id);
  results.markResults([id], undefined, "binned");
  results.emptyBin();
  vi.spyOn(results, "keep").mockImplementation(() => {
    throw new Error("the disk is full");
  });
  const runs = () => results.listRuns({ offset: 0, limit: 10 }).total;
  expect(() => importPicture(results, path)).toThrow("the disk is full");
  expect(runs()).toBe(1);
  vi.restoreAllMocks();
  importPicture(results, path);
  expect(runs()).toBe(2);
});

test("results are sorted by seed as numbers of 64 bits, and filtered by obedience and by the start of a seed", () => {
  const { results, runId } = withRun();
  const seeds = ["18446744073709551615", "9", "10", "18"];
  seeds.forEach((seed, i) => results.addResult(sampleResult(runId, seed, sampleScene(), [i / 10, i / 10])));
  const found = (query: Partial<ResultQuery>) =>
    results.listResults({ ...all, order: "seed", ...query }).results.map(({ seed }) => seed);
  expect(found({})).toEqual(["9", "10", "18", "18446744073709551615"]);
  expect(found({ text: " 18 " })).toEqual(["18", "18446744073709551615"]);
  expect(found({ leastObedience: 0.2 })).toEqual(["10", "18"]);
  expect(results.listResults({ ...all, leastObedience: 0.2, limit: 1 }).total).toBe(2);
});

test("results are listed by age and by obedience, page by page", () => {
  const { results, runId } = withRun();
  const scores = [0.1, 0.9, 0.5];
  scores.forEach((score, i) => results.addResult(sampleResult(runId, String(i), sampleScene(), [score, score])));
  const seeds = (query: Partial<ResultQuery>) =>
    results.listResults({ ...all, ...query }).results.map(({ seed }) => seed);
  expect(seeds({})).toEqual(["2", "1", "0"]);
  expect(seeds({ order: "obedience" })).toEqual(["1", "2", "0"]);
  expect(seeds({ order: "oldest", offset: 1, limit: 1 })).toEqual(["1"]);
  expect(results.listResults({ ...all, limit: 1 }).total).toBe(3);
});

test("a picture without boxes has no obedience", () => {
  const { results } = withRun();
  const scene = sampleScene("fog", []);
  const run = results.beginRun(scene, "demo", 1);
  expect(results.addResult(sampleResult(run.id, "5", scene)).obedience).toBeNull();
});

test("runs are found by their prompts, the best match first, with what was found marked", () => {
  const { results } = newProject();
  const begin = (prompt: string) => results.beginRun(sampleScene(prompt), "demo", 1).id;
  const far = begin(`${"a very long walk through the fields ".repeat(9)} with a red cat`);
  const near = begin("a cat");
  const other = begin("a dog");
  const found = (text: string) => results.listRuns({ text, offset: 0, limit: 9 });
  const { runs, total } = found("CA");
  expect([total, runs.map(({ id }) => id)]).toEqual([2, [near, far]]);
  expect(runs[0]!.found).toEqual({
    prompt: [
      { text: "a ", marked: false },
      { text: "cat", marked: true },
    ],
    negativePrompt: null,
  });
  const long = runs[1]!.found!.prompt.map(({ text }) => text).join("");
  expect(long).toMatch(/^….*red cat$/);
  expect(runs[1]!.prompt).toMatch(/^a very long walk/);
  expect(found("dog blur").runs).toMatchObject([
    { id: other, found: { negativePrompt: [{ text: "blurry", marked: true }] } },
  ]);
  expect(found('"-* ').total).toBe(3);
  expect(found("horse").total).toBe(0);
  expect(results.readRun(near).before).toBe(far);
  expect(results.readRun(far).before).toBeNull();
});

test("the search finds words and their beginnings in prompts, without accents or case", () => {
  const { project, results, runId } = withRun("a Café at night");
  results.addResult(sampleResult(runId, "1"));
  const other = results.beginRun(sampleScene("a bear by a river"), "demo", 1);
  results.addResult(sampleResult(other.id, "2"));
  const found = (text: string) => results.listResults({ ...all, text }).results.map(({ seed }) => seed);
  expect(found("cafe")).toEqual(["1"]);
  expect(found("NIG caf")).toEqual(["1"]);
  expect(found("bear night")).toEqual([]);
  expect(found("blurry")).toEqual(["2", "1"]); // the negative prompt of both
  expect(found("  ")).toEqual(["2", "1"]);
  for (const operator of ['"', "NEAR(", "a AND", "prompt:", "*", "cat' OR 1=1 --", "-bear"])
    expect(() => found(operator)).not.toThrow();
  expect(project.verify()).toEqual([]);
});

test("a kept picture is a PNG that carries its settings", () => {
  const { results, runId, scene } = withRun();
  const { id } = results.addResult(sampleResult(runId, "5"));
  const png = readFileSync(asFile(results, id));
  expect(readMetadata(png)).toMatchObject({ kind: "record", record: sampleRecord(scene, "5") });
});

test("an exported picture comes back as a run of its own", () => {
  const { results, runId, scene } = withRun();
  const { id } = results.addResult(sampleResult(runId, "5"));
  const path = asFile(results, id);
  const other = newProject().results;
  const imported = importPicture(other, path);
  expect(imported.known).toBe(false);
  expect(imported).toMatchObject({ seed: "5", width: 64, height: 48, obedience: 0.5 });
  expect(other.readRun(imported.runId)).toMatchObject({ outcome: "done", model: "demo", scene });
});

test("a picture without our settings, or no picture, is refused and makes no run", () => {
  const { results } = withRun();
  const folder = temporaryFolder();
  writeFileSync(join(folder, "plain.png"), encodePng(samplePixels()));
  writeFileSync(join(folder, "text.png"), "hello");
  // A few bytes that promise 8000 x 8000 pixels.
  const small = encodePng(samplePixels(), metadataTexts(sampleRecord(sampleScene(), "5")));
  const [header, ...rest] = readChunks(small);
  const data = Buffer.from(header!.data);
  data.writeUInt32BE(8_000, 0);
  data.writeUInt32BE(8_000, 4);
  writeFileSync(join(folder, "bomb.png"), writeChunks([{ ...header!, data }, ...rest]));
  const before = results.listRuns({ offset: 0, limit: 9 }).total;
  expect(() => importPicture(results, join(folder, "plain.png"))).toThrow(/carries no settings of Diorama/);
  expect(() => importPicture(results, join(folder, "text.png"))).toThrow(
    expect.objectContaining({ code: "image-invalid" }),
  );
  expect(() => importPicture(results, join(folder, "bomb.png"))).toThrow(
    /has 8000 x 8000 pixels. Diorama's pictures have at most 4096 a side/,
  );
  expect(() => importPicture(results, join(folder, "gone.png"))).toThrow(
    expect.objectContaining({ code: "file-unreadable" }),
  );
  expect(results.listRuns({ offset: 0, limit: 9 }).total).toBe(before);
});
