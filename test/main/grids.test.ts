/**
 * Grids with the real services and the demo model: cells are drawn as runs, one that fails leaves the others and is drawn again alone,
 * what is there is not drawn again, and what a kill cut off goes on.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import type { LoadRequest } from "../../src-main/api/engine.ts";
import { startEngine } from "../../src-main/engine/host.ts";
import { drawCells, keepGrid } from "../../src-main/main/gridDrawing.ts";
import { Jobs } from "../../src-main/main/jobs.ts";
import type { Grid } from "../../src-main/scene/grid.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { startStore } from "../../src-main/store/host.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { sampleDraft, temporaryFolder } from "../support/projects.ts";

vi.setConfig({ testTimeout: 120_000 });

const model: LoadRequest = {
  path: fileURLToPath(new URL("../../resources/models/demo", import.meta.url)),
  provider: "cpu",
  memory: "fast",
  threads: 1,
};
const how = { model, previewEvery: 0, attention: false };

async function program(folder: string, resolve: (scene: Scene) => Promise<Scene> = (scene) => Promise.resolve(scene)) {
  const engine = await startEngine({ onLine: () => undefined });
  const store = startStore({ dataFolder: join(folder, "data"), onLine: () => undefined });
  let onStep = (): void => undefined;
  const jobs = new Jobs({
    ...{ engine, store: store.api, keepEvery: 0, resolve },
    emit: (name) => {
      if (name === "step") onStep();
    },
  });
  const end = async () => {
    await Promise.all([engine.stop(), store.stop()]);
  };
  onTestFinished(end);
  const at = { store: store.api, jobs, nameOf: (request: LoadRequest) => engine.nameOf(request) };
  const { api } = store;
  const draw = async (id: number, only?: { row: number; column: number }[]) => {
    const begun = await drawCells(at, await api.readGrid({ id }), only, how, null);
    await jobs.settled();
    return begun.map(({ pictures }) => pictures.map(({ seed }) => seed));
  };
  const states = async (id: number) => (await api.readGrid({ id })).cells.map(({ outcome }) => outcome);
  return { api, at, engine, jobs, end, draw, states, listen: (act: () => void) => void (onStep = act) };
}

test("a grid is drawn, mended, widened, cut off and gone on with", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "p.diorama");
  let isLoraThere = false;
  const withLora = (scene: Scene) => {
    const isUsed = scene.settings.loras?.some(({ on, strength }) => on && strength > 0) ?? false;
    if (isUsed && !isLoraThere)
      throw new AppError("not-found", "The LoRA ink is not there.", { what: "lora", id: "ink" });
    const settings = { ...scene.settings };
    delete settings.loras;
    return Promise.resolve({ ...scene, settings });
  };
  const first = await program(folder, withLora);
  await first.api.createProject({ path, draft: sampleDraft(), replace: false });
  const { defaults } = await first.engine.load(model);
  const scene: Scene = {
    prompt: "a red circle",
    negativePrompt: "",
    regions: [],
    settings: { ...defaults, width: 64, height: 64, steps: 3, loras: [{ name: "ink", strength: 1, on: true }] },
  };
  const guidance = {
    ...scene.settings.guidance,
    injectionSteps: { start: 0, end: 2 },
    lossSteps: { start: 0, end: 2 },
  };
  scene.settings = { ...scene.settings, guidance };
  const grid: Grid = {
    rows: { kind: "lora", lora: "ink", strengths: [0, 1] },
    columns: { kind: "seeds", seeds: ["1", "2"] },
    seed: "1",
  };
  const asked = { name: "ink", scene, grid, model };
  const id = await keepGrid(first.at, asked);
  expect(await first.states(id)).toEqual(["none", "none", "none", "none"]);
  expect(await first.draw(id)).toEqual([
    ["1", "2"],
    ["1", "2"],
  ]);
  const { cells } = await first.api.readGrid({ id });
  expect(cells.map(({ outcome, why }) => [outcome, why])).toEqual([
    ["drawn", null],
    ["drawn", null],
    ["failed", "The LoRA ink is not there."],
    ["failed", "The LoRA ink is not there."],
  ]);
  // Alone, with its cause gone.
  isLoraThere = true;
  expect(await first.draw(id, [{ row: 1, column: 1 }])).toEqual([["2"]]);
  expect(await first.states(id)).toEqual(["drawn", "drawn", "failed", "drawn"]);
  // More columns, and only what is not there.
  const wider: Grid = { ...grid, columns: { kind: "seeds", seeds: ["1", "2", "3"] } };
  expect(await keepGrid(first.at, { ...asked, grid: wider, id })).toBe(id);
  expect(await first.draw(id)).toEqual([["3"], ["1", "3"]]);
  expect(new Set(await first.states(id))).toEqual(new Set(["drawn"]));
  expect(await first.draw(id)).toEqual([]);

  // Leaving while it draws: the rest is asked for, and goes on at the next start.
  const other: Grid = { rows: { kind: "setting", name: "steps", values: [2, 3] }, columns: wider.columns, seed: "1" };
  const second = await keepGrid(first.at, { ...asked, name: "steps", grid: other });
  let steps = 0;
  first.listen(() => {
    if (++steps === 3) first.jobs.interruptAll();
  });
  await first.draw(second);
  expect(await first.states(second)).toContain("interrupted");
  await first.end();
  const again = await program(folder, withLora);
  await again.api.openProject({ path });
  const left = (await again.states(second)).filter((state) => state !== "drawn").length;
  expect(left).toBeGreaterThan(0);
  expect((await again.draw(second)).flat()).toHaveLength(left);
  expect(new Set(await again.states(second))).toEqual(new Set(["drawn"]));
  expect(await again.states(id)).not.toContain("none");
});

test("cells that wait in the queue are not asked for twice", async () => {
  const folder = temporaryFolder();
  const at = await program(folder);
  await at.api.createProject({ path: join(folder, "p.diorama"), draft: sampleDraft(), replace: false });
  const { defaults } = await at.engine.load(model);
  const scene = {
    prompt: "a red circle",
    negativePrompt: "",
    regions: [],
    settings: { ...defaults, width: 64, height: 64 },
  };
  const grid: Grid = { rows: null, columns: { kind: "seeds", seeds: ["1", "2"] }, seed: "1" };
  const id = await keepGrid(at.at, { name: "seeds", scene, grid, model });
  const details = await at.api.readGrid({ id });
  expect(await drawCells(at.at, details, undefined, how, null)).toHaveLength(1);
  expect(await drawCells(at.at, await at.api.readGrid({ id }), undefined, how, null)).toEqual([]);
  at.jobs.cancelAll();
  await at.jobs.settled();
  expect(await at.states(id)).toContain("cancelled");
});
