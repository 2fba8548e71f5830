/** The evaluation with real models: its 200 scenes of COCO's things, detectors as ONNX exports, and a run from pictures to the table. */
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, StringStringEntryProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { toOnnx } from "../../src-main/graph/onnx/onnx.ts";
import { fakeTerminal } from "../cli/fakes.ts";
import { temporaryFolder } from "../support/projects.ts";
import { evaluate } from "../../tools/evaluate/evaluate.ts";
import { iou } from "../../tools/evaluate/scene.ts";
import { Detector, readOutput } from "../../tools/evaluate/photos/detector.ts";
import {
  makePhotoScenes,
  PHOTO_SCENES_FILE,
  photoScenesText,
  type PhotoScene,
} from "../../tools/evaluate/photos/makeScenes.ts";
import { photoResult, type Photo } from "../../tools/evaluate/photos/results.ts";
import { COCO_LABELS } from "../../tools/evaluate/photos/things.ts";

describe("the scenes", () => {
  const scenes = makePhotoScenes();

  test("in the repository are those that the script makes", () => {
    expect(readFileSync(PHOTO_SCENES_FILE, "utf8")).toBe(photoScenesText(scenes));
  });

  test("are 200 with one to four things of COCO, whose names stand in the prompt once and whole", () => {
    expect(scenes).toHaveLength(200);
    for (const { prompt, things } of scenes) {
      for (const { label, box } of things) {
        expect(COCO_LABELS).toContain(label);
        expect(prompt.match(new RegExp(`\\b${label}\\b`, "g"))).toHaveLength(1);
        expect(prompt.slice(prompt.indexOf(label)).startsWith(label)).toBe(true);
        expect(prompt.indexOf(label)).toBe(prompt.search(new RegExp(`\\b${label}\\b`)));
        expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
        expect(Math.max(box.x + box.width, box.y + box.height)).toBeLessThanOrEqual(1);
      }
    }
    const meet = scenes.filter(({ things }) => things.some((a, i) => things.slice(i + 1).some((b) => iou(a.box, b.box) > 0))); // prettier-ignore
    expect(meet.length).toBeGreaterThan(30);
    expect(new Set(scenes.flatMap(({ things }) => things.map(({ label }) => label))).size).toBeGreaterThan(35);
  });
});

describe("a detector", () => {
  test("is read in three forms of output", () => {
    // Two things: at (10, 20) of 4 x 6 of class 1, and one that is too unsure.
    const box = [10, 20, 4, 6];
    const found = [{ corners: [8, 17, 12, 23], label: 1, confidence: expect.closeTo(0.72, 5) as number }];
    const columns = [box[0], 1, box[1], 1, box[2], 1, box[3], 1, 0.1, 0.01, 0.72, 0.02, 0, 0];
    expect(readOutput(Float32Array.from(columns as number[]), [1, 7, 2], 3)).toEqual(found);
    const rows = [...box, 0.9, 0.1, 0.8, 0, 1, 1, 1, 1, 0.01, 0.9, 0.9, 0.9];
    expect(readOutput(Float32Array.from(rows), [1, 2, 8], 3)).toEqual(found);
    const ready = [8, 17, 12, 23, 0.72, 1, 0, 0, 1, 1, 0.001, 0];
    expect(readOutput(Float32Array.from(ready), [1, 2, 6], 3)).toEqual(found);
    expect(() => readOutput(Float32Array.from(ready), [1, 3, 4], 3)).toThrow(/of no known form for 3 labels/);
  });

  test("is opened with its own labels, and finds a thing where it is in a picture that is no square", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "yolo.onnx");
    // In the 64 x 64 that it sees, a picture of 64 x 32 lies from row 16 to 48; the box is its left half, found twice.
    const half = [0, 16, 32, 48];
    writeFileSync(
      file,
      constantDetector(
        [...half, 0.9, 1, ...half.map((v) => v + 1), 0.8, 1],
        [1, 2, 6],
        "{0: 'cat', 1: 'big dog', 2: 'car'}",
      ),
    );
    const detector = await Detector.open(file);
    expect(detector.labels).toEqual(["cat", "big dog", "car"]);
    const pixels = { width: 64, height: 32, data: new Uint8Array(64 * 32 * 4).fill(255) };
    expect(await detector.detect(pixels)).toEqual([
      { label: "big dog", box: { x: 0, y: 0, width: 0.5, height: 1 }, confidence: expect.closeTo(0.9, 5) as number },
    ]);
    await detector.close();
    writeFileSync(join(folder, "broken.onnx"), "no model");
    await expect(Detector.open(join(folder, "broken.onnx"))).rejects.toThrow(
      /broken\.onnx cannot be used as a detector/,
    );
    await expect(Detector.open(join(folder, "none.onnx"))).rejects.toThrow(/none\.onnx cannot be read/);
  });
});

