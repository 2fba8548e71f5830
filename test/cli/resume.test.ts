/** `render --resume`: a run that was killed goes on where it stopped, to the pictures of one that never was. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { render, type StartEngine } from "../../src-main/cli/render.ts";
import { startEngine } from "../../src-main/engine/host.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { fakeTerminal } from "./fakes.ts";

vi.setConfig({ testTimeout: 120_000 });

/** So many that an engine that is told to die in the fourth has some left, however late it hears of it. */
const STEPS = 16;

function folderWithScene() {
  const folder = mkdtempSync(join(tmpdir(), "diorama-resume-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const scene = join(folder, "scene.json");
  writeFileSync(scene, JSON.stringify({ prompt: "a red {circle|star} and a moon", boxes: [{ phrase: "moon", box: [0, 0, 0.5, 0.5] }] })); // prettier-ignore
  const draw = async (out: string, args: string[], start: StartEngine = startEngine) => {
    const { terminal, written } = fakeTerminal({});
    const fixed = ["--model", "test/goldens/tiny-sd", "--provider", "cpu", "--steps", `${STEPS}`, "--size", "64x64"];
    const argv = [scene, "--out", join(folder, out), "--json", "--scheduler", "dpmpp-sde", ...fixed, ...args];
    const code = await render(argv, terminal, (options) => start({ ...options, onLine: () => undefined }));
    const events = written.stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);
    return { code, written, events };
  }; // prettier-ignore
  const files = (out: string) => readdirSync(join(folder, out)).sort();
  const pictures = (out: string) =>
    files(out).filter((name) => name.endsWith(".png")).map((name) => [name, decodePng(readFileSync(join(folder, out, name))).pixels] as const); // prettier-ignore
  return { folder, scene, draw, files, pictures };
}

/** An engine that is killed at so many steps, and keeps a state after every step, as seconds of drawing would give. */
function dyingAt(step: number): StartEngine {
  let steps = 0;
  return async (options) => {
    const engine = await startEngine(options);
    engine.on("step", () => {
      if (++steps === step) engine.kill();
    });
    const generate: typeof engine.api.generate = (request) => engine.api.generate({ ...request, keepEvery: 0 });
    return {
      on: engine.on.bind(engine),
      kill: () => engine.kill(),
      stop: () => engine.stop(),
      api: { ...engine.api, generate },
    };
  };
}

test("killed in the middle of the third of four pictures, it goes on there, to the same pictures", async () => {
  const s = folderWithScene();
  expect((await s.draw("whole", ["--seeds", "1,2"])).code).toBe(0);
  expect((await s.draw("cut", ["--seeds", "1,2"], dyingAt(2 * STEPS + 4))).code).not.toBe(0);
  expect(s.files("cut")).toEqual(expect.arrayContaining([".scene.unfinished.json", ".scene.unfinished.state"]));
  expect(s.pictures("cut")).toHaveLength(2);
  const other = await s.draw("cut", ["--seeds", "1-3", "--resume"]);
  expect([other.code, other.written.stdout + other.written.stderr]).toEqual([2, expect.stringContaining("had another scene, other options or seeds")]); // prettier-ignore
  const resumed = await s.draw("cut", ["--seeds", "1,2", "--resume"]);
  expect(resumed.code).toBe(0);
  const made = resumed.events.filter(({ event }) => event === "step");
  expect(made[0]).toMatchObject({ seed: "1" });
  expect(Number(made[0]!["step"])).toBeGreaterThan(2);
  expect(resumed.events.at(-1)).toMatchObject({ finished: 2, requested: 2 });
  expect(s.pictures("cut")).toEqual(s.pictures("whole"));
  expect(s.files("cut").filter((name) => name.startsWith("."))).toEqual([]);
});

test("a grid that was killed goes on in the cell where it stopped, to the same pictures and the same sheet of them", async () => {
  const s = folderWithScene();
  const grid = join(s.folder, "grid.json");
  writeFileSync(grid, JSON.stringify({ rows: { prompts: true }, columns: { method: ["none", "ilgd"] }, seed: "7" }));
  const args = ["--grid", grid];
  expect((await s.draw("whole", args)).code).toBe(0);
  expect((await s.draw("cut", args, dyingAt(2 * STEPS + 3))).code).not.toBe(0);
  expect(s.files("cut").filter((name) => name.startsWith("."))).toEqual([".scene-grid.unfinished.json", ".scene-grid.unfinished.state"]); // prettier-ignore
  expect(s.pictures("cut")).toHaveLength(2);
  const other = await s.draw("cut", [...args, "--resume", "--eta", "0.5"]);
  expect([other.code, other.written.stdout + other.written.stderr]).toEqual([2, expect.stringContaining("The grid of scene that was cut off")]); // prettier-ignore
  // What is no picture any more is drawn again, like those that were not there yet.
  rmSync(
    join(
      s.folder,
      "cut",
      s.files("cut").find((name) => name.includes("seed7"))!,
    ),
  );
  const resumed = await s.draw("cut", [...args, "--resume"]);
  expect(resumed.code).toBe(0);
  const steps = resumed.events.filter(({ event }) => event === "step");
  expect(steps.map(({ index, step }) => `${String(index)} ${String(step)}`)).not.toContain("2 1");
  expect(resumed.events.at(-1)).toMatchObject({ finished: 4, requested: 4 });
  expect(s.pictures("cut")).toEqual(s.pictures("whole"));
  expect(s.pictures("cut").map(([name]) => name)).toContain("scene-grid.png");
  expect(s.files("cut").filter((name) => name.startsWith("."))).toEqual([]);
});

test("where nothing was cut off it says so, and what to do", async () => {
  const s = folderWithScene();
  const { code, written } = await s.draw("out", ["--resume"]);
  expect(code).toBe(2);
  expect(written.stdout + written.stderr).toContain("There is nothing to go on with: no run of scene was cut off in");
  const scouting = await s.draw("out", ["--resume", "--scout", "2"]);
  expect(scouting.written.stdout + scouting.written.stderr).toContain("--resume: does not go with --scout");
});
