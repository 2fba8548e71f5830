/** A grid in the window while it fills. */
import { expect, test } from "vitest";
import { connectApp } from "../../src-main/api/bridge.ts";
import { drawCells, keepGrid } from "../../src-main/main/gridDrawing.ts";
import { Session } from "../../src-renderer/state/session.svelte.ts";
import { startMain } from "./support/main.ts";
import { SAMPLE } from "./support/painter.ts";

test("a cell whose picture has just come is never shown as one that is missing", async () => {
  const main = await startMain();
  const session = new Session(connectApp(main.bridge));
  await session.start();
  const { grids } = session;
  const { scene } = SAMPLE;
  const model = SAMPLE.model!;
  const columns = { kind: "seeds", seeds: ["1", "2", "3"] } as const;
  const drawing = { store: main.store, jobs: main.jobs, nameOf: () => "Demo" };
  const asked = { name: "Seeds", scene, grid: { rows: null, columns: { ...columns, seeds: [...columns.seeds] }, seed: "1" }, model }; // prettier-ignore
  const id = await keepGrid(drawing, asked);
  await grids.reveal(id);
  expect(grids.missing).toHaveLength(3);
  const seen: string[] = [];
  main.bridge.on("job", () => {
    seen.push(grids.all.map(({ result, live }) => (result ? "drawn" : live ? "coming" : "missing")).join(" "));
  });
  await drawCells(drawing, grids.shown!, undefined, { model, previewEvery: 0, attention: false }, null);
  await expect.poll(() => grids.shown!.cells.every(({ result }) => result !== null)).toBe(true);
  expect(seen).toContain("drawn coming coming");
  expect(seen.at(-1)).toBe("drawn drawn drawn");
  expect(seen.filter((cells) => cells.includes("missing"))).toEqual([]);
  // In the bin a cell has no picture any more, though it came in this session.
  await main.store.markResults({ ids: [grids.all[0]!.result!.id], state: "binned" });
  await expect.poll(() => grids.missing.map(({ seed }) => seed)).toEqual(["1"]);
});
