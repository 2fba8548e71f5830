/** Scenes of every kind for properties, made from the tables of settings: a new row is tried without a word here. */
import fc from "fast-check";
import type { FieldRule } from "../../src-main/scene/fields.ts";
import { EMBEDDING_SETTINGS, LORA_SETTINGS } from "../../src-main/scene/fileSettings.ts";
import { REGION_SETTINGS } from "../../src-main/scene/regionSettings.ts";
import { AREA_SETTINGS, REDRAW_SETTINGS, START_SETTINGS } from "../../src-main/scene/startSettings.ts";
import { isGuidance, rowOf, SETTING_NAMES, SETTINGS } from "../../src-main/scene/settings.ts";
import { areOnOneLine, paintedOf, type RegionShape } from "../../src-main/scene/shapes.ts";

/** One in `often` values is beyond what the rules allow, or at odds with another. */
export interface Wildness {
  often: number;
}

const oddly = <T, U>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<U>, { often }: Wildness): fc.Arbitrary<T | U> =>
  fc.oneof({ weight: often, arbitrary: usual }, { weight: 1, arbitrary: odd });

const rangeOf = (least: number, most: number): fc.Arbitrary<{ start: number; end: number }> =>
  fc
    .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
    .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
/** Shapes of every kind. */
export const anyShape: fc.Arbitrary<RegionShape> = fc.oneof(
  fc.constant<RegionShape>({ kind: "ellipse" }),
  fc
    .array(fc.record({ x: fraction, y: fraction }), { minLength: 3, maxLength: 12 })
    .filter((points) => !areOnOneLine(points))
    .map((points): RegionShape => ({ kind: "polygon", points })),
  fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.infiniteStream(fc.boolean()))
    .map(([width, height, bits]): RegionShape => {
      const set = Uint8Array.from({ length: width * height }, () => (bits.next().value ? 1 : 0));
      set[set.length - 1] ||= set.includes(1) ? 0 : 1;
      return paintedOf({ width, height, set })!;
    }),
);
const oddShape = fc.constantFrom<unknown>(
  "circle",
  { kind: "star" },
  { kind: "ellipse", points: [] },
  { kind: "polygon", points: [{ x: 0, y: 0 }, { x: 1, y: 1 }] },
  { kind: "polygon", points: [{ x: 0, y: -0 }, { x: 1, y: 2 }, { x: 0, y: 1 }] },
  { kind: "polygon", points: [{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 0.5, y: 0.5 }] },
  { kind: "painted", width: 2, height: 2, cells: "4" },
  { kind: "painted", width: 300, height: 2, cells: "1 599" },
); // prettier-ignore

/** Values of a rule as messages carry them, in a run of `steps`. */
function valueOf(rule: FieldRule, steps: number, wild: Wildness): fc.Arbitrary<unknown> {
  switch (rule.kind) {
    case "number": {
      const { min, max } = rule;
      const unit = rule.multipleOf ?? (rule.integer ? 1 : undefined);
      const inside =
        unit === undefined
          ? fc.oneof(fc.double({ min, max, noNaN: true }), fc.constantFrom(min, max, 1))
          : fc.integer({ min: Math.ceil(min / unit), max: Math.floor(max / unit) }).map((n) => n * unit);
      const outside = fc.constantFrom(-0, min - 1, max + 1, 2 * max, min + 0.3, NaN, Infinity, 32, 4096);
      return oddly(inside, outside, wild);
    }
    case "choice":
      return oddly(fc.constantFrom(...rule.of), fc.constantFrom("warp", ""), wild);
    case "boolean":
      return fc.boolean();
    case "stepRange":
      return oddly(rangeOf(0, steps), rangeOf(0, 2 * steps), wild);
    case "share":
      return fc
        .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1, 0.25))
        .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
    case "shape":
      return oddly(anyShape, oddShape, wild);
    case "seed":
      return oddly(
        fc.bigInt(0n, 2n ** 64n - 1n).map(String),
        fc.constantFrom("", "-1", "01", "18446744073709551616", "7 "),
        wild,
      );
    case "text": {
      const words = fc.constantFrom("ink", "a (green:1.2) glass", "Ünder 猫", "../a b.safetensors");
      const odd = fc.constantFrom("", " ", "\n", "\0", "__proto__", "\ud800", "x".repeat(rule.longest + 1));
      return rule.pattern?.includes("0-9a-f") === true
        ? oddly(
            fc.constantFrom("a", "0").map((digit) => digit.repeat(64)),
            fc.constant("A"),
            wild,
          )
        : oddly(words, odd, wild);
    }
  }
}

