import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { METHODS, type Scene, type SceneSettings } from "../../src-main/scene/scene.ts";
import { OTHER_SPACINGS, SCHEDULERS } from "../../src-main/scene/schedulers.ts";
import { parseScene, parseSceneFile, parseSceneText, serializeScene } from "../../src-main/scene/parser.ts";

const PROMPT = "a red cat and a blue dog";

/** The lines of the error that `value` is refused with. */
function refusal(value: unknown): string[] {
  try {
    parseSceneFile(value, DEFAULT_SETTINGS);
  } catch (error) {
    if (error instanceof AppError && error.code === "scene-invalid") return error.message.split("\n");
    throw error;
  }
  throw new Error("accepted");
}

function withBox(box: Record<string, unknown>, prompt = PROMPT): unknown {
  return { prompt, boxes: [{ box: [0.1, 0.2, 0.3, 0.4], ...box }] };
}

function spansOf(value: unknown): [number, number][] {
  return parseScene(value, DEFAULT_SETTINGS).regions[0]!.spans.map(({ start, end }) => [start, end]);
}

describe("a scene file", () => {
  test("needs only a prompt and boxes; the rest comes from the defaults", () => {
    const scene = parseScene(withBox({ phrase: "red cat" }), DEFAULT_SETTINGS);
    expect(scene).toEqual({
      prompt: PROMPT,
      negativePrompt: "",
      regions: [
        { id: "box-1", box: { x: 0.1, y: 0.2, width: 0.3, height: 0.4 }, spans: [{ start: 2, end: 9 }], strength: 1 },
      ],
      settings: DEFAULT_SETTINGS,
    });
  });

  test("sets every setting by its flat name", () => {
    const { settings } = parseScene(
      {
        prompt: "",
        boxes: [],
        width: 640,
        height: 64,
        steps: 30,
        guidanceScale: 5,
        scheduler: "dpmpp-2m",
        karras: true,
        clipSkip: 2,
        promptWeights: false,
        method: "loss",
        nu: 1.5,
        injectionSteps: [2, 9],
        eta: 0.25,
        lossSteps: { start: 0, end: 30 },
      },
      DEFAULT_SETTINGS,
    );
    expect(settings).toEqual({
      width: 640,
      height: 64,
      steps: 30,
      guidanceScale: 5,
      scheduler: "dpmpp-2m",
      karras: true,
      clipSkip: 2,
      promptWeights: false,
      guidance: {
        method: "loss",
        nu: 1.5,
        injectionSteps: { start: 2, end: 9 },
        eta: 0.25,
        lossSteps: { start: 0, end: 30 },
      },
    });
  });

  test("that changes only the number of steps takes the step ranges along", () => {
    const { guidance } = parseScene({ prompt: "", boxes: [], steps: 20 }, DEFAULT_SETTINGS).settings;
    expect(guidance.injectionSteps).toEqual({ start: 1, end: 4 });
    expect(guidance.lossSteps).toEqual({ start: 1, end: 10 });
  });

  test("takes a box as a list or by names, and forgives rounding at the edge", () => {
    const box = (value: unknown) =>
      parseScene(withBox({ phrase: "dog", box: value }), DEFAULT_SETTINGS).regions[0]!.box;
    expect(box({ x: 0.1, y: 0.2, width: 0.3, height: 0.4 })).toEqual(box([0.1, 0.2, 0.3, 0.4]));
    const edge = box([0.7000000001, 0, 0.3, 1]);
    expect(edge.x + edge.width).toBeLessThanOrEqual(1);
  });

  test("carries seeds beside the scene", () => {
    const file = parseSceneFile({ prompt: "", boxes: [], seeds: "3-5,18446744073709551615" }, DEFAULT_SETTINGS);
    expect(file.seeds).toEqual(["3", "4", "5", "18446744073709551615"]);
    expect(parseSceneFile({ prompt: "", boxes: [] }, DEFAULT_SETTINGS).seeds).toBeUndefined();
  });
});

