/** The layout in another shape of picture, and the colour of a box. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { namedColor } from "../../src-renderer/state/colors.ts";
import { type Document, EMPTY_DOCUMENT, fromDraft, toDraft } from "../../src-renderer/state/document.ts";
import { addBox, bindBoxes, changeSettingsOf, moveBoxes } from "../../src-renderer/state/edits.ts";

const side = fc.integer({ min: 1, max: 32 }).map((n) => n * 64);
const size = fc.record({ width: side, height: side });
const part = fc.double({ min: 0, max: 1, noNaN: true });
const place = fc.record({ x: part, y: part, width: part, height: part });

const made = (places: { x: number; y: number; width: number; height: number }[], settings: object): Document =>
  places.reduce((document, box, i) => addBox(`box-${i}`, box)(document), changeSettingsOf(settings)(EMPTY_DOCUMENT));
const placesOf = ({ boxes }: Document) => boxes.map(({ box }) => box);

test("after any sizes, the first one again gives back the layout that was made by hand, exactly", () => {
  fc.assert(
    fc.property(fc.array(place, { maxLength: 4 }), size, fc.array(size, { maxLength: 8 }), (places, first, others) => {
      const document = made(places, first);
      const back = [...others, first].reduce((now, next) => changeSettingsOf(next)(now), document);
      expect(placesOf(back)).toEqual(placesOf(document));
    }),
  );
});

test("where a box comes to lie does not depend on the sizes that were tried on the way", () => {
  fc.assert(
    fc.property(place, size, fc.array(size, { maxLength: 6 }), size, (box, first, others, last) => {
      const document = made([box], first);
      const direct = changeSettingsOf(last)(document);
      const around = [...others, last].reduce((now, next) => changeSettingsOf(next)(now), document);
      expect(placesOf(around)).toEqual(placesOf(direct));
    }),
    { examples: [[{ x: 0, y: 0, width: 0, height: 0 }, { width: 320, height: 320 }, [{ width: 2048, height: 2048 }], { width: 128, height: 64 }]] }, // prettier-ignore
  );
});

test("a box that is moved by hand in between starts from there; the others go back, also when the project was closed meanwhile", () => {
  const square = { width: 512, height: 512 };
  const wide = { width: 1024, height: 256 };
  const document = made(
    [
      { x: 0.1, y: 0.1, width: 0.4, height: 0.4 },
      { x: 0.5, y: 0.5, width: 0.3, height: 0.3 },
    ],
    square,
  );
  const turned = moveBoxes(["box-0"], 0.05, 0)(changeSettingsOf(wide)(document));
  const back = changeSettingsOf(square)(fromDraft(toDraft(turned)));
  expect(back.boxes[1]!.box).toEqual(document.boxes[1]!.box);
  expect(back.boxes[0]!.box).not.toEqual(document.boxes[0]!.box);
});

test("a box has the colour that its words name, the first one of several; other words name none", () => {
  expect(["a red circle", "Navy coat", "golden moon", "purple and red"].map(namedColor)).toEqual([0, 1, 2, 4]);
  expect(["black cat", "a credit card", ""].map(namedColor)).toEqual([undefined, undefined, undefined]);
  const prompt = "a green star and a star";
  const bound = addBox("box-0", { x: 0, y: 0, width: 0.2, height: 0.2 }, [{ start: 2, end: 12 }])({
    ...EMPTY_DOCUMENT,
    prompt,
  });
  expect(bound.boxes[0]!.color).toBe(3);
  const later = bindBoxes(["box-1"], { start: 2, end: 12 })(addBox("box-1", bound.boxes[0]!.box)(bound));
  expect(later.boxes[1]!.color).toBe(3);
});
