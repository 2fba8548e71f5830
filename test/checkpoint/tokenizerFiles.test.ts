import { describe, expect, test } from "vitest";
import { readTokenizer, type TokenizerFiles } from "../../src-main/checkpoint/tokenizerFiles.ts";
import { temporary, writeFolder } from "./folders.ts";

const VOCAB = { a: 0, b: 1, "b</w>": 2, "ab</w>": 3, x: 4, "<|startoftext|>": 5, "<|endoftext|>": 6 };
const MERGES = "#version: 0.2\r\na b</w>\r\n";

function read(files: Record<string, unknown>, size = 10): Promise<TokenizerFiles> {
  return readTokenizer(writeFolder(temporary("tokenizer"), files), true, size);
}

test("vocab.json and merges.txt are read, whatever the ends of lines", async () => {
  const { vocabulary, pad, start, added, maxTokens } = await read({ "vocab.json": VOCAB, "merges.txt": MERGES });
  expect(vocabulary!.ids.get("ab</w>")).toBe(3);
  expect(vocabulary!.merges).toEqual([["a", "b</w>"]]);
  expect({ pad, start, added, maxTokens }).toEqual({ pad: "<|endoftext|>", start: "<|startoftext|>", added: new Map(), maxTokens: undefined });
}); // prettier-ignore

test("a token named __proto__ is a token", async () => {
  const { vocabulary } = await read({ "vocab.json": '{"__proto__": 3}', "merges.txt": "" });
  expect([...vocabulary!.ids]).toEqual([["__proto__", 3]]);
});

test.each([
  ["pairs", [["a", "b</w>"]]],
  ["texts", ["a b</w>"]],
])("tokenizer.json alone is read, with its merges as %s", async (_, merges) => {
  const added_tokens = [{ id: 7, content: "<cat-toy>", special: false }];
  const { vocabulary, added } = await read({ "tokenizer.json": { model: { type: "BPE", vocab: VOCAB, merges }, added_tokens } });
  expect(vocabulary!.merges).toEqual([["a", "b</w>"]]);
  expect(added).toEqual(new Map([["<cat-toy>", 7]]));
}); // prettier-ignore

test("the padding token is the special tokens map's before the config's, as for Stable Diffusion 2", async () => {
  const config = { pad_token: "<|endoftext|>", unk_token: { content: "b", lstrip: false }, model_max_length: 77 };
  const { pad, unknown, maxTokens } = await read({ "tokenizer_config.json": config, "special_tokens_map.json": { pad_token: "!" } });
  expect({ pad, unknown, maxTokens }).toEqual({ pad: "!", unknown: "b", maxTokens: 77 });
}); // prettier-ignore

test("learned tokens are found in all the places that name them", async () => {
  const decoder = { 7: { content: "<dog>", special: false } };
  const { added } = await read({ "tokenizer_config.json": { added_tokens_decoder: decoder }, "added_tokens.json": { "<cat>": 8 } });
  expect(added).toEqual(new Map([["<dog>", 7], ["<cat>", 8]])); // prettier-ignore
}); // prettier-ignore

test("a length of 1e30, which means none, is left out", async () => {
  expect((await read({ "tokenizer_config.json": { model_max_length: 1e30 } })).maxTokens).toBeUndefined();
});

describe("a tokenizer is refused", () => {
  test.each([
    ["when a token is beyond the text encoder's table", { "vocab.json": { a: 10 }, "merges.txt": "" }, 'token "a": expected a number from 0 to 9'],
    ["when a token's number is no number", { "vocab.json": { a: "1" }, "merges.txt": "" }, 'token "a"'],
    ["when a merge makes no token", { "vocab.json": VOCAB, "merges.txt": "b a\n" }, '"b a" makes a token that the vocabulary lacks'],
    ["when a merge has three parts", { "vocab.json": VOCAB, "merges.txt": "a a b\n" }, "two parts"],
    ["when it is of another kind", { "tokenizer.json": { model: { type: "Unigram" } } }, "model.type"],
    ["when a special token is empty", { "tokenizer_config.json": { pad_token: "" } }, "pad_token"],
    ["when a learned token is beyond the table", { "added_tokens.json": { "<x>": 99 } }, '"<x>"'],
    ["when its vocabulary is a list", { "vocab.json": ["a"], "merges.txt": "" }, "expected a JSON object"],
  ])("%s", async (_, files, message) => {
    await expect(read(files)).rejects.toMatchObject({ code: "checkpoint-invalid", message: expect.stringContaining(message) as string }); // prettier-ignore
  }); // prettier-ignore
});
