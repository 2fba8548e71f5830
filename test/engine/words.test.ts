/** Chunks, weights and embeddings through the whole engine: what must not change a picture does not, and every method works on all columns. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { METHOD_ROWS, METHODS, type Method, usesSetting } from "../../src-main/scene/methods.ts";
import type { Scene, SceneSettings } from "../../src-main/scene/scene.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { readExactly } from "../../src-main/checkpoint/safetensors.ts";
import { decodeNumbers } from "../../src-main/checkpoint/floats.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import type { Picture } from "../../src-main/engine/queue.ts";
import { createTokenizers } from "../../src-main/model/tokenizer/tokenizer.ts";
import { open } from "node:fs/promises";
import { temporary } from "../checkpoint/folders.ts";
import { numbersFile } from "../support/numbersFile.ts";
import { relativeError } from "../support/closeness.ts";
import "../support/keptSessions.ts";

const FOLDER = "test/goldens/tiny-sd";
const pipeline = await openPipeline({ path: FOLDER, provider: "cpu", memory: "fast", threads: 1 }, () => undefined);
afterAll(() => pipeline.close());

/** Thirty-eight phrases, of two tokens each: more than a chunk holds. */
const MANY = Array.from({ length: 38 }, () => "red circle").join(" ");

interface Asked extends Partial<SceneSettings> {
  phrase?: string;
  negative?: string;
  method?: Method;
}

function scene(prompt: string, { phrase, negative = "", method = "none", ...settings }: Asked = {}): Scene {
  const start = phrase === undefined ? 0 : prompt.indexOf(phrase);
  const steps = { start: 0, end: 3 };
  return {
    prompt,
    negativePrompt: negative,
    regions: phrase === undefined ? [] : [{ id: "a", box: { x: 0, y: 0, width: 0.5, height: 0.5 }, spans: [{ start, end: start + phrase.length }], strength: 1 }], // prettier-ignore
    settings: {
      ...pipeline.summary.defaults,
      ...{ width: 128, height: 128, steps: 3, scheduler: "ddim" },
      guidance: { method, nu: 1, eta: 1, injectionSteps: steps, lossSteps: steps },
      ...settings,
    },
  };
}

async function draw(of: Scene): Promise<Picture & { losses: (number | undefined)[] }> {
  const losses: (number | undefined)[] = [];
  const picture = await pipeline.generate(of, "1", {
    previewEvery: 0,
    attention: false,
    signal: new AbortController().signal,
    onStep: ({ loss }) => void losses.push(loss),
  });
  return { ...picture, losses };
}
const hashOf = ({ pixels }: Picture) => createHash("sha256").update(pixels.data).digest("hex");
const near = (a: Picture, b: Picture) =>
  relativeError(Float32Array.from(a.pixels.data), Float32Array.from(b.pixels.data));

describe("columns that nobody attends to", () => {
  test("change nothing: a short prompt beside a long one that is left out is the same picture", async () => {
    const alone = await draw(scene("a red circle", { guidanceScale: 1 }));
    // At scale 1.0001 the other half is read, all of its columns are there, and it counts for nothing.
    const beside = await draw(scene("a red circle", { guidanceScale: 1.0001, negative: MANY }));
    expect(near(alone, beside)).toBeLessThan(2e-3);
  });

  test("are those of the shorter half: both halves alike cancel whatever the scale", async () => {
    const long = `${MANY} and a star`;
    const once = await draw(scene(long, { guidanceScale: 1 }));
    const twice = await draw(scene(long, { guidanceScale: 9, negative: long }));
    expect(near(once, twice)).toBeLessThan(2e-3);
  });
});

/** What the methods are compared with. */
const SECOND = `${MANY} BREAK a blue star`;
let drawnPlain: ReturnType<typeof draw> | undefined;
const withoutMethod = () => (drawnPlain ??= draw(scene(SECOND, { phrase: "blue star" })));

describe.each(METHODS.filter((method) => method !== "none"))("%s", (method) => {
  test("acts on a phrase in the second chunk, at its columns", { timeout: 60_000 }, async () => {
    const plain = await withoutMethod();
    const moved = await draw(scene(SECOND, { phrase: "blue star", method }));
    expect(moved.record.tokens).toEqual({ a: [156, 157] });
    expect(hashOf(moved)).not.toBe(hashOf(plain));
    expect(moved.losses.every((loss) => loss !== undefined && Number.isFinite(loss))).toBe(true);
    // A network without training sees nothing of a thing: only methods that raise its attention are sure to.
    const raises = METHOD_ROWS[method].gradientSteps !== undefined || usesSetting(method, "nu");
    if (raises) expect(moved.obedience.at(-1)!["a"]).toBeGreaterThan(plain.obedience.at(-1)!["a"]!);
  });

  test("is the same whether the box's words stand in the first of two chunks or the second is not attended", { timeout: 60_000 }, async () => {
    const short = await draw(scene("a blue star", { phrase: "blue star", method, guidanceScale: 7 }));
    const padded = await draw(scene("a blue star", { phrase: "blue star", method, guidanceScale: 7, negative: "BREAK" }));
    expect(padded.record.tokens).toEqual({ a: [2, 3] });
    expect(near(short, padded)).toBeLessThan(2e-3);
    short.losses.forEach((loss, i) => expect(Math.abs(padded.losses[i]! - loss!)).toBeLessThanOrEqual(1e-3 * Math.abs(loss!)));
  }); // prettier-ignore
});

