/** The window onto a long list of results: what is read of it, and when. */
import { expect, test, vi } from "vitest";
import { connectApp, type App } from "../../src-main/api/bridge.ts";
import type { ResultInfo, ResultQuery } from "../../src-main/api/store.ts";
import { Editor } from "../../src-renderer/state/editor.svelte.ts";
import { Results } from "../../src-renderer/state/results.svelte.ts";
import { View } from "../../src-renderer/state/view.svelte.ts";

const TOTAL = 5_000;

/** As they are seen in the Results view. */
function sheetOf(app: App): Results {
  const view = new View();
  view.mode = "results";
  return new Results(app, new Editor(), view);
}

/** A project of results that are numbered by their place; `asked` notes the calls. */
function longList(): { app: App; results: Results; asked: { method: string; request: unknown }[] } {
  const asked: { method: string; request: unknown }[] = [];
  const answer = (method: string, request: unknown) => {
    if (method === "readResult") return request;
    const { offset, limit } = request as ResultQuery;
    const results = Array.from(
      { length: Math.min(limit, TOTAL - offset) },
      (_, i) => ({ id: offset + i + 1 }) as ResultInfo,
    );
    return { results, total: TOTAL };
  };
  const app = connectApp({
    call: (method, request) => {
      asked.push({ method, request });
      return Promise.resolve({ ok: true, value: answer(method, request) });
    },
    on: () => () => undefined,
    openFiles: () => Promise.resolve({ ok: true, value: [] }),
  });
  return { app, results: sheetOf(app), asked };
}

test("a page is read when it comes into view, and again after a change when it comes back into view", async () => {
  const { results } = longList();
  await results.open({ key: "project" });
  for (let first = 0; first < 2_000; first += 100) await results.sheet.need(first, first + 99);
  expect(results.rows.filter((row) => row !== undefined)).toHaveLength(2_000);

  await results.refresh(); // reads what was seen last, not all that ever was
  expect(results.rows[1_950]?.id).toBe(1_951);
  expect(results.rows[500]).toBeUndefined();
  await results.sheet.need(500, 599);
  expect(results.rows[500]?.id).toBe(501);
});

test("what flies by gets no details; what stays gets them together", async () => {
  const { results, asked } = longList();
  for (let id = 1; id <= 300; id++) results.details.wantSoon(id)();
  for (let id = 301; id <= 330; id++) results.details.wantSoon(id);
  await vi.waitFor(() => expect(results.details.size).toBe(30), { timeout: 10_000 });
  expect(asked.map(({ request }) => (request as { id: number }).id)).toEqual(
    Array.from({ length: 30 }, (_, i) => 301 + i),
  );
});

test("a range takes also what was not read, and stays selected when the list is read again", async () => {
  const { results } = longList();
  await results.open({ key: "project" });
  await results.sheet.need(4_900, TOTAL - 1);
  expect(results.rows[2_500]).toBeUndefined();
  results.selection.pick(4_990);
  await results.selection.pickRange(11);
  const all = Array.from({ length: 4_980 }, (_, i) => 11 + i);
  expect(results.selection.ids).toEqual(all);
  await results.refresh();
  expect(results.selection.ids).toEqual(all);
  await results.selection.pickRange(4_989);
  expect(results.selection.ids).toEqual([4_989, 4_990]);
});

test("another project shows nothing of the one before, not even what was being read of it", async () => {
  const { results } = longList();
  await results.open({ key: "project" });
  expect(results.total).toBe(TOTAL);
  const late = results.refresh();
  const opened = results.open({ key: "other" });
  expect([results.sheet.rows, results.latest.rows, results.total]).toEqual([[], [], 0]);
  await Promise.all([late, opened]);
  expect(results.url(1, "small")).toContain("other");
  expect(results.total).toBe(TOTAL);
});
