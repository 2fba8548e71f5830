import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseTextConfig } from "../../src-main/checkpoint/config.ts";
import { Fields } from "../../src-main/checkpoint/fields.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import type { TokenizerFiles } from "../../src-main/checkpoint/tokenizerFiles.ts";
import { encode, lossOfSpan, tokensOfSpan } from "../../src-main/model/tokenizer/encoding.ts";
import { createTokenizer, type Tokenizer } from "../../src-main/model/tokenizer/tokenizer.ts";

const GOLDENS = join(import.meta.dirname, "../goldens");
const END = 49_407;
const SD1: TokenizerFiles = {
  path: "/m/tokenizer",
  start: "<|startoftext|>",
  end: "<|endoftext|>",
  pad: "<|endoftext|>",
  unknown: "<|endoftext|>",
  added: new Map(),
};
const config = parseTextConfig(new Fields({ model_type: "clip_text_model" }, "config.json"));
const clip = await createTokenizer(SD1, config);
const sd2 = await createTokenizer({ ...SD1, pad: "!" }, config);
/** Room for 4 tokens and the two marks. */
const short = await createTokenizer({ ...SD1, maxTokens: 6 }, config);

function readLines(name: string): { text: string; hf: number[]; pad?: string }[] {
  const lines = readFileSync(join(GOLDENS, name), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as { text: string; hf: number[]; pad?: string });
}

/** Range of the n-th time that `phrase` stands in `prompt`. */
function spanOf(prompt: string, phrase: string, n = 0): { start: number; end: number } {
  let start = -1;
  for (let i = 0; i <= n; i++) start = prompt.indexOf(phrase, start + 1);
  return { start, end: start + phrase.length };
}

/** What the tokens of `phrase` cover, each range once. */
function bound(prompt: string, phrase: string, n = 0): string[] {
  const encoding = encode(clip, prompt);
  return tokensOfSpan(encoding, spanOf(prompt, phrase, n)).map((at) => encoding.tokens[at - 1]!.text);
}

describe("token ids equal those of transformers", () => {
  test.each(readLines("clip-tokens.jsonl"))("for $text", ({ text, hf }) => {
    const { parts, count, tokens } = encode(clip, text);
    const kept = hf.slice(1, -1); // the golden is cut to 77 ids
    expect(tokens.slice(0, 75).map(({ id }) => id)).toEqual(kept);
    expect(Math.min(count, 75)).toBe(kept.length);
    if (count <= 75) expect(parts.map(({ ids }) => ids)).toEqual([[49_406, ...kept, ...new Array<number>(76 - kept.length).fill(END)]]); // prettier-ignore
  });

  // Made with transformers 5.18 on CLIP's vocabulary, add_special_tokens=False: 12 scraps a text of Latin, Greek,
  // Cyrillic, CJK, Arabic, Devanagari, emoji, decomposed letters, odd spaces and special tokens.
  test("for 200 texts of mixed scripts, with the padding tokens of SD 1 and 2", () => {
    for (const { text, hf, pad } of readLines("clip-tokens-mixed.jsonl")) {
      const tokens = encode(pad === "!" ? sd2 : clip, text).tokens;
      expect(tokens.map(({ id }) => id), JSON.stringify(text)).toEqual(hf); // prettier-ignore
    }
  });
});

describe("padding", () => {
  test("is the end mark for SD 1", () => {
    expect(encode(clip, "a cat").parts[0]!.ids.slice(0, 6)).toEqual([49_406, 320, 2368, END, END, END]);
  });

  test("is ! for SD 2, after the end mark", () => {
    expect(encode(sd2, "a cat").parts[0]!.ids.slice(0, 6)).toEqual([49_406, 320, 2368, END, 0, 0]);
  });

  test("fills the empty prompt", () => {
    const { parts, count, tokens, lost } = encode(clip, "");
    expect(parts.map(({ ids }) => ids)).toEqual([[49_406, ...new Array<number>(76).fill(END)]]);
    expect({ count, tokens, lost }).toEqual({ count: 0, tokens: [], lost: undefined });
  });
});

describe("a token's range in the prompt", () => {
  test("is the word as it was written, in its own case", () => {
    expect(encode(clip, "  A  DONUT,\tand…").tokens.map(({ text }) => text)).toEqual(["A", "DONUT", ",", "and", "…"]);
  });

  test("covers a letter and its combining mark, which are read as one", () => {
    const prompt = "cafe\u0301 x";
    const composed = encode(clip, "café x").tokens;
    const tokens = encode(clip, prompt).tokens;
    expect(tokens.map(({ id }) => id)).toEqual(composed.map(({ id }) => id));
    expect(tokens.map(({ span }) => [span.start, span.end])).toEqual([[0, 5], [6, 7]]); // prettier-ignore
  });

  test("survives lower-casing that makes a letter longer", () => {
    const tokens = encode(clip, "İstanbul x").tokens;
    expect(tokens.map(({ text }) => text)).toEqual(["İ", "İ", "stanbul", "x"]);
  });

  test("is the whole character where a token is only some of its bytes", () => {
    const tokens = encode(clip, "桜 𝔘").tokens;
    expect(tokens.map(({ text }) => text)).toEqual(["桜", "桜", "桜", "𝔘", "𝔘", "𝔘"]);
    expect(tokens.at(-1)!.span).toEqual({ start: 2, end: 4 });
  });

  test("is right for half a surrogate pair, which a careless edit leaves behind", () => {
    expect(encode(clip, "a \ud83d b").tokens.map(({ text }) => text)).toEqual(["a", "\ud83d", "b"]);
  });
});