describe("a phrase", () => {
  test("is found ignoring case, at word boundaries and across any white space", () => {
    expect(spansOf(withBox({ phrase: "RED  cat" }, "a category, Red\ncat"))).toEqual([[12, 19]]);
  });

  test("may be several phrases for one box", () => {
    expect(spansOf(withBox({ phrase: ["dog", "red"] }))).toEqual([
      [21, 24],
      [2, 5],
    ]);
  });

  test("that is repeated needs its occurrence", () => {
    const prompt = "a cat, a cat and a cat";
    expect(refusal(withBox({ phrase: "cat" }, prompt))).toEqual([
      'boxes[0].phrase: "cat" is in the prompt 3 times; say which with "occurrence": 1 to 3',
    ]);
    expect(spansOf(withBox({ phrase: "cat", occurrence: 2 }, prompt))).toEqual([[9, 12]]);
    expect(spansOf(withBox({ phrase: ["cat", "cat"], occurrence: [3, 1] }, prompt))).toEqual([
      [19, 22],
      [2, 5],
    ]);
    expect(refusal(withBox({ phrase: "cat", occurrence: 4 }, prompt))).toEqual([
      'boxes[0].occurrence: "cat" is in the prompt 3 times only, got 4',
    ]);
  });

  test("may be a range of characters instead", () => {
    expect(spansOf(withBox({ span: [3, 5] }))).toEqual([[3, 5]]);
    expect(spansOf(withBox({ span: [2, 9], phrase: "red cat" }))).toEqual([[2, 9]]);
    expect(refusal(withBox({ span: [2, 9], phrase: "blue dog" }))).toEqual([
      'boxes[0].phrase: "span" covers "red cat"; correct it or leave one of the two out',
    ]);
    expect(refusal(withBox({ span: [20, 90] }))).toEqual([
      "boxes[0].span: [20, 90] is no range of the prompt's 0 to 24",
    ]);
    expect(refusal(withBox({ span: [1, 2] }))).toEqual(["boxes[0].span: [1, 2] holds no word of the prompt"]);
  });

  test("that is mistyped is met with the phrase that was meant", () => {
    expect(refusal(withBox({ phrase: "red cta" }))).toEqual([
      'boxes[0].phrase: "red cta" is not in the prompt; did you mean "red cat"?',
    ]);
    expect(refusal(withBox({ phrase: "purple elephant" }))).toEqual([
      'boxes[0].phrase: "purple elephant" is not in the prompt; it must be in "a red cat and a blue dog"',
    ]);
  });

  test("may not be named twice in one box", () => {
    expect(refusal(withBox({ phrase: ["red cat", "cat"] }))).toEqual(['boxes[0]: "cat" is named twice in this box']);
  });

  test("may hold characters that mean something to a regular expression", () => {
    expect(spansOf(withBox({ phrase: "(red) c++" }, "a (red) c++ / c"))).toEqual([[2, 11]]);
  });

  test("in any script keeps its word boundaries", () => {
    expect(spansOf(withBox({ phrase: "über" }, "Überzug über"))).toEqual([[8, 12]]);
  });
});

