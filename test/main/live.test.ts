/** Live pictures: they go to whoever asked and nowhere else, and give way to what somebody asked to be drawn. */
import { expect, test } from "vitest";
import type { GeneratedImage, GenerateRequest, StepEvent } from "../../src-main/api/engine.ts";
import type { LiveStep } from "../../src-main/api/live.ts";
import type { Engine, Listener, OpenedApi } from "../../src-main/engine/host.ts";
import { DrawingTurns } from "../../src-main/service/drawingTurns.ts";
import { LiveDrawing } from "../../src-main/main/liveDrawing.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import type { Scene } from "../../src-main/scene/scene.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { cancelled } from "../support/jobs.ts";

const model = { path: "/models/a", provider: "cpu", memory: "auto" } as const;
const scene: Scene = { prompt: "a {red|blue} cat", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };
const request = { scene, seed: "7", alternative: null, previewEvery: 4 };
const pixels = { width: 1, height: 1, data: new Uint8Array([1, 2, 3, 255]) };

/** An engine whose pictures come when a test says so. */
function live() {
  const turns = new DrawingTurns();
  const asked: (GenerateRequest & { jobId: string })[] = [];
  const stopped: string[] = [];
  const steps: LiveStep[] = [];
  let current: { listener: Listener; done: (error?: Error) => void } | undefined;
  const generate = (one: GenerateRequest & { jobId: string }, listener: Listener) => {
    asked.push(one);
    const { promise, resolve, reject } = Promise.withResolvers<{ finished: number }>();
    current = { listener, done: (error) => (error ? reject(error) : resolve({ finished: 1 })) };
    return promise;
  };
  const engine: Pick<Engine, "with" | "cancel"> = {
    with: (_model, send, listener) => send({ generate: (one) => generate(one, listener!) } as OpenedApi),
    cancel: ({ jobId }) => {
      stopped.push(jobId);
      current!.done(cancelled());
    },
  };
  let readStart = () => Promise.resolve<typeof pixels | null>(pixels);
  const drawing = new LiveDrawing({
    ...{ engine, turns },
    resolve: (one) => Promise.resolve(one),
    readStart: () => readStart(),
    emit: (step) => void steps.push(step),
  });
  const inWork = (count: number) => expect.poll(() => asked.length).toBe(count);
  const step = (event: Partial<StepEvent>) => current!.listener.onStep?.(event as StepEvent);
  const finish = (image: Partial<GeneratedImage> = {}) => {
    current!.listener.onImage?.({ pixels, obedience: [{}, {}, {}], ...image } as GeneratedImage);
    current!.done();
  };
  const fail = (error: Error) => current!.done(error);
  return { drawing, turns, asked, stopped, steps, inWork, step, finish, fail, slowStart: (promise: Promise<null>) => (readStart = () => promise) }; // prettier-ignore
}

test("a picture is asked for with what it has in common with the one before, and given to whoever asked", async () => {
  const { drawing, asked, steps, inWork, step, finish } = live();
  const start = { hash: "a".repeat(64), strength: 0.5 };
  const reply = drawing.draw({ ...request, scene: { ...scene, start }, alternative: "blue" }, model);
  await inWork(1);
  expect(asked[0]).toMatchObject({ seeds: ["7"], previewEvery: 4, attention: false, sharesBeginning: true, start: pixels }); // prettier-ignore
  expect(asked[0]!.scene.prompt).toBe("a blue cat");
  expect(asked[0]).not.toHaveProperty("keepEvery");
  step({ step: 3, pictureSecondsLeft: 2, preview: pixels });
  expect(steps).toEqual([{ step: 3, secondsLeft: 2, preview: pixels }]);
  finish({ shared: 1 });
  expect(await reply).toEqual({ kind: "drawn", pixels, seconds: expect.any(Number) as number, shared: 1, steps: 3 });
});

test("it waits while a project draws, and stops when one begins to", async () => {
  const { drawing, turns, asked, stopped, inWork, finish } = live();
  const { promise: busy, resolve: end } = Promise.withResolvers<undefined>();
  const drawn = turns.take(
    () => model,
    () => busy,
  );
  expect(await drawing.draw(request, model)).toEqual({ kind: "later" });
  expect(asked).toEqual([]);
  end(undefined);
  await drawn;
  await new Promise((resolve) => setImmediate(resolve));
  const reply = drawing.draw(request, model);
  await inWork(1);
  const begun: string[] = [];
  const other = turns.take(
    () => model,
    () => Promise.resolve(void begun.push("a real one")),
  );
  expect(await reply).toEqual({ kind: "later" });
  expect(stopped).toEqual([asked[0]!.jobId]);
  await other;
  expect(begun).toEqual(["a real one"]);
  await new Promise((resolve) => setImmediate(resolve));
  const again = drawing.draw(request, model);
  await inWork(2);
  finish();
  expect(await again).toMatchObject({ kind: "drawn" });
});

test("it is stopped, also before the engine has it; what else goes wrong is told", async () => {
  const { drawing, asked, inWork, fail, slowStart } = live();
  const reply = drawing.draw(request, model);
  await inWork(1);
  drawing.stop();
  expect(await reply).toEqual({ kind: "stopped" });
  const { promise, resolve } = Promise.withResolvers<null>();
  slowStart(promise);
  const early = drawing.draw({ ...request, scene: { ...scene, start: { hash: "a", strength: 0.5 } } }, model);
  drawing.stop();
  resolve(null);
  expect(await early).toEqual({ kind: "stopped" });
  expect(asked).toHaveLength(1);
  const bad = drawing.draw(request, model);
  await inWork(2);
  fail(new AppError("out-of-memory", "Memory ran out.", {}));
  await expect(bad).rejects.toMatchObject({ code: "out-of-memory" });
  const forced = drawing.draw(request, model); // the engine was restarted by hand
  await inWork(3);
  fail(cancelled());
  expect(await forced).toEqual({ kind: "stopped" });
});