describe("a phrase is bound", () => {
  test("by range, so that the second of two equal words is the second", () => {
    const prompt = "a red ball and a red cube";
    expect(tokensOfSpan(encode(clip, prompt), spanOf(prompt, "red", 0))).toEqual([2]);
    expect(tokensOfSpan(encode(clip, prompt), spanOf(prompt, "red", 1))).toEqual([6]);
  });

  test("to the positions that the paper's example names: donut 2, carrot 5", () => {
    const prompt = "a donut and a carrot";
    expect(tokensOfSpan(encode(clip, prompt), spanOf(prompt, "donut"))).toEqual([2]);
    expect(tokensOfSpan(encode(clip, prompt), spanOf(prompt, "carrot"))).toEqual([5]);
  });

  test("with all pieces of its long words, and without the punctuation around it", () => {
    expect(bound("(supercalifragilistic cat), dog", "supercalifragilistic cat").at(-1)).toBe("cat");
    expect(bound("(red cat), dog", "red cat")).toEqual(["red", "cat"]);
    expect(bound("the cat's hat", "cat")).toEqual(["cat"]);
  });

  test("to the emoji or characters it names, though their bytes are shared out", () => {
    expect(bound("a 🐱 and 🚀🚀", "🐱")).toEqual(["🐱"]);
    expect(new Set(bound("日本の富士山、桜", "富士山"))).toEqual(new Set(["富", "士", "山"]));
  });

  test("to the whole token where it covers a part of it, and to none where it covers a space", () => {
    expect(bound("a carrot", "arr")).toEqual(["carrot"]);
    expect(bound("a carrot", " ")).toEqual([]);
    expect(tokensOfSpan(encode(clip, "a carrot"), { start: 3, end: 3 })).toEqual([]);
  });
});

describe("a prompt beyond the limit", () => {
  const prompt = "one two three four five six";
  const one = { weights: false, mostChunks: 1 };
  const encoding = encode(short, prompt, one);

  test("keeps what fits, and tells what is lost", () => {
    expect(encoding.parts).toHaveLength(1);
    expect(encoding.parts[0]!.ids).toHaveLength(6);
    expect(encoding.parts[0]!.ids.at(-1)).toBe(END);
    expect(encoding.limit).toBe(4);
    expect(encoding.count).toBe(6);
    expect(encoding.tokens.map(({ lost }) => lost)).toEqual([false, false, false, false, true, true]);
    expect(encoding.lost).toEqual({ span: { start: 19, end: 27 }, text: "five six" });
  });

  test("binds a phrase to its kept tokens, and tells whether some or all are lost", () => {
    const four = spanOf(prompt, "four");
    const both = spanOf(prompt, "four five");
    const five = spanOf(prompt, "five");
    expect([four, both, five].map((span) => tokensOfSpan(encoding, span))).toEqual([[4], [4], []]);
    expect([four, both, five].map((span) => lossOfSpan(encoding, span))).toEqual(["none", "part", "all"]);
  });

  test("that is exactly full loses nothing", () => {
    expect(encode(short, "one two three four", one).lost).toBeUndefined();
    expect(encode(short, "one two three four", one).parts[0]!.ids).toHaveLength(6);
  });
});

describe("a checkpoint's own tokenizer", () => {
  test("is read from its folder", async () => {
    const { text } = await openCheckpoint(join(GOLDENS, "tiny-sd"));
    const tiny = await createTokenizer(text.tokenizer, text.config);
    const { parts, tokens } = encode(tiny, "a yellow circle");
    const { ids } = parts[0]!;
    expect(ids).toHaveLength(77);
    expect([ids[0], ids.at(-1)]).toEqual([657, 658]);
    expect(tokens.map((token) => token.text)).toEqual(["a", "yellow", "circle"]);
    expect(tokens[1]!.id).toBe(656); // "yellow</w>" in its vocab.json
  });

  test("finds learned concepts as they are written", async () => {
    const learned = await createTokenizer({ ...SD1, added: new Map([["<cat-toy>", 49_408]]) }, config);
    const { tokens } = encode(learned, "a<cat-toy>!");
    expect(tokens.map(({ id }) => id)).toEqual([320, 49_408, 256]);
  });

  test("must have the marks it names", async () => {
    const files = { ...SD1, start: "<s>" };
    await expect(createTokenizer(files, config)).rejects.toMatchObject({
      code: "checkpoint-invalid",
      details: { path: "/m/tokenizer", expected: "<s>" },
    });
  });

  test("must be there when the text encoder is not CLIP's", async () => {
    const small = { ...config, vocabSize: 659 };
    await expect(createTokenizer(SD1, small)).rejects.toThrow("/m/tokenizer: there is no tokenizer");
  });
});

test("ranges cover every character that is not space, in order, for random strings", () => {
  let state = 12_345;
  const next = (n: number): number => ((state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 8) % n;
  const alphabet = "a|b| |Z|9|!|'|\t|\n|é|e\u0301|桜|🐱|각|\u1100\u1161|İ|\u200d|\ufeff".split("|");
  const check = (tokenizer: Tokenizer, prompt: string): void => {
    const covered = new Set<number>();
    let last = 0;
    for (const { span, text } of encode(tokenizer, prompt).tokens) {
      expect(span.start).toBeGreaterThanOrEqual(last);
      last = span.start;
      expect(text).toBe(prompt.slice(span.start, span.end));
      for (let i = span.start; i < span.end; i++) covered.add(i);
    }
    for (let i = 0; i < prompt.length; i++) {
      expect(covered.has(i), JSON.stringify(prompt)).toBe(!/\p{White_Space}/u.test(prompt[i]!));
    }
  };
  for (let n = 0; n < 500; n++) {
    check(clip, Array.from({ length: next(24) }, () => alphabet[next(alphabet.length)]!).join(""));
  }
});
