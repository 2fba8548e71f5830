/** `render --queue`: what a pool draws is saved like what this machine draws: sheets, grids, and runs that were cut off. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { DEMO_FOLDER, render } from "../../src-main/cli/render.ts";
import { readRenderOptions } from "../../src-main/cli/renderOptions.ts";
import { knownCheckpoint } from "../../src-main/pool/checkpoints.ts";
import type { DrawTask } from "../../src-main/pool/drawing.ts";
import { HashMemory } from "../../src-main/pool/hashMemory.ts";
import { eventually, poolAt, smallDrawing } from "../support/pool.ts";
import { startRedis, whyNoRedis } from "../support/redis.ts";
import { fakeEngine, fakeTerminal } from "./fakes.ts";

const SCENE = { prompt: "a red circle", boxes: [], width: 64, height: 64, steps: 2, method: "none" };

test.each(["scout", "enlarge", "vae", "taesd", "draft"])(
  "--%s says why it does not go with --queue, and what to do",
  (name) => {
    const value = name === "draft" ? [] : ["2"];
    const read = () => readRenderOptions(["scene.json", "--queue", "redis://x", `--${name}`, ...value]);
    expect(read).toThrow(new RegExp(`--${name}: does not go with --queue: .*(Draw|Have|Leave)`));
  },
);

describe.skipIf(whyNoRedis())("with a Redis", () => {
  async function pool() {
    const folder = mkdtempSync(join(tmpdir(), "diorama-in-pool-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { port, url } = await startRedis();
    const s = poolAt(port);
    const demo = await knownCheckpoint(DEMO_FOLDER, new HashMemory(join(folder, "hashes.json")));
    const small = smallDrawing("one", s.drawn);
    let spoiled: string | undefined;
    const draw: DrawTask = async (task, control) => {
      if (task.seed === spoiled) throw new Error("it does not fit into memory");
      const picture = await small(task, control);
      return { ...picture, record: { ...picture.record, model: { name: demo.name, hash: demo.sampled } } };
    };
    writeFileSync(join(folder, "scene.json"), JSON.stringify(SCENE));
    const run = async (...argv: string[]) => {
      const { terminal, written } = fakeTerminal();
      const { engine } = fakeEngine();
      const at = { ...terminal, cwd: folder, env: { HOME: folder, XDG_CONFIG_HOME: folder } };
      const code = await render(["scene.json", "--queue", url, ...argv], at, () => Promise.resolve(engine));
      return { code, said: written.stdout + written.stderr };
    };
    const files = () => readdirSync(join(folder, "out")).filter((name) => name.endsWith(".png"));
    const work = () => s.work("one", { draw, models: () => [demo] });
    const spoil = (seed: string | undefined) => void (spoiled = seed);
    return { ...s, run, folder, work, files: () => files().sort(), spoil };
  }

  test("a sheet of all pictures; one that failed leaves the others, and --resume asks for it alone", async () => {
    const s = await pool();
    await s.work();
    s.spoil("2");
    const first = await s.run("--seeds", "1-3", "--sheet");
    expect(first.said).toContain("1 picture could not be drawn: seed 2: it does not fit into memory");
    expect(first.code).toBe(1);
    expect(s.files()).toEqual(["scene-none-sheet.png", "scene-seed1-none.png", "scene-seed3-none.png"]);
    s.spoil(undefined);
    const drawn = s.drawn.length;
    const again = await s.run("--seeds", "1-3", "--sheet", "--resume");
    expect(again.code).toBe(0);
    expect(s.drawn.slice(drawn).map(({ seed }) => seed)).toEqual(["2"]);
    expect(s.files()).toContain("scene-seed2-none.png");
    expect(await s.client.redis.keys("diorama:picture:*")).toEqual([]);
  });

  test("a grid, whose cells are asked for together, and one picture of all of them", async () => {
    const s = await pool();
    writeFileSync(join(s.folder, "grid.json"), JSON.stringify({ rows: { steps: [1, 2] }, columns: { seeds: "1-2" } }));
    const drawing = s.run("--grid", "grid.json");
    await eventually(async () => expect((await s.client.state()).queues).toMatchObject([{ waiting: 4 }]));
    await s.work();
    expect((await drawing).code).toBe(0);
    expect(s.drawn).toHaveLength(4);
    expect(s.files()).toHaveLength(5);
    expect(s.files().filter((name) => name.includes("grid"))).toEqual(["scene-grid.png"]);
  });
});
