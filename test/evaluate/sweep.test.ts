/** The search for each method's best settings, and what methods cost. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { METHODS } from "../../src-main/scene/methods.ts";
import { makeScenes } from "../../tools/evaluate/makeScenes.ts";
import { planJobs, type Job } from "../../tools/evaluate/jobs.ts";
import { readEvaluateOptions } from "../../tools/evaluate/options.ts";
import { planRun } from "../../tools/evaluate/plan.ts";
import { readBest, sweepOf, writeBest, type Best } from "../../tools/evaluate/sweep.ts";
import { axesOf } from "../../tools/evaluate/sweepGrid.ts";
import { actingSteps, costs } from "../../tools/evaluate/timing.ts";
import { LOSS_VARIANTS, methodVariant, VARIANT_NAMES } from "../../tools/evaluate/variants.ts";
import { keyOf, type Entry } from "../../tools/evaluate/verdictLog.ts";

const folder = mkdtempSync(join(tmpdir(), "diorama-sweep-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const scenes = makeScenes(7).slice(0, 4);
const read = (...argv: string[]) => readEvaluateOptions(argv, "/home/me") as Exclude<ReturnType<typeof readEvaluateOptions>, "help">; // prettier-ignore

/** Verdicts of pictures in which every thing lies the better, the nearer `merit` is to 1. */
function verdictsOf(jobs: readonly Job[], merit: (job: Job) => number, verdicts: Map<string, Entry>) {
  for (const job of jobs) {
    const { key, scene, variant, seed } = job;
    const shift = 0.5 * (1 - merit(job));
    const detections = scene.things.map(({ colour, icon, box }) => ({ colour, icon, box: { ...box, x: box.x + shift * box.width }, confidence: 1 })); // prettier-ignore
    const picture = { background: scene.background, detections, contrast: 0, saturation: 0, features: [] };
    verdicts.set(key, { key, scene: scene.id, variant: variant.name, seed, seconds: 1, width: 64, height: 64, ...picture });
  }
} // prettier-ignore

test("one setting after the other is tried, the rest as found so far, and nothing is drawn twice", async () => {
  const verdicts = new Map<string, Entry>();
  let drawn = 0;
  const draw = (jobs: readonly Job[]) => {
    const missing = jobs.filter(({ key }) => !verdicts.has(key));
    drawn += missing.length;
    const merit = ({ variant }: Job) => {
      const { nu, injectionSteps } = variant.settings.guidance;
      return (nu === 2 ? 0.5 : 0.2) + (injectionSteps.end === 25 ? 0.3 : 0);
    };
    verdictsOf(missing, merit, verdicts);
    return Promise.resolve(true);
  };
  const sweep = { scenes, settings: DEFAULT_SETTINGS, seeds: ["1"], modelHash: "m", draw, verdicts };
  const found = await sweepOf("injection", sweep);
  expect(found!.best).toEqual({ nu: 2, injectionSteps: { start: 1, end: 25 } });
  expect(found!.trials[0]).toMatchObject({ changes: { nu: 1 }, adherence: 1 });
  // Three of nu; [1, 11) was drawn with nu 2 already.
  expect(drawn).toBe(scenes.length * 5);
  expect(await sweepOf("injection", { ...sweep, draw: () => Promise.resolve(false) })).toBeUndefined();
  expect(await sweepOf("none", sweep)).toEqual({ best: {}, trials: [] });
});

test("what was found is kept by a trial a line, and belongs to its checkpoint", async () => {
  const trial = { changes: { eta: 2 }, ap: 0.5, iou: 0.4, adherence: 1 };
  const best: Best = {
    ...{ modelHash: "m", steps: 50 },
    variants: {
      loss: { scenes: 4, sceneSeed: 7, best: { eta: 2, lossSteps: { start: 6, end: 49 } }, trials: [trial, trial] },
    },
  };
  const file = join(folder, "best.json");
  await writeBest(best, file);
  expect(await readBest("m", file)).toEqual(best);
  expect(await readBest("other", file)).toBeUndefined();
  expect(await readBest("m", join(folder, "none.json"))).toBeUndefined();

  const options = read("--methods", "loss,ilgd");
  const plan = planRun(options, { scenes, allScenes: scenes, settings: DEFAULT_SETTINGS, modelHash: "m", best });
  expect(plan.methods[0]!.settings.guidance).toMatchObject({ method: "loss", eta: 2, lossSteps: { start: 6, end: 49 } }); // prettier-ignore
  expect(plan.methods[1]!.settings).toEqual(methodVariant("ilgd", DEFAULT_SETTINGS, 2).settings);
  const short = { ...DEFAULT_SETTINGS, steps: 20 };
  const fewer = planRun(options, { scenes, allScenes: scenes, settings: short, modelHash: "m", best });
  expect(fewer.methods[0]!.settings.guidance).toMatchObject({ eta: 1.15, lossSteps: { start: 2, end: 20 } });
});

test("every method has something to try or no settings, and losses are variants of their own", () => {
  for (const name of METHODS.filter((method) => method !== "none")) expect(axesOf(name).length).toBeGreaterThan(0);
  expect(axesOf("none")).toEqual([]);
  for (const name of LOSS_VARIANTS) expect(axesOf(name).length).toBeGreaterThan(0);
  const [scene] = scenes;
  const keys = ["ilgd", ...LOSS_VARIANTS].map((name) => keyOf(scene!, methodVariant(name, DEFAULT_SETTINGS, 2).settings, "1", "m")); // prettier-ignore
  expect(new Set(keys).size).toBe(keys.length);
});

test("options choose methods, losses, all of them, and sets", () => {
  expect(read("--methods", "none,ilgd:area").methods).toEqual(["none", "ilgd:area"]);
  expect(read("--methods", "all,ilgd:log").methods).toEqual([...METHODS, "strong-loss", "ilgd:log"]);
  expect(VARIANT_NAMES).toContain("loss:refined");
  expect(() => read("--methods", "ilgd:aera")).toThrow('did you mean "ilgd:area"');
  expect(read("--set", "shapes").set).toBe("shapes");
  expect(() => read("--sweep", "--eta", "2")).toThrow("leave --nu and --eta out");
  expect(() => read("--sweep", "--best")).toThrow("give one of them");
  expect(() => read("--timing", "--methods", "ilgd")).toThrow("name none among the --methods");
});

test("a method's cost is against the same scene's plain picture, and of the steps in which it acts", () => {
  const range = { start: 1, end: 3 };
  const settings = { ...DEFAULT_SETTINGS, steps: 4, guidance: { ...DEFAULT_SETTINGS.guidance, lossSteps: range } };
  const variants = ["none", "ilgd"].map((name) => methodVariant(name, settings, 2));
  expect(actingSteps(variants[1]!.settings)).toEqual(range);
  expect(actingSteps(variants[0]!.settings)).toBeUndefined();
  const jobs = planJobs(scenes.slice(0, 3), variants, ["1"], "m");
  const drawn = jobs.map((job, i) => {
    const busy = 1 + Math.floor(i / 2); // each scene found the machine busier
    const steps = job.variant.name === "none" ? [9, 1, 1, 1] : [9, 2, 2, 1];
    const elapsed = steps.map((_, k) => busy * steps.slice(0, k + 1).reduce((a, b) => a + b, 0));
    return { job, elapsed };
  });
  expect(costs(drawn)).toEqual([
    { name: "none", pictures: 3, ratio: 1 },
    { name: "ilgd", pictures: 3, step: 2, ratio: 1.5 },
  ]);
});
