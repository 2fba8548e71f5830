/** One run or two: what is measured, compared and remembered, with a clock and runs that a test decides. */
import { describe, expect, test } from "vitest";
import { AppError } from "../../src-main/wire/errors.ts";
import { forcedRows, PairChoice, toldOfRows } from "../../src-main/engine/sessions/pairChoice.ts";

interface Machine {
  /** Seconds of each run of a form; those of the last from then on. */
  apart: readonly number[];
  together: readonly number[];
  numbers?: readonly number[];
  room?: boolean;
  fails?: Error;
}

/** A choice on a machine; `times` may be those that an earlier process left. */
function choiceOn(machine: Machine, times = new Map<string, number>()) {
  let clock = 0;
  const runs: string[] = [];
  const notes: string[] = [];
  const choice = new PairChoice("8x8 steering", false, {
    times,
    note: (text) => notes.push(text),
    hasRoom: () => Promise.resolve(machine.room ?? true),
    now: () => clock,
  });
  const form = (name: "apart" | "together", numbers: readonly number[]) => () => {
    const before = runs.filter((one) => one === name).length;
    runs.push(name);
    clock += machine[name][before] ?? machine[name].at(-1)!;
    if (name === "together" && machine.fails) return Promise.reject(machine.fails);
    return Promise.resolve({ name, numbers: Float32Array.from(numbers) });
  };
  const step = async (kind = "plain") => {
    const forms = {
      apart: form("apart", [3, -4]),
      together: form("together", machine.numbers ?? [3.003, -4]),
      numbersOf: ({ numbers }: { numbers: Float32Array }) => [numbers],
      rows: 2,
    };
    return (await choice.take(kind, forms)).name;
  };
  return { choice, step, runs, notes, times };
}

test("the first step is done both ways, the first runs of each not counting, and all steps as is faster", async () => {
  const fast = choiceOn({ apart: [90, 4, 5], together: [80, 3.5, 3] });
  expect([await fast.step(), await fast.step(), await fast.step()]).toEqual(["together", "together", "together"]);
  expect(fast.runs.slice(6)).toEqual(["together", "together"]);
  expect(fast.notes).toEqual([
    "both halves of a plain step at once, 8x8 steering: 3.000 s instead of 4.000, so at once",
  ]);
  const slow = choiceOn({ apart: [1, 4], together: [1, 4.5] });
  expect([await slow.step(), await slow.step()]).toEqual(["apart", "apart"]);
  expect(slow.runs.at(-1)).toBe("apart");
});

test("each kind of step is measured by itself, and what came of it holds in the next process", async () => {
  const first = choiceOn({ apart: [4], together: [3] });
  await first.step("plain");
  expect(first.choice.isTogether("plain")).toBe(true);
  expect(first.choice.isTogether("guided")).toBeUndefined();
  const next = choiceOn({ apart: [1], together: [9] }, first.times);
  expect(await next.step("plain")).toBe("together");
  expect(next.runs).toEqual(["together"]);
});

describe("one half after the other", () => {
  test.each([
    ["where both at once give other numbers", { numbers: [3.5, -4] }, /wrong by 0\.1/],
    ["where they give none", { numbers: [NaN, -4] }, /wrong by Infinity/],
    [
      "where memory runs out",
      { fails: new AppError("out-of-memory", "memory ran out.", {}) },
      /not here \(memory ran out/,
    ],
  ])("%s, without another try", async (_, trouble, note) => {
    const { step, runs, notes, times } = choiceOn({ apart: [4], together: [1], ...trouble });
    expect([await step(), await step()]).toEqual(["apart", "apart"]);
    expect(runs.filter((one) => one === "together")).toHaveLength(1);
    expect(notes.join()).toMatch(note);
    expect(choiceOn({ apart: [4], together: [1] }, times).choice.isTogether("plain")).toBe(false);
  });

  test("where too little memory is free, which is asked again", async () => {
    const machine = { apart: [4], together: [1], room: false };
    const { step, runs, notes } = choiceOn(machine);
    expect(await step()).toBe("apart");
    expect(runs).toEqual(["apart"]);
    expect(notes.join()).toMatch("too little memory is free");
    machine.room = true;
    expect(await step()).toBe("together");
  });

  test("where the last process ended in the middle of the try", async () => {
    const times = new Map<string, number>();
    const never = new Promise<never>(() => undefined);
    const { choice } = choiceOn({ apart: [4], together: [1] }, times);
    const forms = { apart: () => Promise.resolve(1), together: () => never, numbersOf: () => [], rows: 2 };
    void choice.take("guided", forms);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const next = choiceOn({ apart: [4], together: [1] }, times);
    expect(await next.step("guided")).toBe("apart");
    expect(next.runs).toEqual(["apart"]);
  });
});

test("a processor is never measured, and rows may be asked for anywhere", () => {
  expect(forcedRows("cpu", undefined)).toBe(1);
  expect(forcedRows("cuda", undefined)).toBeUndefined();
  expect(forcedRows("webgpu", "nonsense")).toBeUndefined();
  expect([forcedRows("cpu", "2"), forcedRows("webgpu", "1")]).toEqual([2, 1]);
  expect(toldOfRows("cpu", undefined)).toBe("");
  expect(toldOfRows("dml", undefined)).toMatch(/^Both halves of a step are one run where/);
  expect(toldOfRows("cpu", "2")).toBe("At most 2 rows of the network in one run, as DIORAMA_BATCH says.");
  expect(toldOfRows("cuda", "all")).toMatch(/^DIORAMA_BATCH is "all" and counts for nothing/);
});
