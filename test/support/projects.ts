/** Small projects, pictures and folders for the store's tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { DEFAULT_SETTINGS, withSteps } from "../../src-main/scene/defaults.ts";
import type { AttentionMaps, Pixels, RunRecord } from "../../src-main/api/engine.ts";
import type { Region, Scene } from "../../src-main/scene/scene.ts";
import type { Draft, NewResult } from "../../src-main/api/store.ts";
import { ProjectFile } from "../../src-main/store/project.ts";

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "diorama-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A clock that a second passes on each look. */
export function tickingClock(): () => string {
  let seconds = 0;
  return () => new Date(Date.UTC(2026, 0, 1) + 1_000 * seconds++).toISOString();
}

const region = (id: string): Region => ({
  id,
  box: { x: 0.1, y: 0.2, width: 0.3, height: 0.4 },
  spans: [{ start: 2, end: 5 }],
  strength: 1,
});

export function sampleScene(prompt = "a cat on a mat", ids: string[] = ["cat", "mat"]): Scene {
  return {
    prompt,
    negativePrompt: "blurry",
    regions: ids.map(region),
    settings: { ...withSteps(DEFAULT_SETTINGS, 4), width: 64, height: 64 },
  };
}

export function sampleDraft(prompt?: string): Draft {
  return { scene: sampleScene(prompt), seeds: "1-3", model: null, editor: { zoom: 1.5 } };
}

export function samplePixels(value = 7, width = 64, height = 48): Pixels {
  return { width, height, data: new Uint8Array(width * height * 4).fill(value).map((v, i) => (i % 4 === 3 ? 255 : v)) };
}

export function sampleRecord(scene: Scene, seed: string, obedience: number[] = [0.25, 0.75]): RunRecord {
  const byRegion = <T>(values: T[]) => Object.fromEntries(scene.regions.map(({ id }, i) => [id, values[i]!]));
  return {
    version: 1,
    scene,
    seed,
    model: { name: "demo", hash: "abc123" },
    engine: { app: "0.1.0", onnxruntime: "1.30.0", provider: "cpu", precision: "float32", noise: "torch-cpu" },
    tokens: byRegion([[2], [5]]),
    obedience: byRegion(obedience),
  };
}

/** A map of 4 x 2 cells for each region; the nth looks at the nth cell, and half as much at the next. */
export function sampleAttention({ regions }: Scene): AttentionMaps {
  const maps = regions.map(({ id }, i) => {
    const map = new Float32Array(8);
    map.set([2 / 3, 1 / 3], i);
    return [id, map] as const;
  });
  return { width: 4, height: 2, regions: Object.fromEntries(maps) };
}

export function sampleResult(runId: number, seed: string, scene = sampleScene(), obedience?: number[]): NewResult {
  const record = sampleRecord(scene, seed, obedience);
  return { runId, seed, pixels: samplePixels(), seconds: 1.5, record, attention: sampleAttention(scene) };
}

/** A project that is closed after the test. */
export function newProject(path = join(temporaryFolder(), "cats.diorama")): ProjectFile {
  const project = ProjectFile.create(path, sampleDraft(), tickingClock());
  onTestFinished(() => project.close());
  return project;
}

export function reopened(project: ProjectFile): ProjectFile {
  project.close();
  const again = ProjectFile.open(project.path, tickingClock());
  onTestFinished(() => again.close());
  return again;
}
