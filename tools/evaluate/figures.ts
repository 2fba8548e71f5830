/**
 * The plots and tables of docs/evaluation.md, from the results that are kept beside it (docs/evaluation/*.json). The text between the
 * tables is written by hand: what stands between `<!-- table: NAME -->` and `<!-- end -->` is replaced.
 */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { dotsSvg, type DotPlot } from "./dots.ts";
import type { Estimate } from "./metrics.ts";
import { plotSvg } from "./plot.ts";
import { costTable, type RunFacts } from "./report.ts";
import type { VariantResult } from "./results.ts";
import { STUDY, TIMING } from "./studyParts.ts";
import {
  groupTable,
  lossTable,
  mainTable,
  paperTable,
  scoreTable,
  shortTable,
  strengthTable,
  sweepTable,
} from "./studyTables.ts";
import { readSweep } from "./sweep.ts";
import type { Cost } from "./timing.ts";
import { labelOf } from "./variants.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");
export const DOCS = path.join(ROOT, "docs");
export const README = path.join(ROOT, "README.md");
/** The README's sheet is the main run's. */
const SHEET = path.join(ROOT, "resources", "readme", "methods.png");

const keptIn = (docs: string) => path.join(docs, "evaluation");

export interface Kept {
  facts: RunFacts;
  results: VariantResult[];
}

/** Copies what the runs in `out` gave into the documentation, with four digits. Parts that were not run stay as they are. */
export async function collect(out: string, docs = DOCS, sheet = SHEET): Promise<void> {
  const folder = keptIn(docs);
  await mkdir(folder, { recursive: true });
  for (const { name } of STUDY) {
    const text = await readIfThere(path.join(out, name, "results.json"));
    if (text === undefined) continue;
    const { facts, results } = JSON.parse(text) as Kept;
    const lines = results.map((result) => `    ${JSON.stringify(result, rounded)}`).join(",\n");
    await writeFile(path.join(folder, `${name}.json`), `{\n  "facts": ${JSON.stringify(facts)},\n  "results": [\n${lines}\n  ]\n}\n`); // prettier-ignore
  }
  await copyFile(path.join(out, "main", "sheet.png"), sheet).catch(ignoreMissing);
  const costs = await readIfThere(path.join(out, TIMING.name, "timing.json"));
  if (costs !== undefined) {
    const lines = (JSON.parse(costs) as Cost[]).map((cost) => `  ${JSON.stringify(cost, rounded)}`).join(",\n");
    await writeFile(path.join(folder, `${TIMING.name}.json`), `[\n${lines}\n]\n`);
  }
}

const rounded = (_key: string, value: unknown): unknown =>
  typeof value === "number" ? Math.round(value * 1e4) / 1e4 : value;

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(ignoreMissing);
}

/** Of parts that were not run there is no file. */
function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

async function keptOf(folder: string, name: string): Promise<Kept | undefined> {
  const text = await readIfThere(path.join(folder, `${name}.json`));
  return text === undefined ? undefined : (JSON.parse(text) as Kept);
}

/** Of the variants, without what was only rendered. */
const drawn = ({ results }: Kept) => results.filter(({ name }) => name !== "truth" && name !== "chance");

