/** Weights of words and clip skip against numbers of A1111's rules, and what must hold without them. */
import { afterAll, describe, expect, test } from "vitest";
import { TextEncoders } from "../../src-main/engine/sessions/textEncoders.ts";
import { emphasise } from "../../src-main/model/emphasis.ts";
import { chunksOf, encode, tokensOfSpan } from "../../src-main/model/tokenizer/encoding.ts";
import { promptParts } from "../../src-main/model/tokenizer/fragments.ts";
import { createTokenizers } from "../../src-main/model/tokenizer/tokenizer.ts";
import { openGolden } from "../support/familyGoldens.ts";
import { relativeError } from "../support/closeness.ts";
import { readTensors } from "../support/tensors.ts";

const { tensors, metadata } = readTensors("test/goldens/text-conditioning.safetensors");
const PROMPTS = JSON.parse(metadata.prompts!) as { prompt: string; parsed: [string, number][]; chunks: number }[];
const golden = (key: string) => tensors.get(key)!.data;
const WEIGHTS = { weights: true };

const checkpoint = await openGolden("sd1", "folder");
const tokenizers = await createTokenizers(checkpoint);
const encoders = new TextEncoders(checkpoint, "fast", 77);
afterAll(() => encoders.close());

describe.each(PROMPTS.map((each, n) => ({ n, ...each })))("$prompt", ({ n, prompt, parsed, chunks }) => {
  test("is parsed as there", () => {
    const parts = promptParts(prompt, true);
    const texts = parts.map((one) => (one === "break" ? "BREAK" : one.text.trim())); // spaces are no tokens
    expect(texts).toEqual(parsed.map(([text]) => text.trim()));
    const weights = parts.map((one) => (one === "break" ? -1 : one.weight));
    weights.forEach((weight, i) => expect(weight).toBeCloseTo(parsed[i]![1], 12));
    for (const part of parts) {
      if (part !== "break") expect(part.at.map((i) => prompt[i]).join("")).toBe(part.text);
    }
  });

  test("has its ids and weights", () => {
    const { parts } = encode(tokenizers[0], prompt, WEIGHTS);
    expect(parts).toHaveLength(chunks);
    expect(parts.flatMap(({ ids }) => ids)).toEqual([...golden(`${n}.ids`)]);
    expect(relativeError(parts.flatMap((part) => part.weights), golden(`${n}.weights`))).toBeLessThan(1e-6); // prettier-ignore
  });

  test("becomes its states", async () => {
    const all = chunksOf(tokenizers, prompt, WEIGHTS);
    expect(relativeError((await encoders.encode(all)).context, golden(`${n}.a1111`))).toBeLessThan(1e-4);
    if (!tensors.has(`${n}.a1111.skip2`)) return;
    expect(relativeError((await encoders.encode(all, 2)).context, golden(`${n}.a1111.skip2`))).toBeLessThan(1e-4);
  });
});

test.each([1, 2, 3])("clip skip %d", async (skip) => {
  const ids = [...golden("clipskip.ids")];
  const chunk = { ids, weights: ids.map(() => 1), learned: [], end: 1 };
  const layers = checkpoint.text.config.layers;
  if (skip > layers) {
    await expect(encoders.encode([[chunk]], skip)).rejects.toMatchObject({ code: "scene-invalid", details: { at: "settings.clipSkip" } }); // prettier-ignore
    return;
  }
  expect(relativeError((await encoders.encode([[chunk]], skip)).context, golden(`clipskip.${skip}`))).toBeLessThan(
    1e-4,
  );
});

test("a clip skip of more layers than there are is refused in words", async () => {
  const most = checkpoint.text.config.layers;
  await expect(encoders.encode(chunksOf(tokenizers, "a"), most + 1)).rejects.toThrow(
    `the most is ${most}, got ${most + 1}`,
  );
});

describe("emphasise", () => {
  const states = Float32Array.from([1, 2, -1, 4, 3, 3]);

  test("gives the chunk its mean back", () => {
    const weighted = emphasise(states, [1, 1.5, 0.5]);
    const mean = (numbers: Float32Array) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
    expect(mean(weighted)).toBeCloseTo(mean(states), 6);
    expect(weighted[2]! / weighted[0]!).toBeCloseTo(-1.5, 5);
  });

  test("leaves states alone where every weight is 1", () => {
    expect(emphasise(states, [1, 1, 1])).toBe(states);
  });

  test.each([
    ["before", Float32Array.from([1, -1, 2, -2]), [2, 3]],
    ["after", Float32Array.from([1, 3, -1, -1]), [1, 2]],
    ["both, of all 0", Float32Array.from([0, 0, 0, 0]), [1, 2]],
  ])("only weighs where the mean %s is 0", (_, numbers, weights) => {
    const weighted = emphasise(numbers, weights);
    expect([...weighted]).toEqual([...numbers].map((value, i) => value * weights[Math.floor(i / 2)]!));
  });

  // Its final norm has no bias: every mean is 0 but for rounding.
  test("does not tear the states of a network apart whose mean is nothing but rounding", async () => {
    const tiny = await openTinySd();
    const context = await tiny.states("a (red:1.3) circle");
    const plain = await tiny.states("a red circle");
    expect(context.every(Number.isFinite)).toBe(true);
    expect(relativeError(context, plain)).toBeLessThan(0.2);
    await tiny.close();
  });
});

