/** Opening what draws: cancelled in the middle, failed in the middle. */
import { MessageChannel } from "node:worker_threads";
import * as ort from "onnxruntime-node";
import { expect, onTestFinished, test, vi } from "vitest";
import { startEngine } from "../../src-main/engine/host.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import { withSteps } from "../../src-main/scene/defaults.ts";
import type { Scene } from "../../src-main/scene/scene.ts";

const { InferenceSession } = ort;
type Create = (model: Uint8Array, options: ort.InferenceSession.SessionOptions) => Promise<ort.InferenceSession>;

test("a job that is cancelled while its network opens draws no step, and the network is there for the next one", async () => {
  const engine = await startEngine({ onLine: () => undefined });
  onTestFinished(() => engine.stop());
  const { defaults } = await engine.api.load({ path: "resources/models/demo", provider: "cpu", memory: "fast" });
  const scene: Scene = { prompt: "a cat", negativePrompt: "", regions: [], settings: withSteps(defaults, 2) };
  const generate = (jobId: string) =>
    engine.api.generate({ jobId, scene, seeds: ["1"], previewEvery: 0, attention: false });
  const steps: string[] = [];
  const preparing: string[] = [];
  engine.on("step", ({ jobId }) => steps.push(jobId));
  engine.on("loading", ({ fraction, message }) => {
    if (fraction === 0) preparing.push(message);
    if (preparing.length === 1) void engine.api.cancel({ jobId: "first" });
  });
  await expect(generate("first")).rejects.toMatchObject({ code: "cancelled" });
  expect(preparing).toEqual([expect.stringContaining("Preparing the network")]);
  expect(steps).toEqual([]);
  await expect(generate("second")).resolves.toEqual({ finished: 1 });
  expect(preparing).toHaveLength(1);
  expect(steps).toEqual(["second", "second"]);
});

test("a cancellation that comes while the thread is blocked by opening is heard before the first step", async () => {
  const path = "test/goldens/tiny-sd";
  const pipeline = await openPipeline({ path, provider: "cpu", memory: "fast" }, () => undefined);
  onTestFinished(() => pipeline.close());
  const controller = new AbortController();
  const { port1, port2 } = new MessageChannel();
  port2.once("message", () => {
    controller.abort();
    port2.close();
  });
  const create = InferenceSession.create.bind(InferenceSession) as Create;
  const spy = vi.spyOn(InferenceSession, "create") as unknown as { mockImplementation(to: Create): void };
  spy.mockImplementation((...of) => {
    setImmediate(() => port1.postMessage("cancel")); // just before ONNX Runtime's own turn: it arrives while that is at work
    return create(...of);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const { defaults } = pipeline.summary;
  const settings = { ...withSteps(defaults, 2), width: 64, height: 64 };
  const scene: Scene = { prompt: "a cat", negativePrompt: "", regions: [], settings };
  const onStep = vi.fn();
  const drawing = pipeline.generate(scene, "1", {
    previewEvery: 0,
    attention: false,
    signal: controller.signal,
    onStep,
  });
  await expect(drawing).rejects.toMatchObject({ name: "AbortError" });
  expect(onStep).not.toHaveBeenCalled();
});

test("a checkpoint of which a part does not open says so once, and what was open already is closed", async () => {
  const create = InferenceSession.create.bind(InferenceSession) as Create;
  let open = 0;
  const spy = vi.spyOn(InferenceSession, "create") as unknown as { mockImplementation(to: Create): void };
  spy.mockImplementation(async (...of) => {
    if (open > 0) throw new Error("bad allocation: std::bad_alloc");
    const session = await create(...of);
    const release = session.release.bind(session);
    session.release = () => (open--, release());
    open++;
    return session;
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const path = "test/goldens/single-file/tiny-sdxl"; // its second text encoder fails
  await expect(openPipeline({ path, provider: "cpu", memory: "fast" }, () => undefined)).rejects.toMatchObject({
    code: "out-of-memory",
    message: expect.stringContaining("ONNX Runtime could not open the network: memory ran out.") as string,
  });
  expect(open).toBe(0);
});
