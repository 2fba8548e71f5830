/** The documentation's plots and tables are made of the results that are kept beside it. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dotsSvg } from "../../tools/evaluate/dots.ts";
import { collect, DOCS, README, writeFigures } from "../../tools/evaluate/figures.ts";

const folder = mkdtempSync(join(tmpdir(), "diorama-figures-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("docs/evaluation.md and its plots are those of its results", async () => {
  const copy = join(folder, "docs");
  mkdirSync(copy);
  cpSync(join(DOCS, "evaluation.md"), join(copy, "evaluation.md"));
  cpSync(join(DOCS, "evaluation"), join(copy, "evaluation"), { recursive: true });
  cpSync(README, join(folder, "README.md"));
  await writeFigures(copy, join(folder, "README.md"));
  expect(readFileSync(join(folder, "README.md"), "utf8")).toBe(readFileSync(README, "utf8"));
  for (const name of ["evaluation.md", ...readdirSync(join(copy, "evaluation")).map((name) => `evaluation/${name}`)]) {
    expect(readFileSync(join(copy, name)).equals(readFileSync(join(DOCS, name))), name).toBe(true);
  }
});

test("a run's results are kept with four digits, and parts that were not run stay", async () => {
  const docs = join(folder, "other");
  const [out, kept] = [join(folder, "out", "main"), join(docs, "evaluation")];
  for (const made of [out, kept]) mkdirSync(made, { recursive: true });
  const estimate = { value: 0.123456, low: 0.1, high: 0.2 };
  const result = { name: "ilgd", ap: estimate, iou: estimate, adherence: estimate, distance: estimate };
  writeFileSync(join(out, "results.json"), JSON.stringify({ facts: { scenes: 2 }, results: [result] }));
  writeFileSync(join(kept, "timing.json"), JSON.stringify([{ name: "ilgd", pictures: 1, step: 2, ratio: 1.5 }]));
  writeFileSync(join(docs, "evaluation.md"), "Before\n<!-- table: main -->\nold\n<!-- end -->\n<!-- table: none -->\nmine\n<!-- end -->\n"); // prettier-ignore
  await collect(join(folder, "out"), docs, join(folder, "sheet.png"));
  writeFileSync(join(docs, "README.md"), "<!-- table: short -->\n<!-- end -->");
  await writeFigures(docs, join(docs, "README.md"));
  expect(readFileSync(join(docs, "README.md"), "utf8")).toContain("| iLGD | 12.3%");
  expect(readFileSync(join(kept, "main.json"), "utf8")).toContain('"ap":{"value":0.1235,');
  const text = readFileSync(join(docs, "evaluation.md"), "utf8");
  expect(text).toMatch(/<!-- table: main -->\n\n\| {2}\| AP@0\.5 .*\n.*\n\| iLGD \| 12\.3% \(10 to 20\).* \| 2\.00 \| 1\.50 \|/);
  expect(text).not.toContain("old");
  expect(text).toContain("mine");
}); // prettier-ignore

test("a dot stands at its value, with a line over its interval", () => {
  const value = { value: 0.5, low: 0.4, high: 0.7 };
  const rows = ["a", "b"].map((label) => ({ label, values: [{ name: "one", value }, { name: "two", value }] })); // prettier-ignore
  const svg = dotsSvg({ title: "t", x: "x", rows, range: [0, 1] });
  const centres = [...svg.matchAll(/<circle cx="([\d.]+)"/g)].map(([, x]) => Number(x));
  const [from, to] = /<line x1="([\d.]+)" x2="([\d.]+)" y1="[\d.]+" y2="[\d.]+" stroke="#0072b2"/.exec(svg)!.slice(1).map(Number); // prettier-ignore
  expect(new Set(centres).size).toBe(3); // one for all four values, and the legend's two
  expect(centres.at(-1)!).toBeGreaterThan(from!);
  expect((to! - centres.at(-1)!) / (centres.at(-1)! - from!)).toBeCloseTo(2, 1);
});
