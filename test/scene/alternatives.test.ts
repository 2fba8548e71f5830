import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asWritten, countAlternatives, expandScene, MOST_ALTERNATIVES } from "../../src-main/scene/alternatives.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { parseScene } from "../../src-main/scene/parser.ts";

const sceneOf = (prompt: string, ...phrases: string[]): Scene =>
  parseScene({ prompt, boxes: phrases.map((phrase) => ({ phrase, box: [0, 0, 0.5, 0.5] })) }, DEFAULT_SETTINGS);
const expand = (prompt: string) => expandScene(sceneOf(prompt)).map(({ scene, words }) => [scene.prompt, words]);
/** The words of each box in each alternative. */
const phrases = (scene: Scene) =>
  expandScene(scene).map((one) =>
    one.scene.regions.map(({ id, spans }) => `${id}: ${spans.map((s) => one.scene.prompt.slice(s.start, s.end)).join("+")}`),
  ); // prettier-ignore

describe("a prompt", () => {
  test.each([
    ["a {red|blue} house", [["a red house", "red"], ["a blue house", "blue"]]],
    ["{a|b} {c|d}", [["a c", "a, c"], ["a d", "a, d"], ["b c", "b, c"], ["b d", "b, d"]]],
    ["a {{dark |}red|blue} cat", [["a dark red cat", "dark red"], ["a red cat", "red"], ["a blue cat", "blue"]]],
    ["{big |}house", [["big house", "big"], ["house", "(nothing)"]]],
    ["{a|a|b}", [["a", "a"], ["b", "b"]]],
    [String.raw`a \{red|blue\} house`, [["a {red|blue} house", undefined]]],
    [String.raw`{a\|b|c\}}`, [["a|b", "a|b"], ["c}", "c}"]]],
    [String.raw`a \(red\) cat`, [[String.raw`a \(red\) cat`, undefined]]],
    ["a {red} house", [["a {red} house", undefined]]],
    ["a | b } c { d", [["a | b } c { d", undefined]]],
    ["{赤い|青い}家", [["赤い家", "赤い"], ["青い家", "青い"]]],
    ["a cat", [["a cat", undefined]]],
    ["", [["", undefined]]],
  ])("%j stands for %j", (prompt, expected) => {
    expect(expand(prompt)).toEqual(expected);
  }); // prettier-ignore

  test("may have them in the negative prompt too", () => {
    const found = expandScene({ ...sceneOf("{a|b}"), negativePrompt: "{x|y}" });
    expect(found.map(({ scene, words }) => [scene.prompt, scene.negativePrompt, words])).toEqual([
      ["a", "x", "a, x"],
      ["a", "y", "a, y"],
      ["b", "x", "b, x"],
      ["b", "y", "b, y"],
    ]);
  });

  test("that never ends its alternatives, or has too many or too deep ones, is refused in words", () => {
    expect(() => expand("a {red|blue house")).toThrow("“{red|blue house” begins alternatives and never ends them");
    expect(expand("{1|2|3|4}".repeat(3))).toHaveLength(MOST_ALTERNATIVES);
    expect(() => expand("{1|2|3|4}".repeat(4))).toThrow("make 256 prompts; at most 64 are drawn at a time");
    expect(() => expand("{1|2}".repeat(900))).toThrow("more than a million prompts");
    expect(() => expand(`${"{a|".repeat(9)}${"}".repeat(9)}`)).toThrow("more than 8 deep");
    expect(() => expand("{".repeat(9_000))).toThrow("more than 8 deep");
    expect(countAlternatives(sceneOf("{a|b"))).toMatchObject({ problem: expect.stringContaining("never ends") as string });
    expect(countAlternatives(sceneOf("{a|b}"))).toEqual({ count: 2 });
  }); // prettier-ignore
});