test("precision counts things in their boxes; other classes than those asked for count neither way", () => {
  const dog = { label: "dog", box: { x: 0, y: 0, width: 0.5, height: 0.5 } };
  const scene: PhotoScene = { id: "1", prompt: "a photo of a dog", things: [dog] };
  const photo = (...detections: NonNullable<Photo["detections"]>): Photo => ({
    scene,
    seconds: 1,
    contrast: 0,
    saturation: 0,
    detections,
  });
  const away = { ...dog, box: { ...dog.box, x: 0.5 } };
  const right = photo({ ...dog, confidence: 0.9 }, { label: "person", box: dog.box, confidence: 1 });
  const wrong = photo({ ...away, confidence: 0.5 });
  expect(photoResult("a", [right]).ap!.value).toBe(1);
  expect(photoResult("a", [right, wrong]).ap!.value).toBe(0.5);
  expect(photoResult("a", [right, wrong])).toMatchObject({ found: { value: 1 }, iou: { value: 0.5 } });
  expect(photoResult("a", [photo({ ...dog, confidence: 0.1 })])).toMatchObject({ found: { value: 0 } });
});

test(
  "a run draws, asks CLIP and the detector, writes a table, and computes nothing twice",
  { timeout: 240_000 },
  async () => {
    const folder = temporaryFolder();
    const clip = join(folder, "clip");
    cpSync("test/goldens/clip/tiny-clip", clip, { recursive: true });
    cpSync("test/goldens/tiny-sd/tokenizer", clip, { recursive: true });
    writeFileSync(join(folder, "yolo.onnx"), constantDetector([0, 0, 64, 64, 0.9, 18], [1, 1, 6]));
    const run = async (...more: string[]) => {
      const { terminal, written } = fakeTerminal();
      const argv = ["--set", "photos", "--scenes", "2", "--methods", "none", "--steps", "2", "--workers", "1", "--out", "out", "--clip", "clip", "--detector", "yolo.onnx"]; // prettier-ignore
      return { code: await evaluate([...argv, ...more], { ...terminal, cwd: folder }), ...written };
    };
    const first = await run();
    expect(first.stderr).toContain("2 pictures to draw, 0 are there");
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/\| method \| pictures \| AP@0\.5 .*T2I-Sim.*CLIP-IQA/);
    expect(first.stdout).toMatch(/\| none \| 2 \|/);
    const { results } = JSON.parse(readFileSync(join(folder, "out", "photos.json"), "utf8")) as { results: unknown[] };
    expect(results).toMatchObject([{ name: "none", pictures: 2, similarity: { value: expect.any(Number) as number } }]);
    expect(existsSync(join(folder, "out", "clip.jsonl"))).toBe(true);
    const again = await run();
    expect(again.stderr).toContain("0 pictures to draw, 2 are there");
    expect(
      readFileSync(join(folder, "out", "clip.jsonl"), "utf8")
        .trim()
        .split("\n"),
    ).toHaveLength(2);
    expect(
      readFileSync(join(folder, "out", "detections.jsonl"), "utf8")
        .trim()
        .split("\n"),
    ).toHaveLength(2);
  },
);

/** A model [1, 3, 64, 64] to [1, a, b] that says the same of every picture. */
function constantDetector(output: readonly number[], dims: readonly number[], names?: string): Uint8Array {
  const g = new GraphBuilder();
  const nothing = g.mul(g.max(g.input("images", "float32", [1, 3, 64, 64]), [0, 1, 2, 3], false), 0);
  const { bytes } = toOnnx(g.finish({ output0: g.add(g.constant(output, "float32", dims), nothing) }));
  if (names === undefined) return bytes;
  const model = fromBinary(ModelProtoSchema, bytes);
  model.metadataProps.push(create(StringStringEntryProtoSchema, { key: "names", value: names }));
  return toBinary(ModelProtoSchema, model);
}