async function openTinySd() {
  const { openCheckpoint } = await import("../../src-main/checkpoint/folder.ts");
  const tiny = await openCheckpoint("test/goldens/tiny-sd");
  const own = await createTokenizers(tiny);
  const encoder = new TextEncoders(tiny, "fast", 77);
  return {
    states: async (prompt: string) => (await encoder.encode(chunksOf(own, prompt, WEIGHTS))).context,
    close: () => encoder.close(),
  };
}

describe("phrases keep their tokens", () => {
  const words = (prompt: string, phrase: string, weights = true) => {
    const encoding = encode(tokenizers[0], prompt, { weights });
    const start = prompt.indexOf(phrase);
    const columns = tokensOfSpan(encoding, { start, end: start + phrase.length });
    const ids = encoding.parts.flatMap((part) => part.ids);
    return { columns, ids: columns.map((column) => ids[column]) };
  };
  const idOf = (word: string) => tokenizers[0].tokens(word).map(({ id }) => id);

  test("when brackets around or inside them are taken away", () => {
    for (const [prompt, phrase] of [
      ["a (red circle:1.3) and a star", "red circle"],
      ["a (red:1.3) circle and a star", "(red:1.3) circle"],
      ["a (red:1.3) circle and a star", "red:1.3) circle"],
      ["((a [red] circle)) and a star", "[red] circle"],
      [String.raw`\\ a red circle`, "red circle"],
      ["<lora:x:1> a red circle", "red circle"],
      ["a red <lora:x:1>circle", "red <lora:x:1>circle"],
    ] as const) {
      expect(words(prompt, phrase).ids, prompt).toEqual(idOf("red circle"));
    }
  });

  test("in the second chunk, whose columns follow the first's 77", () => {
    const { columns, ids } = words("a red circle BREAK a blue star", "blue star");
    expect(columns).toEqual([79, 80]);
    expect(ids).toEqual(idOf("blue star"));
    expect(words("a red circle BREAK a blue star", "red circle BREAK a blue star").columns).toEqual([2, 3, 78, 79, 80]);
  });

  test("when brackets are brackets", () => {
    const { columns, ids } = words("a (red:1) circle", "circle", false);
    expect(ids).toEqual(idOf("circle"));
    expect(columns[0]).toBeGreaterThan(4);
  });
});

describe("chunks", () => {
  const count = (prompt: string, mostChunks?: number) => {
    const { parts, lost, limit, chunks } = encode(tokenizers[0], prompt, { weights: true, ...(mostChunks ? { mostChunks } : {}) }); // prettier-ignore
    return { used: parts.map(({ end }) => end - 1), lost, limit, chunks };
  };
  const reds = (n: number) => Array.from({ length: n }, () => "red").join(" ");

  test("hold 75 tokens each", () => {
    expect(count(reds(75)).used).toEqual([75]);
    expect(count(reds(76)).used).toEqual([75, 1]);
    expect(count(reds(151))).toMatchObject({ used: [75, 75, 1], limit: 225, chunks: 3 });
  });

  test("are parted behind a comma in the last 20 tokens", () => {
    expect(count(`${reds(60)}, ${reds(30)}`).used).toEqual([61, 30]);
    expect(count(`${reds(54)}, ${reds(30)}`).used).toEqual([75, 10]); // the comma is 21 from the end
    expect(count(`${reds(55)}, ${reds(30)}`).used).toEqual([56, 30]);
    expect(count(`${reds(75)}, ${reds(3)}`).used).toEqual([75, 4]); // the 76th token is the comma itself
  });

  test("begin at BREAK, and none is empty at the end", () => {
    expect(count("BREAK red BREAK BREAK red BREAK").used).toEqual([0, 1, 0, 1]);
    expect(count("(red BREAK red:1.2)").used).toEqual([1, 1]);
    expect(count("BREAKFAST").used).toHaveLength(1);
    expect(count("").used).toEqual([0]);
  });

  test("past the most are lost, and told", () => {
    expect(count(reds(160), 2)).toMatchObject({ used: [75, 75], chunks: 2, lost: { text: reds(10) } });
    expect(count(reds(601)).lost?.text).toBe("red");
    expect(count(reds(600)).lost).toBeUndefined();
  });

  test("of hostile prompts are made quickly", () => {
    for (const piece of ["(", "[", "(a", ":1)", "BREAK ", "\\", "(:1", "a)", "((a:1.1)", " ", ","]) {
      const begun = performance.now();
      const { parts } = encode(tokenizers[0], piece.repeat(Math.floor(20_000 / piece.length)), WEIGHTS);
      expect(parts.length).toBeLessThanOrEqual(8);
      expect(parts.every((part) => part.weights.every(Number.isFinite)), piece).toBe(true); // prettier-ignore
      expect(performance.now() - begun, piece).toBeLessThan(2_000);
    }
  });
});
