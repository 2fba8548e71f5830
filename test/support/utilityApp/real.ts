/** An Electron app without a window: the built engine and store as utility processes, with their native modules; prints what came of it. */
import { mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_SETTINGS, withSteps } from "../../../src-main/api/defaults.ts";
import type { GeneratedImage } from "../../../src-main/api/engine.ts";
import { parseSceneText } from "../../../src-main/api/sceneParser.ts";
import { startEngine } from "../../../src-main/engine/host.ts";
import { forkUtility, type UtilityFork } from "../../../src-main/service/child.ts";
import { startStore } from "../../../src-main/store/host.ts";

interface ElectronLike {
  app: { whenReady(): Promise<void>; exit(code: number): void };
  utilityProcess: { fork: UtilityFork };
}
const { app, utilityProcess } = createRequire(import.meta.url)("electron") as ElectronLike;

/** better-sqlite3 13 ends a process of an older Node-API without a word. */
const NODE_API_OF_STORE = 10;

async function scenario(root: string): Promise<unknown> {
  const fork = forkUtility((...args) => utilityProcess.fork(...args));
  const entry = (name: string) => join(root, "dist", "services", `${name}.mjs`);
  const engine = await startEngine({ fork, entry: entry("engine"), probeEntry: entry("engineProbe") });
  await engine.api.load({ path: join(root, "resources/models/demo"), provider: "cpu", memory: "auto" });
  const text = readFileSync(join(root, "resources/examples/two-icons.json"), "utf8");
  const { scene: whole } = parseSceneText(text, DEFAULT_SETTINGS);
  const scene = { ...whole, settings: { ...withSteps(whole.settings, 4), width: 64, height: 64 } };
  const images: GeneratedImage[] = [];
  engine.on("image", (image) => images.push(image));
  await engine.api.generate({ jobId: "one", scene, seeds: ["1"], previewEvery: 0, attention: false });
  const [image] = images;
  if (!image) throw new Error("no picture came");
  const drawn = {
    width: image.pixels.width,
    height: image.pixels.height,
    obedience: Object.values(image.record.obedience)[0],
  };
  await engine.stop();

  const napi = Number(process.versions["napi"]);
  let kept: number | null = null;
  if (napi >= NODE_API_OF_STORE) {
    const folder = mkdtempSync(join(tmpdir(), "diorama-utility-"));
    const store = startStore({ dataFolder: folder, fork, entry: entry("store") });
    const draft = { scene, seeds: "1", model: null, editor: {} };
    await store.api.createProject({ path: join(folder, "a.diorama"), draft, replace: false });
    const run = await store.api.beginRun({ scene, model: "demo", asked: 1 });
    const { pixels, seed, seconds, record, attention } = image;
    await store.api.addResult({ runId: run.id, pixels, seed, seconds, record, attention });
    kept = (await store.api.listResults({ order: "newest", offset: 0, limit: 10 })).total;
    await store.stop();
  }
  return { napi, drawn, kept };
}

void app
  .whenReady()
  .then(() => scenario(process.argv.at(-1)!))
  .then(
    (outcome) => process.stdout.write(`OUTCOME ${JSON.stringify(outcome)}\n`, () => app.exit(0)),
    (error: unknown) => process.stdout.write(`FAILED ${String(error)}\n`, () => app.exit(1)),
  );
