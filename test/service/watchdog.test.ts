/** A process that works on its calls one after the other, and one that does not answer any more. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Watchdog, type Silence } from "../../src-main/service/watchdog.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const silences: Silence[] = [];
  const dog = new Watchdog(
    (name) => (name === "long" ? 60_000 : 10_000),
    (silence) => silences.push(silence),
  );
  /** Begins a call; the function returned answers it. */
  const call = (name: string) => {
    const answer = Promise.withResolvers<string>();
    const done = dog.watch(name, { of: name }, () => answer.promise);
    return { done, answer: () => answer.resolve(name), fail: () => answer.reject(new Error("no")) };
  };
  return { silences, call };
}

test("what is answered in time is no silence, and its answer is passed on", async () => {
  const { silences, call } = watched();
  const first = call("quick");
  await vi.advanceTimersByTimeAsync(9_999);
  first.answer();
  expect(await first.done).toBe("quick");
  await vi.advanceTimersByTimeAsync(100_000);
  expect(silences).toEqual([]);
});

test("what is not answered is told once, with the call, and that it is over", async () => {
  const { silences, call } = watched();
  const first = call("quick");
  await vi.advanceTimersByTimeAsync(50_000);
  expect(silences).toMatchObject([{ name: "quick", request: { of: "quick" } }]);
  expect(silences[0]!.over.aborted).toBe(false);
  first.answer();
  await first.done;
  expect(silences[0]!.over.aborted).toBe(true);
});

test("a call that waits behind a long one is watched from when its turn comes", async () => {
  const { silences, call } = watched();
  const [long, quick] = [call("long"), call("quick")];
  await vi.advanceTimersByTimeAsync(59_000);
  long.answer();
  await long.done;
  await vi.advanceTimersByTimeAsync(9_000);
  expect(silences).toEqual([]);
  await vi.advanceTimersByTimeAsync(1_001);
  expect(silences.map(({ name }) => name)).toEqual(["quick"]);
  quick.fail();
  await expect(quick.done).rejects.toThrow("no");
  expect(silences[0]!.over.aborted).toBe(true);
});
