import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { RunRecord } from "../../src-main/api/engine.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { parseScene } from "../../src-main/scene/parser.ts";
import { readInfotext, writeInfotext } from "../../src-main/image/infotext.ts";
import { sceneFromInfotext } from "../../src-main/image/infotextScene.ts";
import { metadataTexts, parseRecord, readMetadata } from "../../src-main/image/metadata.ts";
import { encodePng } from "../../src-main/image/png.ts";

const dot = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3, 255) };
const scene = parseScene(
  {
    prompt: 'a red cat, "Mimi", and\na blue dog: façade 🐈',
    negativePrompt: "blur, noise",
    boxes: [
      { phrase: "red cat", box: [0.125, 0.25, 0.5, 0.5], strength: 1.5, name: "Mimi, left" },
      { phrase: ["blue", "dog"], box: [0.5, 0, 0.5, 1] },
    ],
    scheduler: "dpmpp-2m",
    karras: true,
    guidanceScale: 6.5,
    steps: 30,
  },
  DEFAULT_SETTINGS,
);
const record: RunRecord = {
  version: 1,
  scene,
  seed: "18446744073709551615",
  model: { name: "model, the: second", hash: "sampled-sha256:01ab", sha256: "0123456789abcdef".repeat(4) },
  engine: {
    app: "Diorama 0.1.0",
    onnxruntime: "1.30.0",
    provider: "cpu",
    precision: "float32",
    noise: "torch-cpu",
    rows: 2,
  },
  tokens: { "Mimi, left": [2, 3], "box-2": [9, 10] },
  obedience: { "Mimi, left": 0.7, "box-2": 0.25 },
};
/** The record as JSON, to be damaged. */
const plain = () => JSON.parse(JSON.stringify(record)) as Record<string, never>;

function problem(value: unknown): string {
  try {
    parseRecord(value);
  } catch (error) {
    if (error instanceof AppError && error.code === "image-invalid") return error.message;
    throw error;
  }
  return "accepted";
}

