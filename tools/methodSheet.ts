/**
 * Draws one scene by every method with the same seeds and puts the pictures on one sheet, boxes drawn: a row a method, a
 * column a seed. The README's sheet is made by
 *
 *     node tools/methodSheet.ts resources/examples/two-icons.json resources/readme/methods.png --seeds 1-6
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import type { GeneratedImage } from "../src-main/api/engine.ts";
import { METHODS, type Method } from "../src-main/api/scene.ts";
import { parseSceneText } from "../src-main/api/sceneParser.ts";
import { readSeeds } from "../src-main/api/seeds.ts";
import { startEngine } from "../src-main/engine/host.ts";
import { contactSheet, type SheetPicture } from "../src-main/image/contactSheet.ts";
import { encodePng } from "../src-main/image/png.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "1-6" },
    model: { type: "string", default: path.resolve(import.meta.dirname, "../resources/models/demo") },
    cell: { type: "string", default: "160" },
  },
});
const [sceneFile, sheetFile] = positionals;
if (sceneFile === undefined || sheetFile === undefined) {
  throw new Error("Usage: node tools/methodSheet.ts SCENE.json SHEET.png [--seeds 1-6] [--model DIR] [--cell PIXELS]");
}

const engine = await startEngine();
try {
  const model = await engine.api.load({ path: path.resolve(values.model), provider: "cpu", memory: "auto" });
  const { scene } = parseSceneText(await readFile(sceneFile, "utf8"), model.defaults);
  const asked = readSeeds(values.seeds);
  if ("problem" in asked) throw new Error(`--seeds: ${asked.problem}`);
  const { seeds } = asked;
  const boxes = scene.regions.map(({ box, spans }) => ({
    box,
    label: spans.map(({ start, end }) => scene.prompt.slice(start, end)).join(", "),
  }));
  const pictures: SheetPicture[] = [];
  let method: Method = "none";
  engine.on("image", ({ pixels, seed, obedience }: GeneratedImage) => {
    const obeyed = Object.values(obedience.at(-1) ?? {}).map((share) => `${(100 * share).toFixed(0)}%`);
    pictures.push({ pixels, boxes, label: `${method} ${seed}: ${obeyed.join(" ")}` });
  });
  for (method of METHODS) {
    const guidance = { ...scene.settings.guidance, method };
    const drawn = { ...scene, settings: { ...scene.settings, guidance } };
    await engine.api.generate({ jobId: method, scene: drawn, seeds, previewEvery: 0, attention: false });
  }
  const sheet = contactSheet(pictures, { title: scene.prompt, columns: seeds.length, cell: Number(values.cell) });
  await mkdir(path.dirname(sheetFile), { recursive: true });
  await writeFile(sheetFile, encodePng(sheet));
} finally {
  await engine.stop();
}
