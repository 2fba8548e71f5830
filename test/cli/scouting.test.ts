/** `render --scout ... --finish ...`: which seeds are finished, and that they become the pictures of a whole run. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { render } from "../../src-main/cli/render.ts";
import { chosenBy, readFinishRule, readScoutStep, type Scouted } from "../../src-main/cli/scouting.ts";
import { startEngine } from "../../src-main/engine/host.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { fakeTerminal } from "./fakes.ts";

test("rules and steps are read, and what is none is explained", () => {
  expect(readFinishRule("best:4")).toEqual({ kind: "best", count: 4 });
  expect(readFinishRule("boxes:70")).toEqual({ kind: "boxes", least: 0.7 });
  expect(readFinishRule("all")).toEqual({ kind: "all" });
  for (const text of ["best:0", "best", "boxes:101", "4", "best:4x"]) {
    expect(readFinishRule(text)).toBe(
      `expected best:4 (so many), boxes:70 (all boxes at least so far, in percent) or all, got "${text}"`,
    );
  }
  expect([readScoutStep("25"), readScoutStep("guided")]).toEqual([{ until: 25 }, { until: "guided" }]);
  expect(readScoutStep("0")).toEqual({ problem: 'expected a step such as 25, or guided, got "0"' });
});

test("a rule means the best, or those whose boxes all obey", () => {
  const scouted = [[0.9, 0.5], [0.75, 0.72], [0.2, 0.1], []].map((obedience, i) => {
    return { seed: String(i), obedience, state: new Uint8Array(), alternative: {} } as unknown as Scouted;
  }); // prettier-ignore
  const seeds = (text: string) => chosenBy(readFinishRule(text) as never, scouted).map(({ seed }) => seed);
  expect(seeds("best:2")).toEqual(["1", "0"]);
  expect(seeds("boxes:70")).toEqual(["1"]);
  expect(seeds("all")).toEqual(["1", "0", "2", "3"]);
});

test(
  "of three seeds the best is finished, to the picture that drawing it at once gives",
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "diorama-scout-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const scene = join(folder, "scene.json");
    const boxes = [{ phrase: "red circle", box: [0, 0, 0.5, 0.5] }];
    writeFileSync(scene, JSON.stringify({ prompt: "a red circle and a star", boxes }));
    const draw = async (out: string, ...args: string[]) => {
    const { terminal, written } = fakeTerminal({});
    const fixed = ["--model", "test/goldens/tiny-sd", "--provider", "cpu", "--steps", "5", "--size", "64x64"];
    const code = await render([scene, "--out", join(folder, out), "--json", ...fixed, ...args], terminal, (options) =>
      startEngine({ ...options, onLine: () => undefined }),
    );
    const events = written.stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);
    return { code, events, pixels: () => readdirSync(join(folder, out)).map((name) => decodePng(readFileSync(join(folder, out, name))).pixels) };
  }; // prettier-ignore
    const scouted = await draw("scouted", "--seeds", "4-6", "--scout", "guided", "--finish", "best:1");
    expect(scouted.code).toBe(0);
    const image = scouted.events.find(({ event }) => event === "image")!;
    const whole = await draw("whole", "--seeds", String(image["seed"]));
    expect(scouted.pixels()).toEqual(whole.pixels());
    expect(scouted.events.at(-1)).toMatchObject({ finished: 1, requested: 1 });
    expect((await draw("none", "--scout", "9")).code).toBe(2);
    expect((await draw("none", "--finish", "all")).code).toBe(2);
  },
);
