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