/** An object of a table's rows; those that may be left out are, now and then. */
function fieldsOf(rows: Record<string, FieldRule>, steps: number, wild: Wildness) {
  const names = Object.keys(rows);
  const values = names.map((name) => [name, valueOf(rows[name]!, steps, wild)] as const);
  const required = names.filter((name) => !("nothing" in rows[name]!) && !("before" in rows[name]!));
  return fc.record(Object.fromEntries(values), { requiredKeys: required });
}

const side = (wild: Wildness) =>
  oddly(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1, -0, 0.7), wild);
/** Boxes that lie inside, some by a rounding outside. */
const boxOf = (wild: Wildness) =>
  fc
    .record({
      x: side(wild),
      y: side(wild),
      wide: side(wild),
      high: side(wild),
      slip: fc.constantFrom(0, 0, 9e-10, 2e-9),
    })
    .map(({ x, y, wide, high, slip }) => ({ x, y, width: wide * (1 - x) + slip, height: high * (1 - y) }))
    .map((box) => ({ ...box, width: Math.min(1, box.width) }));

const WORDS = ["a", "cat", "cat's", "red", "Ünder", "(x)", "[y]", "7", "猫", "🐈", "and", "  ", "\n", "BREAK"];
const promptText = fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map((words) => words.join(" "));

function regionOf(prompt: string, steps: number, wild: Wildness) {
  const span = fc
    .tuple(fc.nat(Math.max(0, prompt.length - 1)), fc.integer({ min: 1, max: 9 }))
    .map(([start, size]) => ({ start, end: Math.min(prompt.length, start + size) }));
  const id = oddly(
    fc.constantFrom("box-1", "box-2", "box-3", "left", 'Box "x"', "猫", "y".repeat(200)),
    fc.constantFrom("", "a\nb", "__proto__", "z".repeat(201)),
    wild,
  );
  return fc
    .record({
      id,
      box: boxOf(wild),
      spans: fc.array(span, { minLength: prompt === "" ? 0 : 1, maxLength: 4 }),
      fields: fieldsOf(REGION_SETTINGS, steps, wild),
    })
    .map(({ fields, ...rest }) => ({ ...rest, ...fields }));
}

/** What may come as a scene: most of it is one, whatever `wild` adds. */
export function anyScene(wild: Wildness): fc.Arbitrary<unknown> {
  const rowsWhere = (guidance: boolean) =>
    Object.fromEntries(SETTING_NAMES.filter((n) => isGuidance(n) === guidance).map((n) => [n, rowOf(n)]));
  const ofRun = fc.record({ prompt: promptText, steps: fc.integer({ min: SETTINGS.steps.min, max: 60 }) });
  return ofRun.chain(({ prompt, steps }) => {
    const settings = fc
      .record({
        fields: fieldsOf(rowsWhere(false), steps, wild),
        guidance: fieldsOf(rowsWhere(true), steps, wild),
        loras: fc.array(fieldsOf(LORA_SETTINGS, steps, wild), { maxLength: 2 }),
        embeddings: fc.array(fieldsOf(EMBEDDING_SETTINGS, steps, wild), { maxLength: 2 }),
        spaced: fc.boolean(),
      })
      .map(({ fields, guidance, loras, embeddings, spaced }) => {
        const { spacing, ...rest } = fields;
        // Both at once are refused, which a scene now and then shall show.
        const either = spacing === undefined || !spaced ? { karras: rest["karras"] } : { karras: false, spacing };
        return { ...rest, ...either, steps, guidance, ...(loras.length > 0 ? { loras } : {}), embeddings };
      });
    const start = fc
      .record({
        fields: fieldsOf(START_SETTINGS, steps, wild),
        redraw: fc.option(
          fc
            .record({
              fields: fieldsOf(REDRAW_SETTINGS, steps, wild),
              areas: fc.array(fc.tuple(boxOf(wild), fieldsOf(AREA_SETTINGS, steps, wild)), {
                minLength: 1,
                maxLength: 3,
              }),
            })
            .map(({ fields, areas }) => ({ ...fields, areas: areas.map(([box, more]) => ({ box, ...more })) })),
          { nil: undefined },
        ),
      })
      .map(({ fields, redraw }) => ({ path: "a.png", ...fields, ...(redraw ? { redraw } : {}) }));
    const scene = fc.record({
      prompt: fc.constant(prompt),
      negativePrompt: fc.constantFrom("", "blur, text", "[mist]"),
      regions: fc.uniqueArray(regionOf(prompt, steps, wild), { selector: ({ id }) => id, maxLength: 4 }),
      settings,
    });
    return fc
      .tuple(scene, oddly(fc.constant(undefined), start, { often: 3 }))
      .map(([all, from]) => ({ ...all, ...(from ? { start: from } : {}) }));
  });
}