describe("weights and clip skip", () => {
  test("of 1 and of the last layer change nothing, others do", async () => {
    const plain = hashOf(await draw(scene("a red circle")));
    expect(hashOf(await draw(scene("a (red:1) circle")))).toBe(plain);
    expect(hashOf(await draw(scene("a (red:1.3) circle")))).not.toBe(plain);
    expect(hashOf(await draw(scene("a (red:1) circle", { promptWeights: false })))).not.toBe(plain);
    expect(hashOf(await draw(scene("a red circle", { clipSkip: 2 })))).not.toBe(plain);
    await expect(draw(scene("a red circle", { clipSkip: 12 }))).rejects.toMatchObject({ code: "scene-invalid" });
  });
});

describe("an embedding", async () => {
  const { text } = await openCheckpoint(FOLDER);
  const [tokenizer] = await createTokenizers({ text });
  const width = text.config.hiddenSize;
  /** The vectors that the checkpoint itself has for a text's tokens. */
  const own = async (words: string) => {
    const entry = text.weights.at("embeddings.token_embedding").tensor("weight", [text.config.vocabSize, width]);
    const handle = await open(entry.file, "r");
    const rows: number[] = [];
    for (const { id } of tokenizer.tokens(words)) {
      const bytes = entry.length / text.config.vocabSize;
      rows.push(...decodeNumbers(await readExactly(handle, entry.offset + id * bytes, bytes, entry.file), "F32")!);
    }
    await handle.close();
    return Float32Array.from(rows);
  };
  const numbers = await own("red circle");
  const path = temporary("my-style.safetensors");
  writeFileSync(path, numbersFile({ emb_params: { shape: [2, width], numbers } }));
  const embeddings = [{ name: "my-style", path }];

  test("of a checkpoint's own vectors is those words, phrase and all", async () => {
    const words = await draw(scene("a red circle and a star", { phrase: "red circle", method: "ilgd" }));
    const learned = await draw(scene("a My-Style and a star", { phrase: "My-Style", method: "ilgd", embeddings }));
    expect(hashOf(learned)).toBe(hashOf(words));
    expect(learned.record.tokens).toEqual({ a: [2, 3] });
    const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
    expect(learned.record.scene.settings.embeddings).toEqual([{ name: "my-style", hash: sha256 }]);
    expect(words.record.scene.settings.embeddings).toBeUndefined();
  });

  test("that no text names is told nowhere and changes nothing", async () => {
    const plain = await draw(scene("a red circle"));
    const idle = await draw(scene("a red circle", { embeddings }));
    expect(hashOf(idle)).toBe(hashOf(plain));
    expect(idle.record.scene.settings.embeddings).toBeUndefined();
  });

  test("is told in the prompt, weighs, and is never parted", async () => {
    const prompt = `${MANY.slice(0, 37 * 11 - 1)} (my-style:1.2)`;
    const { tokens, embeddings: found, chunks, count } = await pipeline.tokenize({ prompt, promptWeights: true, embeddings }); // prettier-ignore
    expect({ chunks, count }).toEqual({ chunks: 2, count: 76 });
    expect(found).toEqual([{ word: "my-style", span: { start: prompt.indexOf("my"), end: prompt.indexOf(":1.2") }, vectors: 2 }]); // prettier-ignore
    expect(tokens.slice(-2).map(({ text: each }) => each)).toEqual(["my-style", "my-style"]);
    const others = await pipeline.tokenize({ prompt: "not-my-styles, my-styled", promptWeights: true, embeddings });
    expect(others.embeddings).toEqual([]);
  });

  test("that is gone or wrong is warned of, and drawing refuses it by name", async () => {
    const gone = scene("a my-style", { embeddings: [{ name: "my-style", path: `${path}.safetensors` }] });
    const { warnings } = await pipeline.check(gone);
    expect(warnings).toMatchObject([{ kind: "embedding-unusable", name: "my-style" }]);
    await expect(draw(gone)).rejects.toThrow('The embedding "my-style" is not there any more');
    await expect(draw(scene("a", { embeddings: [{ name: "x" }] }))).rejects.toThrow('The embedding "x" was not found');
  });
});