/** Draws the plots of what is kept, and fills in the tables of docs/evaluation.md and the README. */
export async function writeFigures(docs = DOCS, readme = README): Promise<void> {
  const folder = keptIn(docs);
  const kept = (name: string) => keptOf(folder, name);
  const plot = (file: string, dots: DotPlot) => writeFile(path.join(folder, file), dotsSvg(dots));
  const tables = new Map<string, string>();
  const costText = await readIfThere(path.join(folder, `${TIMING.name}.json`));
  const costs = costText === undefined ? [] : (JSON.parse(costText) as Cost[]);
  if (costs.length > 0) tables.set("timing", costTable(costs.map((cost) => ({ ...cost, name: labelOf(cost.name) }))));
  const main = await kept("main");
  if (main) {
    tables.set("main", withPlot(mainTable(main.results, costs), "methods", "AP@0.5 and right things, by method"));
    tables.set("short", shortTable(main.results));
    // Of plain sampling nothing is to be obeyed.
    tables.set("score", scoreTable(drawn(main).filter(({ name }) => name !== "none")));
    await plot(
      "methods.svg",
      byMethod("Placement by method", "AP@0.5 and share of things that are there", drawn(main)),
    );
  }
  const paper = await kept("paper");
  if (paper) {
    const { results } = paper;
    tables.set("paper", paperTable(results.filter(({ name }) => name !== "truth" && !name.includes("="))));
    tables.set("strengths", strengthTable(results));
  }
  const losses = await kept("losses");
  if (losses) {
    tables.set("losses", withPlot(lossTable(drawn(losses)), "losses", "iLGD by its loss"));
    const followed = drawn(losses).filter(({ name }) => name !== "none");
    await plot("losses.svg", byMethod("iLGD by its loss", "AP@0.5 and share of things that are there", followed));
  }
  for (const [name, title] of [
    ["things", "Placement by number of things"],
    ["overlap", "Placement by overlap of two boxes"],
    ["sizes", "Placement by size of the picture"],
  ] as const) {
    const part = await kept(name);
    if (!part) continue;
    tables.set(name, withPlot(groupTable(drawn(part), ({ ap }) => ap), name, title)); // prettier-ignore
    tables.set(
      `${name}-adherence`,
      groupTable(drawn(part), ({ adherence }) => adherence),
    );
    await plot(
      `${name}.svg`,
      byGroup(title, "AP@0.5", drawn(part), ({ ap }) => ap),
    );
  }
  const shapes = await kept("shapes");
  if (shapes) {
    tables.set("shapes", withPlot(groupTable(drawn(shapes), ({ masks }) => masks?.inside), "shapes", "How much of things lies in their shapes")); // prettier-ignore
    tables.set(
      "shapes-iou",
      groupTable(drawn(shapes), ({ masks }) => masks?.iou),
    );
    await plot("shapes.svg", byGroup("Things in ellipses and polygons", "share of a thing's pixels in its shape", drawn(shapes), ({ masks }) => masks?.inside)); // prettier-ignore
  }
  await stepsPlot(folder, tables);
  const sweep = await readSweep();
  if (sweep) tables.set("sweep", sweepTable(sweep));
  for (const file of [path.join(docs, "evaluation.md"), readme]) await fillIn(file, tables);
}

const withPlot = (table: string, file: string, says: string) => `${table}\n\n![${says}](evaluation/${file}.svg)`;

function byMethod(title: string, x: string, results: readonly VariantResult[]): DotPlot {
  const rows = results.map(({ name, ap, adherence }) => ({
    label: labelOf(name),
    values: [{ name: "AP@0.5", value: ap }, { name: "right colour and icon", value: adherence }],
  })); // prettier-ignore
  return { title, x, rows, range: [0, 1] };
}

type Group = NonNullable<VariantResult["byGroup"]>[string];

function byGroup(title: string, x: string, results: readonly VariantResult[], value: (group: Group) => Estimate | undefined): DotPlot {
  const groups = [...new Set(results.flatMap(({ byGroup }) => Object.keys(byGroup ?? {})))];
  const rows = groups.map((label) => ({
    label,
    values: results.flatMap(({ name, byGroup }) => {
      const found = byGroup?.[label] && value(byGroup[label]);
      return found ? [{ name: labelOf(name), value: found }] : [];
    }),
  }));
  return { title, x, rows, range: [0, 1] };
} // prettier-ignore

/** By number of steps. */
async function stepsPlot(folder: string, tables: Map<string, string>): Promise<void> {
  const runs: Kept[] = [];
  for (const { name } of STUDY.filter(({ name }) => name.startsWith("steps-"))) {
    const run = await keptOf(folder, name);
    if (run) runs.push(run);
  }
  if (runs.length === 0) return;
  const names = drawn(runs[0]!).map(({ name }) => name);
  const at = (run: Kept, name: string) => run.results.find((result) => result.name === name);
  const lines = names.map((name) => ({
    name: labelOf(name),
    points: runs.flatMap((run) => {
      const result = at(run, name);
      return result ? [{ x: run.facts.steps, y: result.ap }] : [];
    }),
  }));
  await writeFile(path.join(folder, "steps.svg"), plotSvg({ title: "Placement by number of steps", x: "steps", y: "AP@0.5", lines, range: [0, 1] })); // prettier-ignore
  const asGroups = names.map((name) => ({
    name,
    byGroup: Object.fromEntries(runs.flatMap((run) => {
      const result = at(run, name);
      return result ? [[`${run.facts.steps} steps`, result]] : [];
    })),
  })); // prettier-ignore
  tables.set(
    "steps",
    withPlot(
      groupTable(asGroups, ({ ap }) => ap),
      "steps",
      "AP@0.5 by number of steps",
    ),
  );
  tables.set(
    "steps-adherence",
    groupTable(asGroups, ({ adherence }) => adherence),
  );
}

async function fillIn(file: string, tables: ReadonlyMap<string, string>): Promise<void> {
  const text = await readFile(file, "utf8");
  const filled = text.replace(/(<!-- table: ([\w-]+) -->\n)[^]*?(<!-- end -->)/g, (all, begin: string, name: string, end: string) => {
    const table = tables.get(name);
    return table === undefined ? all : `${begin}\n${table}\n\n${end}`;
  }); // prettier-ignore
  if (filled !== text) await writeFile(file, filled);
}
