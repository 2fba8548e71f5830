/** An Electron app without a window: runs the fake engine as a utility process, tries what may go wrong, and prints what came of it. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { startEngine } from "../../../src-main/engine/host.ts";
import { forkUtility, type UtilityFork } from "../../../src-main/service/child.ts";
import { fakeScene } from "../fakePipeline.ts";

interface ElectronLike {
  app: { whenReady(): Promise<void>; exit(code: number): void };
  utilityProcess: { fork: UtilityFork };
}
const { app, utilityProcess } = createRequire(import.meta.url)("electron") as ElectronLike;

const told = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({
      code: (error as { code?: string }).code,
      details: (error as { details?: unknown }).details,
    }),
  );

async function scenario(): Promise<unknown> {
  const engine = await startEngine({
    fork: forkUtility((...args) => utilityProcess.fork(...args)),
    entry: join(import.meta.dirname, "fakeEngine.mjs"),
    onLine: () => undefined,
  });
  const generate = (prompt: string, jobId: string, steps = 6) =>
    engine.api.generate({ jobId, scene: fakeScene(prompt, steps), seeds: ["1"], previewEvery: 1, attention: false });
  let previews = 0;
  let cancelledAt = 0;
  let steps = 0;
  engine.on("step", ({ jobId, step, preview }) => {
    if (preview?.data instanceof Uint8Array) previews++;
    if (jobId !== "cancel") return;
    steps++;
    if (step === 3) {
      cancelledAt = step;
      void engine.api.cancel({ jobId: "cancel" });
    }
  });
  await engine.api.load({ path: "fake", provider: "cpu", memory: "auto" });
  const drawn = await told(generate("a cat", "draw"));
  const cancelled = await told(generate("a cat", "cancel", 200));
  const aborted = await told(generate("abort", "abort"));
  const killing = told(generate("deep", "kill"));
  setTimeout(() => engine.kill(), 300);
  const killed = await killing;
  const after = await told(generate("a cat", "after"));
  const begun = performance.now();
  await engine.stop();
  const stopping = performance.now() - begun;
  return { drawn, previews, cancelled, stepsAfterCancel: steps - cancelledAt, aborted, killed, after, stopping };
}

void app
  .whenReady()
  .then(scenario)
  .then(
    (outcome) => process.stdout.write(`OUTCOME ${JSON.stringify(outcome)}\n`, () => app.exit(0)),
    (error: unknown) => process.stdout.write(`FAILED ${String(error)}\n`, () => app.exit(1)),
  );
