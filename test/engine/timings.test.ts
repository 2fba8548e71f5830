/** What drawing took is known at the next start, for the checkpoint and the device that it took it on. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS, withSteps } from "../../src-main/scene/defaults.ts";
import type { LoadRequest } from "../../src-main/api/engine.ts";
import { Timings } from "../../src-main/engine/timings.ts";
import { temporaryFolder } from "../support/projects.ts";

const request: LoadRequest = { path: "/models/a", provider: "cpu", memory: "auto" };
const summary = { memory: "fast", precision: "float32" } as const;
const settings = withSteps(DEFAULT_SETTINGS, 4);

/** Times as another start of the program finds them. */
function start(file: string, now = () => 0) {
  const warnings: string[] = [];
  return { timings: new Timings(file, (message) => warnings.push(message), now), warnings };
}

function drawOnce(timings: Timings, model: LoadRequest, seconds: number): void {
  const estimator = timings.begin(model, summary);
  for (let step = 1; step < 4; step++) estimator.addStep(settings, step, seconds);
  estimator.addFinish(settings, 1);
  timings.note();
}

test("the first estimate of a start is what the machine needed last, by checkpoint and device", () => {
  const file = join(temporaryFolder(), "data", "timings.json");
  drawOnce(start(file).timings, request, 2);
  drawOnce(start(file).timings, { ...request, path: "/models/b" }, 7);
  const { timings, warnings } = start(file);
  expect(timings.begin(request, summary).remaining(settings)).toBe(9);
  expect(timings.begin({ ...request, path: "/models/b" }, summary).remaining(settings)).toBe(29);
  expect(timings.begin({ ...request, provider: "cuda" }, summary).remaining(settings)).toBeUndefined();
  expect(timings.begin(request, { ...summary, memory: "low" }).remaining(settings)).toBeUndefined();
  expect(warnings).toEqual([]);
});

test("a queue of small pictures writes now and then, and what came last is written when the checkpoint is closed", () => {
  const file = join(temporaryFolder(), "timings.json");
  let now = 0;
  const { timings } = start(file, () => now);
  const estimator = timings.begin(request, summary);
  const draw = (seconds: number) => {
    estimator.addFinish(settings, seconds);
    timings.note();
    return JSON.stringify(readFileSync(file, "utf8"));
  };
  const first = draw(1);
  now = 4_000;
  expect(draw(2)).toBe(first);
  now = 5_000;
  const later = draw(3);
  expect(later).not.toBe(first);
  now = 6_000;
  expect(draw(4)).toBe(later);
  timings.save();
  expect(JSON.stringify(readFileSync(file, "utf8"))).not.toBe(later);
});

test.each(["{", '{"version":1,"checkpoints":{"a":{"x":-1}}}', '{"version":2}'])(
  "a file that is not ours is told and replaced: %s",
  (text) => {
    const file = join(temporaryFolder(), "timings.json");
    writeFileSync(file, text);
    const { timings, warnings } = start(file);
    drawOnce(timings, request, 2);
    expect(warnings[0]).toMatch(/^the times of this machine cannot be read and are taken anew/);
    expect(start(file).timings.begin(request, summary).remaining(settings)).toBe(9);
  },
);

test("where nothing can be written, drawing goes on and it is told", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "file"), "");
  const { timings, warnings } = start(join(folder, "file", "timings.json"));
  drawOnce(timings, request, 2);
  expect(warnings.at(-1)).toMatch(/^the times of this machine could not be kept/);
});

test("a first step that is mostly preparation makes no estimate", () => {
  const estimator = new Timings(undefined, () => undefined).begin(request, summary);
  estimator.addFirstStep(settings, 0.4);
  expect(estimator.remaining(settings, 1)).toBeUndefined();
  estimator.addStep(settings, 1, 0.02);
  expect(estimator.remaining(settings, 2)).toBeLessThan(0.1);
});
