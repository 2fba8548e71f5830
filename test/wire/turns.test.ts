/** Tasks one after another. */
import { expect, test } from "vitest";
import { Turns } from "../../src-main/wire/turns.ts";

test("a task begins when those before it have ended, whether well or not", async () => {
  const turns = new Turns();
  const told: string[] = [];
  const slow = turns.take(async () => {
    told.push("slow begins");
    await new Promise((resolve) => setTimeout(resolve, 20));
    told.push("slow ends");
    throw new Error("slow failed");
  });
  const quick = turns.take(() => told.push("quick"));
  expect(told).toEqual([]); // not before the caller goes on
  await expect(slow).rejects.toThrow("slow failed");
  expect(await quick).toBe(3);
  expect(told).toEqual(["slow begins", "slow ends", "quick"]);
});

test("idle waits for all that was given, and tells of no failure", async () => {
  const turns = new Turns();
  let isDone = false;
  turns.take(() => Promise.reject(new Error("no"))).catch(() => undefined);
  void turns.take(() => (isDone = true));
  await turns.idle();
  expect(isDone).toBe(true);
});
