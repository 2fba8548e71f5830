/**
 * Measures the judge on rendered truth, clean and worn, and prints recall, precision and mean IoU per icon and size:
 *
 *     node tools/evaluate/measureJudge.ts [--scenes 500] [--sides 256,64] [--smallest 0.15] [--worn]
 */
import { parseArgs } from "node:util";
import { examine, type Marks } from "./truth.ts";

const { values } = parseArgs({
  options: {
    scenes: { type: "string", default: "500" },
    sides: { type: "string", default: "256,64" },
    smallest: { type: "string", default: "0.15" },
    seed: { type: "string", default: "1" },
    worn: { type: "boolean", default: false },
  },
});

/** About what the demo model's decoder does to edges and colours, and twice that; by pixels of a 256 x 256 picture. */
const WEAR = { "mild wear": { blur: 1.2, noise: 4, tint: 5 }, "strong wear": { blur: 2.5, noise: 10, tint: 10 } };

const line = (name: string, { things, recall, precision, iou }: Marks) =>
  `  ${name.padEnd(10)}${String(things).padStart(6)}  ${[recall, precision, iou].map((v) => v.toFixed(4)).join("  ")}`;

for (const side of values.sides.split(",").map(Number)) {
  const kinds = values.worn ? Object.entries(WEAR) : [["clean", undefined] as const];
  for (const [kind, wear] of kinds) {
    const scaled = wear && { ...wear, blur: (wear.blur * side) / 256 };
    const result = examine({
      side,
      scenes: Number(values.scenes),
      seed: Number(values.seed),
      sizes: [Number(values.smallest), 0.75],
      ...(scaled ? { wear: scaled } : {}),
    });
    console.log(`${side} pixels, ${kind}: things, recall, precision, mean IoU; backgrounds ${result.backgrounds}`);
    console.log(line("all", result));
    for (const [icon, marks] of Object.entries(result.byIcon)) console.log(line(icon, marks));
    for (const [size, marks] of Object.entries(result.bySize)) console.log(line(size, { ...marks, precision: NaN }));
    if (result.mistakes.length > 0) console.log(`  mistakes:\n    ${result.mistakes.slice(0, 20).join("\n    ")}`);
  }
}
