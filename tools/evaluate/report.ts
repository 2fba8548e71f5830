/** The table for people and what else is written from the results. */
import type { Estimate } from "./metrics.ts";
import type { Cost } from "./timing.ts";
import type { GroupResult, Share, VariantResult } from "./results.ts";

export interface RunFacts {
  model: string;
  modelHash: string;
  size: string;
  steps: number;
  guidanceScale: number;
  nu: number;
  eta: number;
  strongEta: number;
  seeds: string;
  scenes: number;
  missing: number;
}

type Column = readonly [title: string, cell: (result: VariantResult) => string];

const CLIP_COLUMNS: readonly Column[] = [
  ["T2I-Sim", ({ similarity }) => (similarity ? plain(similarity) : "")],
  ["CLIP-IQA", ({ quality }) => (quality ? plain(quality) : "")],
];

const COLUMNS: readonly Column[] = [
  ["AP@0.5", ({ ap }) => percent(ap)],
  ["mean IoU", ({ iou }) => percent(iou)],
  ["middle in its box", ({ centred }) => percent(centred)],
  ["right colour and icon", ({ adherence }) => percent(adherence)],
  ["right colour", ({ colour }) => percent(colour)],
  ["right background", ({ background }) => percent(background)],
  ["distance to rendered", ({ distance }) => plain(distance)],
  ["contrast", ({ contrast, contrastChange }) => withChange(contrast, contrastChange)],
  ["saturation", ({ saturation, saturationChange }) => withChange(saturation, saturationChange)],
  ["shift of contrast", ({ contrastShift }) => (contrastShift ? plain(contrastShift) : "")],
  ["shift of saturation", ({ saturationShift }) => (saturationShift ? plain(saturationShift) : "")],
  ["s / picture", ({ seconds }) => (seconds ? seconds.value.toFixed(2) : "")],
];

/** A Markdown document of all results. */
export function report(results: readonly VariantResult[], facts: RunFacts): string {
  const sweeps = results.filter(({ name }) => name.includes("="));
  const methods = results.filter(({ name }) => !name.includes("="));
  return [
    "# Evaluation",
    "",
    `${facts.model} (${facts.modelHash}), ${facts.size} pixels, ${facts.steps} steps, guidance scale ${facts.guidanceScale}, nu' ${facts.nu}, eta ${facts.eta} (strong loss guidance: ${facts.strongEta}). ` +
      `${facts.scenes} scenes, seeds ${facts.seeds}.${facts.missing > 0 ? ` **${facts.missing} pictures are missing: the run was not finished.**` : ""}`,
    "",
    "In brackets: 95% bootstrap intervals over scenes. Changes of contrast and saturation are against plain sampling of the same scenes and seeds.",
    "",
    "- AP@0.5: area under precision by recall of all detections by confidence; right are those of a thing's colour and icon with an IoU of at least 0.5.",
    "- Mean IoU: of each thing's box and its best detection of that colour and icon, 0 where there is none.",
    "- Middle in its box: share of things whose best detection is centred there, whatever its size.",
    "- Right colour and icon: share of things that are in the picture anywhere. A detection counts from a confidence of 0.5.",
    "- Distance to rendered: Fréchet-type distance of 29 hand-made features (colours, edges, regions) to the rendered scenes; smaller is better, and sets of other size do not compare.",
    "- Contrast: deviation of luma; saturation: mean of (largest - smallest channel); both from 0 to 1.",
    "- Shift: mean size of the change that each picture's contrast or saturation has, whichever way.",
    '- T2I-Sim: cosine of picture and prompt by the CLIP that was named; CLIP-IQA: how much nearer "good photo." is to it than "bad photo.", 0 to 1.',
    "",
    "`truth` are the scenes as the renderer draws them, judged alike; `chance` has the right things at random places.",
    "",
    table(methods),
    ...(sweeps.length > 0 ? ["", "## iLGD at other strengths", "", table(sweeps)] : []),
    "",
    ...groupTables(methods),
    ...scoreTable(methods),
    "## Right colour and icon, by icon",
    "",
    shareTable(methods, ({ byIcon }) => byIcon, "present"),
    "",
    "## Right colour and icon, by number of things",
    "",
    shareTable(methods, ({ byCount }) => byCount, "present"),
    "",
    "## In the box (IoU at least 0.5), by number of things",
    "",
    shareTable(methods, ({ byCount }) => byCount, "placed"),
    "",
  ].join("\n");
}

