/** The engine's service over an in-memory port: order, cancellation, estimates and events, without a model or a process. */
import { expect, test, vi } from "vitest";
import type { EngineEvents } from "../../src-main/api/engine.ts";
import { memoryPorts } from "../support/memoryPorts.ts";
import { connect } from "../../src-main/wire/rpc.ts";
import { Estimator } from "../../src-main/engine/estimate.ts";
import { runService, type EngineProcessApi } from "../../src-main/engine/service.ts";
import { fakeScene, openFakePipeline } from "../support/fakePipeline.ts";

async function engine({ load = true } = {}) {
  const ports = memoryPorts();
  const onEnd = vi.fn<() => void>();
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  runService(ports.far, openFakePipeline, onEnd);
  const connection = connect<EngineProcessApi, EngineEvents>(ports.near);
  const { api } = connection;
  if (load) await api.load({ path: "fake", provider: "cpu", memory: "auto" });
  const steps: EngineEvents["step"][] = [];
  const images: EngineEvents["image"][] = [];
  connection.on("step", (step) => steps.push(step));
  connection.on("image", (image) => images.push(image));
  const generate = (jobId: string, seeds: string[], prompt = "a cat", count = 6) =>
    api.generate({ jobId, scene: fakeScene(prompt, count), seeds, previewEvery: 2, attention: false });
  return { ...connection, ports, onEnd, steps, images, generate };
}

test("a job draws one picture per seed, in order, and then resolves", async () => {
  const { generate, images } = await engine();
  await expect(generate("j", ["5", "3"])).resolves.toEqual({ finished: 2 });
  expect(images.map(({ jobId, index, seed }) => [jobId, index, seed])).toEqual([
    ["j", 0, "5"],
    ["j", 1, "3"],
  ]);
  expect(images[1]!.pixels.data).toEqual(new Uint8Array(64 * 64 * 4).fill(3));
  expect(images[1]!.attention.regions["a"]).toEqual(Float32Array.of(1));
});

test("each step is told as it happens, with previews as often as asked for", async () => {
  const { generate, steps } = await engine();
  await generate("j", ["5"], "a cat", 4);
  expect(steps.map(({ step, preview }) => [step, preview?.data[0]])).toEqual([
    [1, undefined],
    [2, 2],
    [3, undefined],
    [4, 4],
  ]);
  const [first, , , last] = steps;
  expect(first!.elapsed).toBeLessThan(last!.elapsed);
  expect(last!.pictureSecondsLeft).toBeLessThan(first!.pictureSecondsLeft ?? Infinity);
});

test("jobs are done in order of arrival", async () => {
  const { generate, images } = await engine();
  await Promise.all([generate("first", ["1", "2"]), generate("second", ["3"])]);
  expect(images.map(({ jobId, seed }) => `${jobId} ${seed}`)).toEqual(["first 1", "first 2", "second 3"]);
});

test("a cancelled job stops within one step, rejects, and the next one runs", async () => {
  const { api, on, generate, steps, images } = await engine();
  const stop = on("step", ({ step }) => void (step === 2 && api.cancel({ jobId: "j" })));
  const next = [generate("j", ["1", "2"]), generate("k", ["9"])] as const;
  await expect(next[0]).rejects.toMatchObject({ code: "cancelled", message: "Cancelled after 0 of 2 pictures." });
  stop();
  expect(steps.filter(({ jobId }) => jobId === "j").length).toBeLessThanOrEqual(3);
  await expect(next[1]).resolves.toEqual({ finished: 1 });
  expect(images.map(({ seed }) => seed)).toEqual(["9"]);
});

test("aborting the call cancels the job", async () => {
  const { api, on } = await engine();
  const controller = new AbortController();
  on("step", () => controller.abort());
  const request = { jobId: "j", scene: fakeScene("a cat"), seeds: ["1"], previewEvery: 0, attention: false };
  await expect(api.generate(request, { signal: controller.signal })).rejects.toMatchObject({ code: "cancelled" });
});

test("a cancelled seed is left out, whether it runs or waits", async () => {
  const { api, on, generate, images } = await engine();
  let done = false;
  on("step", () => {
    if (done) return;
    done = true;
    void api.cancel({ jobId: "j", index: 0 });
    void api.cancel({ jobId: "j", index: 2 });
  });
  await expect(generate("j", ["5", "6", "7", "8"])).resolves.toEqual({ finished: 2 });
  expect(images.map(({ index }) => index)).toEqual([1, 3]);
});

test("cancelling every seed one by one cancels the job", async () => {
  const { api, generate } = await engine();
  const job = generate("j", ["5", "6"]);
  await Promise.all([api.cancel({ jobId: "j", index: 1 }), api.cancel({ jobId: "j", index: 0 })]);
  await expect(job).rejects.toMatchObject({ code: "cancelled" });
});

test("cancelling what is not there, or done, is no error", async () => {
  const { api, generate } = await engine();
  await generate("j", ["5"]);
  await expect(api.cancel({ jobId: "j" })).resolves.toBeUndefined();
  await expect(api.cancel({ jobId: "never" })).resolves.toBeUndefined();
});