describe("a refusal", () => {
  test("names every problem of the file at once, one per line", () => {
    const lines = refusal({
      prompt: PROMPT,
      negative_prompt: "x",
      boxes: [
        { phrase: "red cta", box: [0, 0, 0.5, 0.5] },
        { phrase: "blue dog", box: [0.5, 0, 0.6, 0], strenght: 2 },
        { box: [10, 20, 30, 40], strength: 9 },
        "cat",
      ],
      width: 500,
      steps: 0,
      scheduler: "eular",
      karras: "yes",
      lossSteps: [9, 3],
      seeds: "9-x",
    });
    expect(lines).toEqual([
      'negative_prompt: unknown field; did you mean "negativePrompt"?',
      'boxes[0].phrase: "red cta" is not in the prompt; did you mean "red cat"?',
      'boxes[1].strenght: unknown field; did you mean "strength"?',
      "boxes[1].box[3]: the height is 0: the box is empty",
      'boxes[2]: "phrase" is missing: the words of the prompt that belong in the box',
      "boxes[2].box[0]: expected x from 0 to 1, got 10; boxes are fractions: divide pixels by the picture's size",
      "boxes[2].box[1]: expected y from 0 to 1, got 20; boxes are fractions: divide pixels by the picture's size",
      "boxes[2].box[2]: expected width from 0 to 1, got 30; boxes are fractions: divide pixels by the picture's size",
      "boxes[2].box[3]: expected height from 0 to 1, got 40; boxes are fractions: divide pixels by the picture's size",
      "boxes[2].strength: expected a number from 0 to 3, got 9",
      'boxes[3]: expected an object with "phrase" and "box", got "cat"',
      "width: expected a multiple of 8 from 64 to 2048, got 500; the nearest is 504",
      "steps: expected a whole number from 1 to 1000, got 0",
      'scheduler: expected one of lms, euler, euler-a, heun, ddim, pndm, dpmpp-2m, dpmpp-2m-sde, dpmpp-sde, dpmpp-2s-a, unipc, deis, lcm, tcd, got "eular"; did you mean "euler"?',
      'karras: expected true or false, got "yes"',
      "lossSteps: the range 9 to 3 runs backwards",
      'seeds: "9-x" is not a seed or a range of seeds such as 7-9',
    ]);
  });

  test("says on which side a box leaves the picture", () => {
    expect(refusal(withBox({ phrase: "dog", box: [0.8, 0.7, 0.3, 0.4] }))).toEqual([
      "boxes[0].box: the box leaves the picture on the right: x + width is 1.1, at most 1 fits",
      "boxes[0].box: the box leaves the picture at the bottom: y + height is 1.1, at most 1 fits",
    ]);
  });

  test("names steps beyond the last and names used twice", () => {
    expect(refusal({ prompt: "", boxes: [], steps: 8, injectionSteps: [1, 11] })).toEqual([
      "injectionSteps: [1, 11] reaches beyond the last of 8 steps",
    ]);
    const box = { phrase: "dog", box: [0, 0, 1, 1], name: "Rex" };
    expect(refusal({ prompt: PROMPT, boxes: [box, box] })).toEqual([
      'boxes[1].name: "Rex" is already the name of boxes[0]',
    ]);
  });

  test("meets anything that is no scene, and never takes a prototype from the file", () => {
    for (const value of [null, 3, "scene", [], undefined])
      expect(refusal(value)[0]).toMatch(/^scene: expected an object/);
    const lines = refusal(JSON.parse('{"prompt":"a","boxes":[],"__proto__":{"steps":3}}'));
    expect(lines).toEqual(["__proto__: unknown field"]);
    expect(refusal(withBox({ phrase: "dog", name: "__proto__" }))[0]).toMatch(/^boxes\[0\]\.name: expected a name/);
  });

  test("is an AppError whatever the value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(refusal(value).length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a file that is not JSON", () => {
  const problem = (text: string) => {
    try {
      parseSceneText(text, DEFAULT_SETTINGS);
    } catch (error) {
      return (error as AppError).message;
    }
    return "accepted";
  };

  test.each([
    ['{\n  "prompt": "a",\n  "boxes": [],\n}', 'line 3, column 14: the comma before "}" is one too many'],
    ['{ "prompt": "a" "boxes": [] }', 'line 1, column 17: expected "," or "}", found "\\""'],
    [
      "{ 'prompt': 1 }",
      `line 1, column 3: expected a field name in double quotes, found "'"; texts stand in double quotes, "…"`,
    ],
    ['{\r\n // c\r\n "prompt": 1 }', 'line 2, column 2: unexpected "/"; JSON has no comments'],
    ['{ "prompt": "a', "line 1, column 13: the text that begins here is never closed"],
    ['{ "prompt": tru }', 'line 1, column 13: expected a value, found "t"'],
    ["", "line 1, column 1: expected a value, found the end of the file"],
    ['{"prompt": "a\\q"}', 'line 1, column 14: unknown escape; write a backslash as "\\\\"'],
    ['{"nu": .5}', 'line 1, column 8: expected a value, found "."'],
    ["{} {}", 'line 1, column 4: unexpected "{" after the end of the value'],
    ["{,}", 'line 1, column 2: expected a field name in double quotes, found ","'],
    ['{"nu": 1.}', "line 1, column 8: expected a value, found the unfinished number 1."],
    ['{"prompt": "a\n"}', "line 1, column 14: a line break inside a text; is a closing quote missing?"],
    ['{"prompt": "a\\\\\\x"}', 'line 1, column 16: unknown escape; write a backslash as "\\\\"'],
    ['[{"a": 1]', 'line 1, column 9: expected "," or "}", found "]"'],
    ["[".repeat(5000), "line 1, column 202: nested too deeply"],
  ])("names line and column: %s", (text, message) => {
    expect(problem(text)).toBe(message);
  });

  test("is only what JSON.parse refuses: the scanner agrees with it on broken texts", () => {
    const text = '{"a": [1, -2.5e3, "x\\u00e9", true], "b": {"c": null}}';
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom("", ",", '"', "}", "[", "0", "\n", "\\"), (i, c) => {
        const broken = text.slice(0, i) + c + text.slice(i + 1);
        let isJson = true;
        try {
          JSON.parse(broken);
        } catch {
          isJson = false;
        }
        // Never the fallback wording of V8: the scanner found the place itself.
        const message = problem(broken);
        expect(/^line \d+, column \d+: /.test(message)).toBe(!isJson);
        expect(message).not.toMatch(/JSON at position|is not valid JSON/);
      }),
    );
  });

  test("may begin with a byte order mark", () => {
    expect(problem('\uFEFF{"prompt":"","boxes":[]}')).toBe("accepted");
  });
});

