/** Whose turn it is, and from which checkpoint's jobs a worker takes the next one: plain functions. */
import { expect, test } from "vitest";
import { chooseOffer, type Offer, type Standing } from "../../src-main/pool/choice.ts";
import { placeOfScore, priorityOf } from "../../src-main/pool/turns.ts";

const standing: Standing = { open: "cat", openFor: 0, idleFor: 0, stay: 100, patience: 100 };
const offer = (hash: string, more: Partial<Offer> = {}): Offer => ({ hash, waiting: 5, urgency: 1, turn: 10, openElsewhere: 0, ...more }); // prettier-ignore

test("a place is read from the number that BullMQ keeps it by", () => {
  for (const [urgency, turn] of [["first", 0], ["usual", 7], ["later", 2 ** 19 - 1]] as const) {
    const score = priorityOf(urgency, turn) * 2 ** 32 + 12_345;
    expect(placeOfScore(score)).toEqual({ urgency: ["first", "usual", "later"].indexOf(urgency), turn });
  } // prettier-ignore
  // Beyond the last number that there is, pictures are drawn as they came, and no other urgency's.
  expect(priorityOf("usual", 2 ** 30)).toBeLessThan(priorityOf("later", 0));
  expect(priorityOf("later", 2 ** 30)).toBeLessThanOrEqual(2 ** 21);
});

test("what is open goes on, whatever was asked for earlier, until others have waited long", () => {
  const offers = [offer("cat", { turn: 20 }), offer("dog", { turn: 3 })];
  expect(chooseOffer(offers, standing)).toBe("cat");
  expect(chooseOffer(offers, { ...standing, openFor: 100 })).toBe("dog");
  expect(chooseOffer([offer("cat", { turn: 2 }), offer("dog", { turn: 3 })], { ...standing, openFor: 100 })).toBe(
    "cat",
  );
});

test("what is more urgent goes first, whatever is open", () => {
  expect(chooseOffer([offer("cat"), offer("dog", { urgency: 0 })], standing)).toBe("dog");
});

test("the last jobs of a checkpoint are left to those who have it open, for a while; what a dead worker left is not", () => {
  const few = offer("dog", { waiting: 2, openElsewhere: 2 });
  expect(chooseOffer([few], standing)).toBeUndefined();
  expect(chooseOffer([few], { ...standing, idleFor: 100 })).toBe("dog");
  expect(chooseOffer([{ ...few, turn: -1 }], standing)).toBe("dog");
  expect(chooseOffer([{ ...few, waiting: 3 }], standing)).toBe("dog");
  expect(chooseOffer([offer("cat", { waiting: 0 })], standing)).toBeUndefined();
});