describe("settings in a picture", () => {
  test("come back exactly, 64-bit seed included", () => {
    expect(readMetadata(encodePng(dot, metadataTexts(record)))).toEqual({ kind: "record", record });
  });

  test("are ASCII in our own chunk, whatever the prompt says", () => {
    const own = metadataTexts(record).find(({ keyword }) => keyword === "diorama")!;
    expect(own.text).toMatch(/^[\x20-\x7e]*$/);
    expect(own.text).toContain(String.raw`fa\u00e7ade \ud83d\udc08`);
  });

  test("of another program come back as its texts, and a bare picture says nothing", () => {
    const texts = [{ keyword: "parameters", text: "a cat\nSteps: 3, Seed: 4, Size: 8x8" }];
    expect(readMetadata(encodePng(dot, texts))).toEqual({ kind: "foreign", texts });
    expect(readMetadata(encodePng(dot))).toEqual({ kind: "nothing" });
  });

  test.each<[string, (r: Record<string, never>) => unknown, RegExp]>([
    ["a missing field", (r) => ({ ...r, seed: undefined }), /damaged: seed: /],
    ["a seed as number", (r) => ({ ...r, seed: 7 }), /damaged: seed: /],
    ["a seed too large", (r) => ({ ...r, seed: "18446744073709551616" }), /damaged: seed: expected a decimal number/],
    ["an unknown field", (r) => ({ ...r, extra: 1 }), /damaged: extra: /],
    [
      "a wrong setting",
      (r) => ({ ...r, scene: { ...scene, settings: { ...scene.settings, steps: 0 } } }),
      /damaged: scene\.settings\.steps: /,
    ],
    [
      "a hash of other letters",
      (r) => ({ ...r, model: { name: "m", hash: "", sha256: "sampled-sha256:01ab" } }),
      /damaged: model\.sha256: expected 64/,
    ],
    ["a huge text", (r) => ({ ...r, model: { name: "x".repeat(5000), hash: "" } }), /damaged: model\.name: /],
    ["tokens of no box", (r) => ({ ...r, tokens: { stranger: [1] } }), /damaged: tokens: there is no box "stranger"/],
    ["obedience above 1", (r) => ({ ...r, obedience: { "box-2": 3 } }), /damaged: obedience\.box-2: /],
    ["a newer version", (r) => ({ ...r, version: 2 }), /version 2 is newer than this program/],
    ["a list", () => [], /damaged: /],
    ["nothing", () => null, /damaged: /],
  ])("are refused with the path: %s", (_what, damage, message) => {
    expect(problem(damage(plain()))).toMatch(message);
  });

  test("never bring a prototype along", () => {
    const text = JSON.stringify(record).replace('"obedience":{', '"obedience":{"__proto__":{"polluted":1},');
    expect(problem(JSON.parse(text))).toMatch(/damaged: obedience\.__proto__: this name is not allowed/);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("that are any JSON at all are a record or an AppError", () => {
    const anything = fc.oneof(fc.jsonValue(), fc.record({ version: fc.constant(1), scene: fc.jsonValue() }));
    fc.assert(
      fc.property(anything, (value) => {
        expect(problem(value)).toMatch(/^the settings in the picture are damaged: ./);
      }),
    );
  });

  test("that are no JSON, or too long, are refused as damaged", () => {
    const read = (text: string) => {
      try {
        readMetadata(encodePng(dot, [{ keyword: "diorama", text }]));
      } catch (error) {
        return (error as AppError).code;
      }
      return "accepted";
    };
    expect(read("{")).toBe("image-invalid");
    expect(read(`"${"x".repeat(12 * 2 ** 20)}"`)).toBe("image-invalid");
  });
});

describe("infotext", () => {
  const text = writeInfotext(record);

  test("is what other tools expect: prompt, negative line, pairs on the last line", () => {
    expect(text.replace(/Diorama layout: "(?:\\.|[^\\"])*"/, "Diorama layout: …")).toMatchInlineSnapshot(`
      "a red cat, "Mimi", and
      a blue dog: façade 🐈
      Negative prompt: blur, noise
      Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 18446744073709551615, Size: 512x512, Model hash: 0123456789, Model: "model, the: second", RNG: CPU, Diorama layout: …, Diorama Model hash: "sampled-sha256:01ab", Version: Diorama 0.1.0"
    `);
  });

  test("is read by the web UI's rule for pairs", () => {
    // Their rule: a key of two or more word characters, a colon, then a quoted run or all up to a comma.
    const theirs = /([A-Za-z0-9_][A-Za-z0-9_ /-]+): *("(?:[^"\\]|\\.)+"|[^,]*)(?:, *|$)/g;
    const keys = [...text.split("\n").at(-1)!.matchAll(theirs)].map((match) => match[1]);
    expect(keys).toEqual([
      "Steps",
      "Sampler",
      "Schedule type",
      "CFG scale",
      "Seed",
      "Size",
      "Model hash",
      "Model",
      "RNG",
      "Diorama layout",
      "Diorama Model hash",
      "Version",
    ]);
  });

  test("alone brings the whole scene back, boxes and seed too", () => {
    expect(sceneFromInfotext(text)).toEqual({ scene, seeds: [record.seed], notes: [] });
  });

  test("has a negative line even when there is nothing to avoid", () => {
    const bare = { ...record, scene: { ...scene, negativePrompt: "", regions: [] } };
    expect(writeInfotext(bare)).toMatch(/\nNegative prompt: \nSteps: 30, /);
    expect(sceneFromInfotext(writeInfotext(bare)).scene).toEqual(bare.scene);
  });

  test.each([
    [
      'Steps: 20, X: "", Lora hashes: "a: 12ab, b: 34cd", Y1: , Version: v1',
      { Steps: "20", X: "", "Lora hashes": "a: 12ab, b: 34cd", Y1: "", Version: "v1" },
    ],
    [
      'Steps: 20, Hashes: {"model": "abc", "lora:x": "d"}, Version: v1',
      { Steps: "20", Hashes: '{"model": "abc", "lora:x": "d"}', Version: "v1" },
    ],
    [
      "Steps: 20, Skip layers: [7, 8, 9, ], Seed: 5, Size: 512x512",
      { Steps: "20", "Skip layers": "[7, 8, 9, ]", Seed: "5", Size: "512x512" },
    ],
  ])("of other tools is read forgivingly: %s", (line, pairs) => {
    const read = readInfotext(`a cat\r\nNegative prompt: dog\r\nbird\r\n${line}`);
    expect(read.prompt).toBe("a cat");
    expect(read.negativePrompt).toBe("dog\nbird");
    expect(Object.fromEntries(read.pairs)).toEqual(pairs);
  });

  test.each([" ", 'a:"', "a:{", "a:[", 'a:"\\"', "a", "a ", "a:,", ":"])(
    "made of %j over and over is read at once",
    (part) => {
      const line = part.repeat(Math.floor(190_000 / part.length));
      const begun = performance.now();
      readInfotext(`a cat\nSteps: 3, ${line}`);
      expect(performance.now() - begun).toBeLessThan(2_000);
    },
  );

  test("whose last line is no pairs is all prompt", () => {
    expect(readInfotext("a cat: red\nby the sea").prompt).toBe("a cat: red\nby the sea");
  });

  test("of other tools gives what it can and notes what not", () => {
    const foreign =
      "a cat\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 965400086, Size: 500x512, Model: x";
    const { scene, seeds, notes } = sceneFromInfotext(foreign);
    expect(scene.settings).toMatchObject({
      steps: 20,
      scheduler: "dpmpp-2m",
      karras: true,
      guidanceScale: 7,
      width: 512,
    });
    expect(seeds).toEqual(["965400086"]);
    expect(notes).toEqual([
      "Size was left out: width: expected a multiple of 8 from 64 to 2048, got 500; the nearest is 504",
    ]);
  });

  test("with a damaged layout still gives the rest", () => {
    const damaged = text
      .replace('red cat\\\\\\"', 'rod cat\\\\\\"')
      .replace('\\"phrase\\":\\"red cat\\"', '\\"phrase\\":\\"rod cat\\"');
    const { scene, notes } = sceneFromInfotext(damaged);
    expect(scene.regions).toEqual([]);
    expect(notes).toEqual([expect.stringMatching(/^The layout was left out: boxes\[0\]\.phrase: "rod cat"/)]);
  });
});
