/** Groups of boxes, guides and the reference picture as parts of the document. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readBoxes, writeBoxes } from "../../src-renderer/state/clipboard.ts";
import { type Document, EMPTY_DOCUMENT, fromDraft, toDraft } from "../../src-renderer/state/document.ts";
import { addBox, pasteBoxes, removeBoxes } from "../../src-renderer/state/edits.ts";
import type { Edit } from "../../src-renderer/state/edits.ts";
import {
  groupBoxes,
  groupOf,
  raise,
  reorderBox,
  reorderGroup,
  ungroupBoxes,
  unitsOf,
  withMates,
} from "../../src-renderer/state/groups.ts";
import { addGuide, guideAt, moveGuide, ticksOf } from "../../src-renderer/state/guides.ts";
import { readGuides } from "../../src-renderer/state/parts.ts";
import { readReference, sizeOfWebp } from "../../src-renderer/state/reference.ts";
import { snapMove } from "../../src-renderer/state/snapping.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const BOX = { x: 0.1, y: 0.1, width: 0.2, height: 0.2 };
const five = NAMES.reduce((now, id) => addBox(id, BOX)(now), EMPTY_DOCUMENT);
const order = ({ boxes }: Document) => boxes.map(({ id, group }) => (group === undefined ? id : `${id}:${group}`));
const after = (...edits: Edit[]) => edits.reduce((now, edit) => edit(now), five);

test("a group lies together where its uppermost box was", () => {
  expect(order(after(groupBoxes(["a", "c"], "g")))).toEqual(["b", "a:g", "c:g", "d", "e"]);
});

test("one box is no group, and a group is not grouped again", () => {
  expect(groupBoxes(["a"], "g")(five)).toBe(five);
  const grouped = after(groupBoxes(["a", "b"], "g"));
  expect(groupBoxes(["b", "a"], "h")(grouped)).toBe(grouped);
  expect(order(after(groupBoxes(["a", "b"], "g"), groupBoxes(["a", "b", "c"], "h")))).toEqual([
    "a:h",
    "b:h",
    "c:h",
    "d",
    "e",
  ]);
});

test("ungrouping all of it dissolves it; one box of it leaves, above the rest", () => {
  expect(after(groupBoxes(["a", "b"], "g"), ungroupBoxes(["a", "b"])).groups).toEqual([]);
  expect(order(after(groupBoxes(["a", "b", "c"], "g"), ungroupBoxes(["a"])))).toEqual(["b:g", "c:g", "a", "d", "e"]);
});

test("selecting, and telling a whole group", () => {
  const grouped = after(groupBoxes(["b", "c"], "g"));
  expect(withMates(grouped, ["c", "e"])).toEqual(["b", "c", "e"]);
  expect(groupOf(grouped, ["c", "b"])?.id).toBe("g");
  expect(groupOf(grouped, ["c"])).toBeUndefined();
  expect(groupOf(grouped, ["b", "c", "d"])).toBeUndefined();
});

test("a step in the order takes a box past a whole group, a group past its neighbour, and a member only inside", () => {
  const grouped = groupBoxes(["b", "c"], "g");
  expect(order(after(grouped, raise(["a"], 1)))).toEqual(["b:g", "c:g", "a", "d", "e"]);
  expect(order(after(grouped, raise(["b", "c"], 1)))).toEqual(["a", "d", "b:g", "c:g", "e"]);
  expect(order(after(grouped, raise(["b"], 1)))).toEqual(["a", "c:g", "b:g", "d", "e"]);
  const top = after(grouped);
  expect(raise(["c"], 1)(top)).toBe(top);
});

test("a box that is dragged between two of a group joins it, and leaves it where it has none of them beside it", () => {
  const grouped = groupBoxes(["b", "c"], "g");
  expect(order(after(grouped, reorderBox("a", 1)))).toEqual(["b:g", "a:g", "c:g", "d", "e"]);
  expect(order(after(grouped, reorderBox("b", 4)))).toEqual(["a", "c:g", "d", "e", "b"]);
});

test("a group that is dragged never goes into another one", () => {
  const two = after(groupBoxes(["a", "b"], "g"), groupBoxes(["d", "e"], "h"));
  for (let to = 0; to < 5; to++) expect(unitsOf(reorderGroup("g", to)(two).boxes)).toHaveLength(3);
  expect(order(reorderGroup("g", 3)(two))).toEqual(["c", "d:h", "e:h", "a:g", "b:g"]);
});

test("whatever is done, each group has boxes, and they lie together", () => {
  const id = fc.constantFrom(...NAMES);
  const ids = fc.uniqueArray(id, { minLength: 1 });
  const edit = fc.oneof(
    // As in the window, where names of groups are made anew: none is given twice.
    fc.tuple(ids, fc.nat(99)).map(
      ([some, n]): Edit =>
        (document) =>
          document.groups.some(({ id }) => id === `g${n}`) ? document : groupBoxes(some, `g${n}`)(document),
    ),
    ids.map((some) => ungroupBoxes(some)),
    fc.tuple(id, fc.nat(6)).map(([one, to]) => reorderBox(one, to)),
    fc.tuple(ids, fc.constantFrom<1 | -1>(1, -1)).map(([some, by]) => raise(some, by)),
    id.map((one) => removeBoxes([one])),
    fc.tuple(ids, fc.nat(999)).map(([some, n]): Edit => (document) => {
      const copies = document.boxes.filter((box) => some.includes(box.id));
      const names = copies.map((_, i) => `copy ${n} ${i}`);
      return names.some((name) => document.boxes.some((box) => box.id === name))
        ? document
        : pasteBoxes(copies, names)(document);
    }),
  );
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
      const { boxes, groups } = after(...edits);
      const inUnits = unitsOf(boxes).flatMap(([first]) => first!.group ?? []);
      expect(new Set(inUnits).size).toBe(inUnits.length);
      expect(groups.map((group) => group.id).sort()).toEqual([...inUnits].sort());
      expect(new Set(boxes.map((box) => box.id)).size).toBe(boxes.length);
    }),
  );
});

test("copies of two or more boxes of a group are a group of the same name, here and in another window; one alone is none", () => {
  const grouped = after(groupBoxes(["a", "b"], "g"), (document) => ({
    ...document,
    groups: [{ id: "g", name: "pair", folded: false }],
  }));
  const text = writeBoxes(grouped.boxes.slice(0, 2), "", grouped.groups);
  const { boxes, groups } = readBoxes(text, "")!;
  const elsewhere = pasteBoxes(boxes, ["x", "y"], 0, groups)(EMPTY_DOCUMENT);
  expect(elsewhere.groups).toEqual([{ id: "group of x", name: "pair", folded: false }]);
  expect(elsewhere.boxes.map(({ group }) => group)).toEqual(["group of x", "group of x"]);
  const here = pasteBoxes(grouped.boxes.slice(0, 2), ["x", "y"])(grouped);
  expect(here.groups.map(({ id, name }) => [id, name])).toEqual([
    ["g", "pair"],
    ["group of x", "pair"],
  ]);
  expect(pasteBoxes(grouped.boxes.slice(0, 1), ["x"])(grouped).boxes.at(-1)!.group).toBeUndefined();
});

const guide = fc.record({ axis: fc.constantFrom<"x" | "y">("x", "y"), at: fc.double({ min: 0, max: 1, noNaN: true }) });

test("groups, guides and the reference picture are as they were when the project is opened again", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 2 }), fc.array(guide), (ids, guides) => {
      const document = { ...groupBoxes(ids, "g")(five), guides };
      const back = fromDraft(JSON.parse(JSON.stringify(toDraft(document))) as ReturnType<typeof toDraft>);
      expect(back).toEqual(document);
    }),
  );
});

test("what a project says of them may be anything: what is none of it is left out, and nothing fails", () => {
  const draft = toDraft(after(groupBoxes(["a", "b"], "g")));
  const id = fc.oneof(fc.constantFrom("g", "h", "", "__proto__"), fc.anything());
  const hostile = fc.oneof(
    fc.anything(),
    fc.array(fc.record({ id, name: fc.anything(), folded: fc.anything(), axis: fc.anything(), at: fc.anything() })),
    fc.record({ name: fc.anything(), data: fc.oneof(fc.string(), fc.anything()), opacity: fc.anything() }),
  );
  fc.assert(
    fc.property(hostile, hostile, hostile, id, (groups, guides, reference, group) => {
      const looks = Object.fromEntries(NAMES.map((name) => [name, { group }]));
      const document = fromDraft({ ...draft, editor: { looks, groups, guides, reference } });
      const named = new Set(document.groups.map((one) => one.id));
      for (const box of document.boxes) expect(box.group === undefined || named.has(box.group)).toBe(true);
      for (const { at } of document.guides) expect(at >= 0 && at <= 1).toBe(true);
      expect(document.boxes).toHaveLength(5);
    }),
  );
});

test("a draft without any of them says nothing of them, as drafts of earlier versions", () => {
  expect(Object.keys(toDraft(five).editor)).toEqual(["looks", "seedMode"]);
});

test("a guide that is moved out of the picture is gone; boxes fall on those that are there", () => {
  const document = addGuide({ axis: "x", at: 0.25 })(five);
  expect(moveGuide(0, 0.5)(document).guides).toEqual([{ axis: "x", at: 0.5 }]);
  expect(moveGuide(0, -0.01)(document).guides).toEqual([]);
  expect(addGuide({ axis: "y", at: 1.2 })(document)).toBe(document);
  const { box } = snapMove({ x: 0.262, y: 0.1, width: 0.03, height: 0.03 }, [], {
    reach: { x: 0.02, y: 0.02 },
    guides: document.guides,
  });
  expect(box.x).toBeCloseTo(0.25);
});

test("the guide that a pointer means is the nearest in reach", () => {
  const guides = readGuides([
    { axis: "x", at: 0.5 },
    { axis: "y", at: 0.52 },
    { axis: "z", at: 0 },
    { axis: "x", at: 2 },
  ]);
  expect(guides).toHaveLength(2);
  const reach = { x: 0.05, y: 0.05 };
  expect(guideAt(guides, { x: 0.53, y: 0.53 }, reach)).toBe(1);
  expect(guideAt(guides, { x: 0.51, y: 0.1 }, reach)).toBe(0);
  expect(guideAt(guides, { x: 0.1, y: 0.1 }, reach)).toBeUndefined();
});

test("a ruler's numbers have room, and its marks are whole pixels or halves of numbers that are", () => {
  fc.assert(
    fc.property(fc.integer({ min: 64, max: 2048 }), fc.double({ min: 0.05, max: 16, noNaN: true }), (length, zoom) => {
      const ticks = ticksOf(length, zoom);
      const numbers = ticks.filter(({ label }) => label !== undefined).map(({ at }) => at);
      expect(numbers[0]).toBe(0);
      if (numbers.length > 1 && numbers[1]! < 2000) expect(numbers[1]! * zoom).toBeGreaterThanOrEqual(56);
      expect(ticks.at(-1)!.at).toBeLessThanOrEqual(length);
      expect(ticks.length).toBeLessThan(5000);
    }),
  );
});

/** The head of a lossy WebP of this size; its pixels do not matter here. */
function webp(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(40);
  bytes.set(new TextEncoder().encode("RIFF____WEBPVP8 "));
  bytes.set([0x9d, 0x01, 0x2a, width & 255, width >> 8, height & 255, height >> 8], 23);
  return bytes;
}

test("a picture that claims more pixels than any of ours is not decoded, nor what is no picture", () => {
  expect(sizeOfWebp(webp(640, 480))).toEqual({ width: 640, height: 480 });
  const kept = (bytes: Uint8Array) => readReference({ name: "x", data: Buffer.from(bytes).toString("base64") });
  expect(kept(webp(640, 480))).toMatchObject({ name: "x", opacity: 1, fit: "fit", shown: true });
  expect(kept(webp(640, 480))!.data).not.toBe("");
  expect(kept(webp(16000, 16000))!.data).toBe("");
  expect(kept(new TextEncoder().encode("<svg onload=alert(1)>".padEnd(60)))!.data).toBe("");
  expect(readReference({ data: "A".repeat(600_000) })!.data).toBe("");
  expect(readReference("data:text/html,x")).toBeNull();
});
