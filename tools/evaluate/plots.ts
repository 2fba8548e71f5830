/** Which plots an evaluation has: quality by strength, placement by number, size and proportions of things. */
import { IOU_NEEDED } from "./matching.ts";
import { meanOf, thingResults, type Estimate, type ThingResult } from "./metrics.ts";
import { plotSvg, type Line } from "./plot.ts";
import type { Picture, VariantResult } from "./results.ts";

/** Files by name. */
export type Plots = Record<string, string>;

type Placed = ThingResult & { scene: string };

/** Edges of the groups of things; the last is open. */
const SIZE_EDGES = [0, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5];
const ASPECT_EDGES = [0, 0.65, 0.8, 1, 1.25, 1.55];
const FEWEST = 8;

/** AP, adherence and quality by nu' and by eta, where the sweeps have two values or more. */
export function sweepPlots(results: readonly VariantResult[]): Plots {
  const plots: Plots = {};
  for (const [parameter, label] of [
    ["nu", "nu', strength of injection"],
    ["eta", "eta, strength of loss guidance"],
  ] as const) {
    // prettier-ignore
    const points = results
      .filter(({ name }) => name.startsWith(`${parameter}=`) && !name.includes(" "))
      .map((result) => ({ value: Number(result.name.slice(parameter.length + 1)), result }))
      .sort((a, b) => a.value - b.value);
    if (points.length < 2) continue;
    const line = (name: string, of: (result: VariantResult) => Estimate): Line => ({
      name,
      points: points.map(({ value, result }) => ({ x: value, y: of(result) })),
    });
    const shares = [line("AP@0.5", ({ ap }) => ap), line("mean IoU", ({ iou }) => iou), line("adherence", ({ adherence }) => adherence)]; // prettier-ignore
    plots[`ap-by-${parameter}.svg`] = plotSvg({ title: `iLGD: placement by ${parameter}`, x: label, y: "share", lines: shares, range: [0, 1] }); // prettier-ignore
    plots[`quality-by-${parameter}.svg`] = plotSvg({
      title: `iLGD: distance to rendered scenes by ${parameter}`,
      x: label,
      y: "distance (0 is equal)",
      lines: [line("distance", ({ distance }) => distance)],
    });
    if (points.every(({ result }) => result.contrastChange && result.saturationChange)) {
      plots[`colours-by-${parameter}.svg`] = plotSvg({
        title: `iLGD: contrast and saturation by ${parameter}`,
        x: label,
        y: "change against plain sampling (0 to 1 scale)",
        lines: [
          line("contrast", ({ contrastChange }) => contrastChange!),
          line("saturation", ({ saturationChange }) => saturationChange!),
        ],
      });
    }
  }
  return plots;
}

/** Share of things in their boxes by what the thing is like, a line for each method. */
export function thingPlots(methods: readonly { name: string; pictures: readonly Picture[] }[]): Plots {
  const things = methods.map(({ name, pictures }) => ({
    name,
    things: pictures.flatMap((picture) => thingResults(picture).map((thing): Placed => ({ ...thing, scene: picture.scene.id }))), // prettier-ignore
  }));
  const plots: Plots = {};
  const add = (
    file: string,
    title: string,
    x: string,
    groups: readonly { label: string; holds: (thing: ThingResult) => boolean }[],
  ) => {
    // prettier-ignore
    const lines = things.map(({ name, things }): Line => {
      const points = groups.flatMap(({ holds }, at) => {
        const chosen = things.filter(holds);
        if (chosen.length < FEWEST) return [];
        const scenes = chosen.map(({ scene }) => scene);
        return [{ x: at, y: meanOf(scenes, chosen.map(({ iou }) => (iou >= IOU_NEEDED ? 1 : 0))) }]; // prettier-ignore
      });
      return { name, points };
    });
    if (lines.every(({ points }) => points.length < 2)) return;
    const ticks = groups.map(({ label }, at) => ({ x: at, label }));
    plots[file] = plotSvg({ title, x, y: "share of things in their box (IoU >= 0.5)", lines, ticks, range: [0, 1] });
  };
  const counts = [1, 2, 3, 4].map((n) => ({ label: String(n), holds: (thing: ThingResult) => thing.count === n }));
  add("by-count.svg", "Placement by number of things", "things in the scene", counts);
  const size = ({ thing: { box } }: ThingResult) => Math.sqrt(box.width * box.height);
  add("by-size.svg", "Placement by size", "side of the box (square root of its area, of the picture's side)", between(SIZE_EDGES, size)); // prettier-ignore
  const aspect = ({ thing: { box } }: ThingResult) => box.width / box.height;
  add("by-aspect.svg", "Placement by proportions", "width by height of the box", between(ASPECT_EDGES, aspect));
  return plots;
}

function between(edges: readonly number[], of: (thing: ThingResult) => number) {
  return edges.map((edge, i) => {
    const next = edges[i + 1] ?? Infinity;
    const label = i === 0 ? `< ${next}` : next === Infinity ? `> ${edge}` : `to ${next}`;
    return { label, holds: (thing: ThingResult) => of(thing) >= edge && of(thing) < next };
  });
}
