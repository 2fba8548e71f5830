/**
 * Measures what scouting is worth: 24 seeds scouted and the best 4 by score finished, against 4 seeds drawn and all 24 drawn.
 *
 *     npm run evaluate:scouting -- [--scenes 100] [--seeds 24] [--finish 4] [--steps 50] [--out out/scouting] [--report-only]
 *
 * All are drawn to the end once, and score and time after each step are noted on the way: a scouted picture that is finished is
 * that very picture. Scene by scene, so that a run that is stopped has whole scenes; it goes on when it is started again.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import type { GeneratedImage } from "../../src-main/api/engine.ts";
import { DEMO_FOLDER } from "../../src-main/cli/render.ts";
import { startEngine, type Engine } from "../../src-main/engine/host.ts";
import { withSteps } from "../../src-main/scene/defaults.ts";
import type { Scene, SceneSettings } from "../../src-main/scene/scene.ts";
import { scoutSteps } from "../../src-main/scene/scouting.ts";
import { judge } from "./judge.ts";
import { KeyedLog } from "./keyedLog.ts";
import { SCENES_FILE } from "./makeScenes.ts";
import { captionOf, phraseOf, type IconScene } from "./scene.ts";
import { scoutingReport, type ScoutedPicture } from "./scoutingFigures.ts";
import { engineScene, noiseSeed } from "./variants.ts";
import { keyOf } from "./verdictLog.ts";

const { values } = parseArgs({
  options: {
    scenes: { type: "string", default: "100" },
    seeds: { type: "string", default: "24" },
    finish: { type: "string", default: "4" },
    steps: { type: "string" },
    out: { type: "string", default: "out/scouting" },
    "report-only": { type: "boolean", default: false },
  },
});
const [scenes, seeds, finish] = [values.scenes, values.seeds, values.finish].map((text) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`expected whole numbers above 0, got "${text}"`);
  return value;
}) as [number, number, number];

/** Changes with how the program scores a picture: what was noted by another score is drawn again. */
const SCORE = "scouting, score 2";

/** A line of the log. */
type Entry = ScoutedPicture & { key: string };

function isEntry(value: unknown): value is Entry {
  const { key, course, detections } = (value ?? {}) as Partial<Entry>;
  return typeof key === "string" && Array.isArray(course) && Array.isArray(detections);
}

await mkdir(values.out, { recursive: true });
const chosen = (JSON.parse(await readFile(SCENES_FILE, "utf8")) as IconScene[]).slice(0, scenes);
const log = await KeyedLog.open(path.join(values.out, "scouted.jsonl"), "scouted picture", isEntry);
const engine = await startEngine({ onLine: () => undefined });
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interrupt.abort());
try {
  const model = await engine.api.load({ path: DEMO_FOLDER, provider: "cpu", memory: "fast", threads: 1 });
  const settings = values.steps === undefined ? model.defaults : withSteps(model.defaults, Number(values.steps));
  const whole: Entry[][] = [];
  for (const scene of chosen) {
    const pictures: Entry[] = [];
    for (let seed = 1; seed <= seeds && !interrupt.signal.aborted; seed++) {
      const key = keyOf(scene, settings, String(seed), SCORE);
      if (!log.entries.has(key)) {
        if (values["report-only"]) break;
        await log.add({ key, ...(await drawn(engine, scene, settings, seed)) });
      }
      pictures.push(log.entries.get(key)!);
    }
    if (pictures.length === seeds) whole.push(pictures);
    if (interrupt.signal.aborted) break;
    if (!values["report-only"]) process.stderr.write(`scene ${scene.id} done\n`);
  }
  const byId = new Map(chosen.map((scene) => [scene.id, scene]));
  const report = scoutingReport(whole, (id) => byId.get(id)!, finish);
  process.stdout.write(`${report}\n`);
  await writeFile(path.join(values.out, "results.md"), report);
} finally {
  await log.close();
  await engine.stop();
}

/** A picture drawn to its end, with what was known of it at the scouting step. */
async function drawn(engine: Engine, scene: IconScene, settings: SceneSettings, seed: number): Promise<ScoutedPicture> {
  const things = scene.things.map((thing) => ({ phrase: phraseOf(thing), box: thing.box }));
  const asked: Scene = engineScene({ prompt: captionOf(scene), things }, settings);
  const guided = scoutSteps(asked);
  const times: number[] = [];
  const images: GeneratedImage[] = [];
  const stops = [
    engine.on("step", ({ elapsed }) => void times.push(elapsed)),
    engine.on("image", (got: GeneratedImage) => images.push(got)),
  ];
  try {
    const seedText = noiseSeed(scene.id, String(seed));
    await engine.api.generate({ jobId: seedText, scene: asked, seeds: [seedText], previewEvery: 0, attention: false });
  } finally {
    for (const stop of stops) stop();
  }
  const [image] = images;
  if (!image || guided === undefined) throw new Error(`scene ${scene.id}, seed ${seed}: no picture came`);
  const { obedience, seconds, pixels } = image;
  const course = obedience.map((scores) => {
    const values = Object.values(scores);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
  return {
    ...{ scene: scene.id, seed, course, times, seconds, guided },
    detections: judge(pixels).detections,
  };
}