describe("the spacing of noise levels", () => {
  const settings = (form: object, defaults: Partial<SceneSettings> = {}) =>
    parseScene({ prompt: "a cat", boxes: [], ...form }, { ...DEFAULT_SETTINGS, ...defaults }).settings;

  test("is Karras', another, or the checkpoint's own: each takes the other's place", () => {
    expect(settings({ spacing: "simple" }, { karras: true })).toMatchObject({ karras: false, spacing: "simple" });
    expect(settings({ karras: true }, { spacing: "simple" })).toEqual({ ...DEFAULT_SETTINGS, karras: true });
    expect(settings({ karras: false }, { spacing: "simple" })).toEqual(DEFAULT_SETTINGS);
    expect(settings({}, { spacing: "simple" })).toMatchObject({ spacing: "simple" });
    expect(() => settings({ karras: true, spacing: "simple" })).toThrow(
      'spacing: "simple" and karras exclude each other',
    );
  });

  test("guidance rescale of 0 is none", () => {
    expect(settings({ guidanceRescale: 0 }, { guidanceRescale: 0.7 })).toEqual(DEFAULT_SETTINGS);
  });
});

describe("serializeScene", () => {
  const others = OTHER_SPACINGS.map((spacing) => ({ karras: false, spacing }));
  const stepRange = (steps: number) =>
    fc.tuple(fc.nat(steps), fc.nat(steps)).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
  const unitBox = fc.tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 0, max: 63 })).chain(([x, y]) =>
    fc.record({
      x: fc.constant(x / 64),
      y: fc.constant(y / 64),
      width: fc.integer({ min: 1, max: 64 - x }).map((w) => w / 64),
      height: fc.integer({ min: 1, max: 64 - y }).map((h) => h / 64),
    }),
  );
  const prompt = fc
    .array(fc.constantFrom("a", "cat", "cat's", "red", "Ünder", "(x)", "7", "猫", "🐈", "and", "  "), {
      minLength: 1,
      maxLength: 12,
    })
    .map((words) => words.join(" ") + "!");
  const scene: fc.Arbitrary<Scene> = fc
    .record({ prompt, steps: fc.integer({ min: 1, max: 60 }) })
    .chain(({ prompt, steps }) => {
      const span = fc
        .tuple(fc.nat(prompt.length - 1), fc.integer({ min: 1, max: 12 }))
        .map(([start, size]) => ({ start, end: Math.min(prompt.length, start + size) }))
        .filter(({ start, end }) => prompt.slice(start, end).trim() !== "");
      const region = fc
        .record({
          box: unitBox,
          spans: fc.array(span, { minLength: 1, maxLength: 3 }).filter((spans) => {
            const sorted = spans.toSorted((a, b) => a.start - b.start);
            return sorted.every((s, i) => i === 0 || s.start >= sorted[i - 1]!.end);
          }),
          strength: fc.constantFrom(0, 0.5, 1, 3),
          extra: fc.constantFrom(
            {},
            { words: "green, (glass:1.2)" },
            { avoid: "text", during: { start: 0, end: 0.5 } },
          ),
        })
        .map(({ extra, ...rest }) => ({ ...rest, ...extra }));
      return fc.record({
        prompt: fc.constant(prompt),
        negativePrompt: fc.constantFrom("", "blur, text"),
        regions: fc
          .array(region, { maxLength: 4 })
          .chain((regions) =>
            fc.boolean().map((named) => regions.map((r, i) => ({ id: named ? `Box "${i}"` : `box-${i + 1}`, ...r }))),
          ),
        settings: fc
          .record({
            width: fc.constantFrom(64, 512, 2048),
            height: fc.constantFrom(64, 768),
            steps: fc.constant(steps),
            guidanceScale: fc.double({ min: 1, max: 50, noNaN: true }),
            scheduler: fc.constantFrom(...SCHEDULERS),
            spacing: fc.constantFrom({ karras: false }, { karras: true }, ...others),
            clipSkip: fc.integer({ min: 1, max: 12 }),
            promptWeights: fc.boolean(),
            guidanceRescale: fc.constantFrom({}, { guidanceRescale: 0.7 }),
            guidance: fc.record({
              method: fc.constantFrom(...METHODS),
              nu: fc.double({ min: 0, max: 10, noNaN: true }),
              injectionSteps: stepRange(steps),
              eta: fc.double({ min: 0, max: 50, noNaN: true }),
              lossSteps: stepRange(steps),
            }),
          })
          .map(({ spacing, guidanceRescale, ...rest }) => ({ ...rest, ...spacing, ...guidanceRescale })),
      });
    });

  test("writes what parseScene reads back, under whatever defaults", () => {
    const sampling = { scheduler: "ddim", spacing: "simple", guidanceRescale: 0.5 } as const;
    const other = { ...DEFAULT_SETTINGS, width: 64, steps: 7, ...sampling };
    fc.assert(
      fc.property(scene, (scene) => {
        const text = JSON.stringify(serializeScene(scene, ["1", "2", "3", "9"]));
        expect(parseSceneText(text, other)).toEqual({ scene, seeds: ["1", "2", "3", "9"] });
      }),
      { numRuns: 300 },
    );
  });

  test("prefers phrases a person can read to character ranges", () => {
    const scene = parseScene(
      {
        prompt: "a cat, a cat",
        boxes: [
          { phrase: "cat", occurrence: 2, box: [0, 0, 0.5, 1], name: "second" },
          { span: [2, 4], box: [0.5, 0, 0.5, 1] },
        ],
      },
      DEFAULT_SETTINGS,
    );
    expect(serializeScene(scene).boxes).toEqual([
      { name: "second", phrase: "cat", occurrence: 2, box: [0, 0, 0.5, 1] },
      { span: [2, 4], box: [0.5, 0, 0.5, 1] },
    ]);
  });
});