test("a job with the name of a running one is refused", async () => {
  const { generate } = await engine();
  const first = generate("j", ["5"]);
  await expect(generate("j", ["6"])).rejects.toMatchObject({ code: "bad-request" });
  await expect(first).resolves.toEqual({ finished: 1 });
});

test("a failing picture fails its job and no other", async () => {
  const { generate, images } = await engine();
  const [bad, good] = await Promise.allSettled([generate("bad", ["1", "2"], "fail"), generate("good", ["3"])]);
  expect(bad).toMatchObject({ status: "rejected", reason: { code: "out-of-memory" } });
  expect(good).toMatchObject({ status: "fulfilled" });
  expect(images.map(({ seed }) => seed)).toEqual(["3"]);
});

test("without a checkpoint the calls that need one say so", async () => {
  const { api, generate } = await engine({ load: false });
  const expected = { code: "not-found", message: "No checkpoint is loaded. Open one first." };
  await expect(api.tokenize({ prompt: "a cat", promptWeights: true })).rejects.toMatchObject(expected);
  await expect(api.check(fakeScene("a cat"))).rejects.toMatchObject(expected);
  await expect(generate("j", ["1"])).rejects.toMatchObject(expected);
});

test("a checkpoint that cannot be opened leaves none open", async () => {
  const { api } = await engine();
  const load = api.load({ path: "missing", provider: "cpu", memory: "auto" });
  await expect(load).rejects.toMatchObject({ code: "file-unreadable", details: { path: "missing" } });
  await expect(api.tokenize({ prompt: "a cat", promptWeights: true })).rejects.toMatchObject({ code: "not-found" });
});

test("unloading waits for the jobs before it", async () => {
  const { api, generate } = await engine();
  const job = generate("j", ["1"]);
  await api.unload();
  await expect(job).resolves.toEqual({ finished: 1 });
  await expect(api.tokenize({ prompt: "a cat", promptWeights: true })).rejects.toMatchObject({ code: "not-found" });
});

test("a check tells how long a picture takes once one has been timed", async () => {
  const { api, generate } = await engine();
  expect((await api.check(fakeScene("a cat"))).estimatedSeconds).toBeUndefined();
  await generate("j", ["1"]);
  const check = await api.check(fakeScene("a cat"));
  expect(check.estimatedSeconds).toBeGreaterThan(0.15);
  expect(check.estimatedDraftSeconds).toBeGreaterThan(0); // six steps are a draft already
  expect(check.estimatedDraftSeconds).toBeLessThanOrEqual(check.estimatedSeconds!);
});

test("when the caller is gone the picture is dropped and the service ends", async () => {
  const { generate, ports, onEnd, steps } = await engine();
  const job = generate("j", ["1"], "a cat", 1_000);
  await vi.waitFor(() => expect(steps.length).toBeGreaterThan(0), 20_000);
  ports.close();
  await expect(job).rejects.toMatchObject({ code: "service-crashed" });
  await vi.waitFor(() => expect(onEnd).toHaveBeenCalledOnce(), 20_000);
});

test("time left adds up the kinds of steps that remain", () => {
  const { settings } = fakeScene("a cat", 10); // guided steps 0 to 2, plain ones after
  const estimator = new Estimator();
  expect(estimator.remaining(settings)).toBeUndefined();
  estimator.addFirstStep(settings, 17.5); // guided, so a plain step may need 10
  expect(estimator.remaining(settings, 8)).toBe(20);
  estimator.addStep(settings, 1, 3.5);
  expect(estimator.remaining(settings, 3)).toBe(14); // 7 plain steps, untimed: 3.5 / 1.75 each
  estimator.addStep(settings, 3, 1);
  estimator.addFinish(settings, 0.25);
  expect(estimator.remaining(settings, 1)).toBe(14.25); // 2 * 3.5 + 7 * 1 + 0.25
  expect(estimator.remaining(settings, 10)).toBe(0.25);
  estimator.addStep(settings, 4, 2);
  expect(estimator.remaining(settings, 9)).toBeCloseTo(1.55); // 1 + 0.3 * (2 - 1), and the finish
  // A size that was never timed, by its pixels.
  expect(estimator.remaining({ ...settings, width: 2 * settings.width }, 9)).toBeCloseTo(3.1);
  expect(estimator.remaining({ ...settings, scheduler: "heun" }, 9)).toBeUndefined();
});

test("the state of the picture in work is told about as often as asked for, and before its picture", async () => {
  const { api, on } = await engine();
  const told: string[] = [];
  on("state", ({ jobId, index, seed, step }) => told.push(`${jobId} ${index} ${seed}: state ${step}`));
  on("image", ({ jobId, index, seed }) => told.push(`${jobId} ${index} ${seed}: image`));
  const job = { scene: fakeScene("a cat", 3), seeds: ["5"], previewEvery: 0, attention: false };
  await api.generate({ ...job, jobId: "often", keepEvery: 0 });
  await api.generate({ ...job, jobId: "seldom", keepEvery: 3_600 });
  await api.generate({ ...job, jobId: "never" });
  expect(told).toEqual([
    ...["often 0 5: state 1", "often 0 5: state 2", "often 0 5: image"],
    "seldom 0 5: image",
    "never 0 5: image",
  ]);
});
