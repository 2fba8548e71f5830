/** What is compared: at most twelve, in the order of the list they come from; what stays out is said. */
import { beforeEach, describe, expect, test } from "vitest";
import { Tray } from "../../src-renderer/state/tray.svelte.ts";

/** Newest first. */
const LIST = Array.from({ length: 30 }, (_, i) => 30 - i);
const said: string[] = [];

function tray(): Tray {
  const one = new Tray((ids) => Promise.resolve(ids.toSorted((a, b) => LIST.indexOf(a) - LIST.indexOf(b))));
  one.say = (text) => said.push(text);
  return one;
}

beforeEach(() => void said.splice(0));

describe("the tray", () => {
  test("keeps the first twelve of more in the list's order, and says how many stayed out", async () => {
    const one = tray();
    await one.toggle(LIST.slice(0, 20).reverse());
    expect(one.ids).toEqual(LIST.slice(0, 12));
    expect(said).toEqual([
      "Compare shows 12 pictures: the first 12 are in it, 8 more are not. Take some out to make room.",
    ]);
    await one.toggle([1]);
    expect(one.ids).toEqual(LIST.slice(0, 12));
    expect(said[1]).toContain("1 more is not");
    await one.toggle([30]);
    await one.toggle([1]);
    expect(one.ids).toEqual([...LIST.slice(1, 12), 1]);
    expect(said).toHaveLength(2);
  });

  test("puts what comes one by one where the list has it, also when it comes at once", async () => {
    const one = tray();
    await Promise.all([one.toggle([3]), one.toggle([9]), one.toggle([5])]);
    expect(one.ids).toEqual([9, 5, 3]);
    await one.toggle([5, 3]);
    expect(one.ids).toEqual([9]);
  });

  test("with an order of its own, such as that of tries, gets new ones at its end", async () => {
    const one = tray();
    one.show([4]);
    one.follow(20);
    one.follow(20);
    await one.toggle([25]);
    expect(one.ids).toEqual([4, 20, 25]);
    expect(said).toEqual([]);
  });

  test("lets the oldest try make room, never the picture that was tried, and says so", () => {
    const one = tray();
    one.show([1]);
    for (let id = 2; id <= 13; id++) one.follow(id);
    expect(one.ids).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    expect(said).toEqual(["Compare shows 12 pictures: the oldest try made room. It is still in Results."]);
  });
});