describe("tied phrases follow into each alternative:", () => {
  test("behind, around and inside a group", () => {
    expect(phrases(sceneOf("a {red|light blue} house and a tree", "house", "{red|light blue} house", "tree"))).toEqual([
      ["box-1: house", "box-2: red house", "box-3: tree"],
      ["box-1: house", "box-2: light blue house", "box-3: tree"],
    ]);
    expect(phrases(sceneOf("a {cat|dog} on a mat", "cat", "dog", "mat"))).toEqual([
      ["box-1: cat", "box-3: mat"],
      ["box-2: dog", "box-3: mat"],
    ]);
    expect(phrases(sceneOf("{big |}house", "{big |}house"))).toEqual([["box-1: big house"], ["box-1: house"]]);
    expect(phrases(sceneOf("{a|{b|c} d} e", "{b|c} d"))).toEqual([[], ["box-1: b d"], ["box-1: c d"]]);
    expect(phrases(sceneOf(String.raw`{red|blue} \{x\} y`, String.raw`\{x\}`, "y"))[1]).toEqual(["box-1: {x}", "box-2: y"]);
  }); // prettier-ignore

  test("no span is empty, or outside its prompt, whatever was tied", () => {
    const text = fc.string({ unit: fc.constantFrom("{", "|", "}", "\\", "a", " ", "猫"), maxLength: 12 });
    fc.assert(
      fc.property(text, fc.nat(12), fc.nat(12), (prompt, a, b) => {
        const [start, end] = [Math.min(a, b, prompt.length), Math.min(Math.max(a, b), prompt.length)];
        const box = { x: 0, y: 0, width: 1, height: 1 };
        const scene = { ...sceneOf(""), prompt, regions: [{ id: "r", box, spans: [{ start, end }], strength: 1 }] };
        if (start === end || "problem" in countAlternatives(scene)) return;
        for (const one of expandScene(scene)) {
          for (const span of one.scene.regions.flatMap(({ spans }) => spans)) {
            expect(one.scene.prompt.slice(span.start, span.end).trim()).not.toBe("");
            expect(span.end).toBeLessThanOrEqual(one.scene.prompt.length);
          }
        }
      }),
    );
  });

  test("a drawn scene is drawn again as it was, its braces too", () => {
    const text = fc.string({ unit: fc.constantFrom("{", "|", "}", "\\", "a", " "), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (before, negativePrompt) => {
        const prompt = `${before} cat`;
        const box = { x: 0, y: 0, width: 1, height: 1 };
        const spans = [{ start: prompt.length - 3, end: prompt.length }];
        const drawn = { ...sceneOf(""), prompt, negativePrompt, regions: [{ id: "r", box, spans, strength: 1 }] };
        expect(expandScene(asWritten(drawn)).map(({ scene }) => scene)).toEqual([drawn]);
      }),
    );
    expect(asWritten(sceneOf("a {red} cat"))).toEqual(sceneOf("a {red} cat"));
  });
});

test("alternatives whose words look the same are told apart: a picture is known by its seed and its words", () => {
  const scene = { prompt: "{red|red }house", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };
  expect(expandScene(scene).map(({ scene: { prompt }, words }) => [prompt, words])).toEqual([
    ["redhouse", "red"],
    ["red house", "red (2)"],
  ]);
});

describe("a box's own words", () => {
  const boxed = (prompt: string, extras: object) => {
    const { regions, ...rest } = sceneOf(prompt, "house");
    return { ...rest, regions: regions.map((region) => ({ ...region, ...extras })) };
  };

  test("have alternatives as the prompt has, which are in the label, too", () => {
    const found = expandScene(boxed("a {big|small} house", { words: "{red|blue} roof", avoid: "snow" }));
    expect(found.map(({ scene, words }) => [scene.prompt, scene.regions[0]!.words, words])).toEqual([
      ["a big house", "red roof", "big, red"],
      ["a big house", "blue roof", "big, blue"],
      ["a small house", "red roof", "small, red"],
      ["a small house", "blue roof", "small, blue"],
    ]);
    expect(found.every(({ scene }) => scene.regions[0]!.avoid === "snow")).toBe(true);
  });

  test("are not there where an alternative leaves them empty, or the box out", () => {
    const empty = expandScene(boxed("a house", { words: "{red roof|}" }));
    expect(empty.map(({ scene, words }) => [scene.regions[0]!.words, words])).toEqual([
      ["red roof", "red roof"],
      [undefined, "(nothing)"],
    ]);
    const out = expandScene(boxed("a {house|tree}", { avoid: "{snow|rain}" }));
    expect(out.map(({ scene, words }) => [scene.prompt, scene.regions.length, words])).toEqual([
      ["a house", 1, "house, snow"],
      ["a house", 1, "house, rain"],
      ["a tree", 0, "tree"],
    ]);
  });

  test("count towards the most, are refused where they never end, and stay braces when drawn again", () => {
    expect(() => expandScene(boxed("{1|2|3|4} house", { words: "{1|2|3|4}{1|2|3|4}{1|2}" }))).toThrow("128 prompts");
    expect(() => expandScene(boxed("a house", { words: "{red|blue" }))).toThrow("never ends them");
    const drawn = boxed("a house", { words: "{red|blue}" });
    expect(expandScene(asWritten(drawn)).map(({ scene }) => scene.regions[0]!.words)).toEqual(["{red|blue}"]);
  });
});