function table(results: readonly VariantResult[]): string {
  const columns = results.some(({ similarity }) => similarity) ? [...COLUMNS, ...CLIP_COLUMNS] : COLUMNS;
  const rows = results.map((result) => [result.name, String(result.pictures), ...columns.map(([, cell]) => cell(result))]); // prettier-ignore
  return markdown(["method", "pictures", ...columns.map(([title]) => title)], rows);
}

type GroupColumn = readonly [title: string, value: (result: GroupResult) => Estimate | undefined];

const GROUP_COLUMNS: readonly GroupColumn[] = [
  ["AP@0.5", ({ ap }) => ap],
  ["Mean IoU", ({ iou }) => iou],
  ["Right colour and icon", ({ adherence }) => adherence],
  ["Share of a thing's pixels in its shape", ({ masks }) => masks?.inside],
  ["Share of the shape that is filled", ({ masks }) => masks?.filled],
  ["IoU of the thing's pixels and the shape", ({ masks }) => masks?.iou],
];

/** A table for each figure, a row for each kind of scenes; nothing where the set has none. */
function groupTables(results: readonly VariantResult[]): string[] {
  const groups = [...new Set(results.flatMap(({ byGroup }) => Object.keys(byGroup ?? {})))];
  return GROUP_COLUMNS.flatMap(([title, value]) => {
    const rows = groups.map((group) => {
      const cells = results.map(({ byGroup }) => byGroup?.[group] && value(byGroup[group]));
      const { pictures = 0, things = 0 } = results.find(({ byGroup }) => byGroup?.[group])?.byGroup?.[group] ?? {};
      return { known: cells.some(Boolean), row: [group, `${pictures} (${things})`, ...cells.map((cell) => (cell ? percent(cell) : ""))] }; // prettier-ignore
    });
    if (rows.length === 0 || !rows.some(({ known }) => known)) return [];
    const table = markdown(["", "pictures (things)", ...results.map(({ name }) => name)], rows.map(({ row }) => row)); // prettier-ignore
    return [`## ${title}, by kind of scenes`, "", table, ""];
  });
}

/** What methods cost, for people. */
export function costTable(costs: readonly Cost[]): string {
  const rows = costs.map(({ name, ratio, step }) => [name, step?.toFixed(2) ?? "", ratio.toFixed(2)]);
  return markdown(["method", "an acting step against a plain one", "a picture against a plain one"], rows);
}

/** How far the program's own score can be trusted; nothing where verdicts have none. */
function scoreTable(results: readonly VariantResult[]): string[] {
  const scored = results.filter(({ score }) => score);
  if (scored.length === 0) return [];
  const rows = scored.map(({ name, score, scoreAtGuided }) => [
    name,
    ...[score!, scoreAtGuided!].flatMap(({ rank, auc }) => [plain(rank), plain(auc)]),
  ]);
  const titles = [
    "method",
    "Spearman with IoU",
    "AUC of failed things",
    "Spearman when guidance ends",
    "AUC when guidance ends",
  ];
  return [
    "## The score that the window shows",
    "",
    "Of each thing, within each method; failed are things with an IoU below 0.5.",
    "",
    markdown(titles, rows),
    "",
  ];
}

function shareTable(
  results: readonly VariantResult[],
  of: (result: VariantResult) => Record<string, Share>,
  what: "present" | "placed",
): string {
  const keys = [...new Set(results.flatMap((result) => Object.keys(of(result))))].sort();
  const rows = keys.map((key) => {
    const counted = results.map((result) => of(result)[key]);
    const most = Math.max(...counted.map((share) => share?.things ?? 0));
    return [key, String(most), ...counted.map((share) => (share ? percentOf(share[what] / share.things) : ""))];
  });
  return markdown(["", "things", ...results.map(({ name }) => name)], rows);
}

export function markdown(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return [titles, titles.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function percentOf(value: number): string {
  return Number.isFinite(value) ? `${(100 * value).toFixed(1)}%` : "";
}

/** `91.2% (88 to 94)` */
export function percent({ value, low, high }: Estimate): string {
  return Number.isFinite(value) ? `${percentOf(value)} (${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)})` : "";
}

export function plain({ value, low, high }: Estimate): string {
  return Number.isFinite(value) ? `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})` : "";
}

function withChange({ value }: Estimate, change: Estimate | undefined): string {
  if (!change) return value.toFixed(3);
  const signed = (v: number) => `${v < 0 ? "-" : "+"}${Math.abs(v).toFixed(3)}`;
  return `${value.toFixed(3)} (${signed(change.value)}, ${signed(change.low)} to ${signed(change.high)})`;
}
