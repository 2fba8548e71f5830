/** The tables of docs/evaluation.md. */
import type { Estimate } from "./metrics.ts";
import { markdown, percent, plain } from "./report.ts";
import type { GroupResult, VariantResult } from "./results.ts";
import type { Best } from "./sweep.ts";
import type { Cost } from "./timing.ts";
import { labelOf } from "./variants.ts";

const NAMES: Record<string, string> = { chance: "Right things at random places" };
const nameOf = (name: string) => NAMES[name] ?? labelOf(name);
const short = (value: Estimate | undefined) => (value && Number.isFinite(value.value) ? value.value.toFixed(3) : "");

/** Every method: how well things lie, how the pictures look, what they cost. */
export function mainTable(results: readonly VariantResult[], costs: readonly Cost[]): string {
  const rows = results
    .filter(({ name }) => name !== "truth")
    .map((result) => {
      const cost = costs.find(({ name }) => name === result.name);
      return [
        nameOf(result.name),
        ...[percent(result.ap), percent(result.iou)],
        // Things that only were put somewhere are there, and rendered.
        ...(result.name === "chance" ? ["", ""] : [percent(result.adherence), plain(result.distance)]),
        ...[short(result.contrastShift), short(result.saturationShift)],
        ...[cost?.step?.toFixed(2) ?? "", cost?.ratio.toFixed(2) ?? ""],
      ];
    });
  const titles = ["", "AP@0.5", "mean IoU", "right colour and icon", "distance to rendered", "shift of contrast", "shift of saturation", "an acting step against a plain one", "a picture against a plain one"]; // prettier-ignore
  return markdown(titles, rows);
}

/** The same for a first look. */
export function shortTable(results: readonly VariantResult[]): string {
  const rows = results
    .filter(({ name }) => name !== "truth")
    .map((result) => [
      nameOf(result.name),
      ...[percent(result.ap), percent(result.iou), percent(result.adherence)],
      ...[short(result.contrastShift), short(result.saturationShift)],
    ]);
  return markdown(
    ["", "AP@0.5", "mean IoU", "right colour and icon", "shift of contrast", "shift of saturation"],
    rows,
  );
}

export function lossTable(results: readonly VariantResult[]): string {
  const titles = ["", "AP@0.5", "mean IoU", "right colour and icon", "distance to rendered", "shift of contrast", "shift of saturation"]; // prettier-ignore
  const rows = results.map((result) => [
    nameOf(result.name),
    ...[percent(result.ap), percent(result.iou), percent(result.adherence), plain(result.distance)],
    ...[short(result.contrastShift), short(result.saturationShift)],
  ]);
  return markdown(titles, rows);
}

/** The paper's comparison, with the change of the pictures' looks in the mean and in size. */
export function paperTable(results: readonly VariantResult[]): string {
  const look = (value: Estimate, change: Estimate | undefined, shift: Estimate | undefined) => {
    if (!change) return short(value);
    const sign = change.value < 0 ? "" : "+";
    return `${short(value)} (${sign}${short(change)}; ${short(shift)})`;
  };
  const rows = results.map((result) => [
    nameOf(result.name),
    ...[percent(result.ap), percent(result.iou), percent(result.centred)],
    ...(result.name === "chance" ? ["", "", "", ""] : [
      percent(result.adherence),
      plain(result.distance),
      look(result.contrast, result.contrastChange, result.contrastShift),
      look(result.saturation, result.saturationChange, result.saturationShift),
    ]),
  ]); // prettier-ignore
  const titles = ["", "AP@0.5", "mean IoU", "middle in its box", "right colour and icon", "distance to rendered", "contrast (change; shift)", "saturation (change; shift)"]; // prettier-ignore
  return markdown(titles, rows);
}

/** iLGD with other strengths than the program's own: a column for each, named as the evaluation names them ("nu=0.5"). */
export function strengthTable(results: readonly VariantResult[]): string {
  const columns = results.filter(({ name }) => name.includes("="));
  const row = (title: string, cell: (result: VariantResult) => string) => [title, ...columns.map(cell)];
  const heading = ({ name }: VariantResult) => name.replace("nu=", "nu' ").replace("eta=", "eta ");
  return markdown(
    ["", ...columns.map(heading)],
    [
      row("AP@0.5", ({ ap }) => percent(ap)),
      row("right colour and icon", ({ adherence }) => percent(adherence)),
      row("distance to rendered", ({ distance }) => plain(distance)),
    ],
  );
}

/** How the program's own score fares within each method. */
export function scoreTable(results: readonly VariantResult[]): string {
  const two = ({ value, low, high }: Estimate) => `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
  const rows = results.flatMap(({ name, score, scoreAtGuided: early, scoreOfPresent: present }) => {
    if (!score || !early) return [];
    const earlier = `${early.rank.value.toFixed(2)}; ${early.auc.value.toFixed(2)}`;
    return [[nameOf(name), two(score.rank), two(score.auc), earlier, present?.auc.value.toFixed(2) ?? ""]];
  });
  return markdown(["", "Spearman with the IoU", "AUC of finding things with an IoU below 0.5", "the same when guidance ends", "AUC among things of the right colour and icon"], rows); // prettier-ignore
}

type Grouped<Group> = { name: string; byGroup?: Record<string, Group> };

/** A row for each kind of scenes, a column for each method. */
export function groupTable<Group extends Pick<GroupResult, "things">>(
  results: readonly Grouped<Group>[],
  value: (group: Group) => Estimate | undefined,
): string {
  const groups = [...new Set(results.flatMap(({ byGroup }) => Object.keys(byGroup ?? {})))];
  const rows = groups.map((group) => {
    const there = results.map(({ byGroup }) => byGroup?.[group]);
    const cells = there.map((found) => {
      const estimate = found && value(found);
      return estimate ? percent(estimate) : "";
    });
    return [group, String(there.find((found) => found)?.things ?? 0), ...cells];
  });
  return markdown(["", "things", ...results.map(({ name }) => nameOf(name))], rows);
}

/** What was tried of each method; what was chosen is bold. */
export function sweepTable({ variants }: Best): string {
  const rows = Object.entries(variants).flatMap(([name, { scenes, best, trials }]) =>
    trials.map(({ changes, ap, iou, adherence }) => {
      const isBest = JSON.stringify(changes) === JSON.stringify(best);
      const settings = Object.entries(changes).map(([setting, value]) => `${setting} ${valueText(value)}`);
      const cells = [settings.join(", "), ...[ap, iou, adherence].map((share) => `${(100 * share).toFixed(1)}%`)];
      return [nameOf(name), String(scenes), ...cells.map((cell) => (isBest ? `**${cell}**` : cell))];
    }),
  );
  return markdown(["", "scenes", "settings", "AP@0.5", "mean IoU", "right colour and icon"], rows);
}

function valueText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const { start, end } = value as { start: number; end: number };
  return `[${start}, ${end})`;
}
