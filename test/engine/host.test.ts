/** The engine in a process of its own, with a fake model: crashes, hard and soft cancellation, restarts, and the end. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import type { LoadRequest, StepEvent } from "../../src-main/api/engine.ts";
import { carriedProviders } from "../../src-main/engine/providers.ts";
import { ownFormsOf } from "../../src-main/engine/sessions/ownOperators.ts";
import { startEngine, type Engine, type EngineOptions } from "../../src-main/engine/host.ts";
import type { ServiceExit } from "../../src-main/service/supervisor.ts";
import { fakeScene } from "../support/fakePipeline.ts";

const entry = fileURLToPath(new URL("../support/fakeEngine.ts", import.meta.url));
const model: LoadRequest = { path: "fake", provider: "cpu", memory: "auto" };
const engines: Engine[] = [];
/** Other tests may keep both cores busy. */
const PATIENT = { timeout: 20_000 };

async function start(options: EngineOptions = {}) {
  const lines: string[] = [];
  const engine = await startEngine({ entry, onLine: (line) => lines.push(line), ...options });
  engines.push(engine);
  const steps: StepEvent[] = [];
  const exits: ServiceExit[] = [];
  engine.on("step", (step) => steps.push(step));
  engine.on("exit", (exit) => exits.push(exit));
  const generate = (prompt: string, { jobId = "j", seeds = ["1"], steps = 6 } = {}) =>
    engine.api.generate({ jobId, scene: fakeScene(prompt, steps), seeds, previewEvery: 1, attention: false });
  return { engine, steps, exits, lines, generate };
}

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop(1_000)));
});

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test("the process starts with the first call and serves it", async () => {
  const { engine, generate, steps } = await start();
  expect(engine.pid).toBeUndefined();
  const summary = await engine.api.load(model);
  expect(summary).toMatchObject({ path: "fake", maxTokens: 77 });
  expect(engine.pid).not.toBe(process.pid);
  await expect(generate("a cat", { seeds: ["1", "2"] })).resolves.toEqual({ finished: 2 });
  expect(steps).toHaveLength(12);
  expect(steps[7]!.preview?.data).toEqual(new Uint8Array(8).fill(2));
});

test("a process killed in the middle of a run is an error for the caller, and the next request works", async () => {
  const { engine, generate, exits } = await start();
  await engine.api.load(model);
  const before = engine.pid;
  await expect(generate("crash")).rejects.toMatchObject({
    code: "service-crashed",
    details: { service: "engine", exitCode: null, signal: "SIGKILL" },
  });
  expect(exits).toMatchObject([{ pid: before, signal: "SIGKILL", expected: false }]);
  await expect(generate("a cat")).resolves.toEqual({ finished: 1 }); // the checkpoint came back by itself
  expect(engine.pid).not.toBe(before);
});

const gpu = carriedProviders().find((provider) => ownFormsOf(provider).length > 0);

test.runIf(gpu)(
  "a process is told of the provider's operators that are right, and of none after one ended with them",
  PATIENT,
  async () => {
    const probeEntry = fileURLToPath(new URL("../support/formsProbe.ts", import.meta.url));
    const { engine, generate } = await start({ probeEntry });
    const onGpu: LoadRequest = { ...model, provider: gpu! };
    await expect(engine.api.load(onGpu)).resolves.toMatchObject({ notes: ["splitGelu"] }); // of the fake pipeline
    await expect(generate("abort")).rejects.toMatchObject({ code: "service-crashed" });
    await generate("a cat");
    expect(engine.summaryOf(onGpu)?.notes).toEqual([]);
    await expect(engine.api.load(onGpu)).resolves.toMatchObject({ notes: [] });
  },
);

test("an abort of native code names its signal, and events go on in the next process", async () => {
  const { engine, generate, steps } = await start();
  await engine.api.load(model);
  await expect(generate("abort")).rejects.toMatchObject({ code: "service-crashed", details: { signal: "SIGABRT" } });
  steps.length = 0;
  await generate("a cat");
  expect(steps).toHaveLength(6);
});

test("every call that waits is told of a crash", async () => {
  const { engine, generate } = await start();
  await engine.api.load(model);
  const calls = await Promise.allSettled([
    generate("crash"),
    generate("a cat", { jobId: "k" }),
    generate("a cat", { jobId: "l" }),
  ]);
  for (const call of calls) expect(call).toMatchObject({ status: "rejected", reason: { code: "service-crashed" } });
});

test("a hard cancel ends the process even inside a native call", async () => {
  const { engine, generate, steps, exits } = await start();
  await engine.api.load(model);
  const job = generate("deep"); // blocks for 5 s in its second step
  const outcome = expect(job).rejects.toMatchObject({ code: "cancelled" });
  await expect.poll(() => steps.length, PATIENT).toBe(1);
  const begun = performance.now();
  engine.kill();
  await outcome;
  expect(performance.now() - begun).toBeLessThan(4_500);
  expect(exits).toMatchObject([{ expected: true }]);
  await expect(generate("a cat")).resolves.toEqual({ finished: 1 });
});

test("a soft cancel takes effect within one step", async () => {
  const { engine, generate, steps } = await start();
  await engine.api.load(model);
  let atCancel = Infinity;
  engine.on("step", ({ step }) => {
    if (step === 3) void engine.api.cancel({ jobId: "j" }).then(() => (atCancel = steps.length));
  });
  await expect(generate("a cat", { steps: 200 })).rejects.toMatchObject({ code: "cancelled" });
  // How long the message itself takes is the machine's affair; once it has arrived, only the step at hand is finished.
  expect(steps.length).toBeLessThanOrEqual(atCancel + 1);
});

test("a cancellation that overtakes the reopening of the checkpoint is kept", async () => {
  const { engine, generate, steps } = await start();
  await engine.api.load(model);
  engine.kill();
  await expect.poll(() => engine.pid, PATIENT).toBeUndefined();
  const jobs = [generate("a cat"), generate("a cat", { jobId: "k", seeds: ["1", "2"] })];
  await engine.api.cancel({ jobId: "j" });
  await engine.api.cancel({ jobId: "k", index: 0 });
  const [all, one] = await Promise.allSettled(jobs);
  expect(all).toMatchObject({ status: "rejected", reason: { code: "cancelled" } });
  expect(one).toEqual({ status: "fulfilled", value: { finished: 1 } });
  expect(new Set(steps.map(({ jobId, index }) => `${jobId} ${index}`))).toContain("k 1");
});

test("a checkpoint that cannot be opened leaves the one before in use", async () => {
  const { engine, generate } = await start();
  await engine.api.load(model);
  await expect(engine.api.load({ ...model, path: "missing" })).rejects.toMatchObject({ code: "file-unreadable" });
  await expect(generate("a cat")).resolves.toEqual({ finished: 1 });
  await expect(engine.api.load({ ...model, path: "missing" })).rejects.toMatchObject({ code: "file-unreadable" });
  engine.kill();
  await expect(generate("a cat")).resolves.toEqual({ finished: 1 });
});

test("cancelling starts no process", async () => {
  const { engine } = await start();
  await engine.api.cancel({ jobId: "j" });
  expect(engine.pid).toBeUndefined();
});

test("a broken request is refused by the process", async () => {
  const { engine } = await start();
  await expect(engine.api.load({ ...model, deviceId: -1 })).rejects.toMatchObject({ code: "bad-request" });
});

test("a Node binary that is not there is an error with its path", async () => {
  const { engine } = await start({ node: "/nowhere/node" });
  const load = engine.api.load(model);
  await expect(load).rejects.toMatchObject({ code: "service-crashed" });
  await expect(load).rejects.toThrow("/nowhere/node");
});

test("stopping ends the process, and nothing is served after", async () => {
  const { engine, exits } = await start();
  await engine.api.load(model);
  const pid = engine.pid!;
  await engine.stop();
  expect(isAlive(pid)).toBe(false);
  expect(exits).toMatchObject([{ code: 0, expected: true }]);
  await expect(engine.api.tokenize({ prompt: "a cat", promptWeights: true })).rejects.toMatchObject({
    code: "cancelled",
  });
});

test("stopping takes no longer than its time limit", async () => {
  const { engine, generate, steps } = await start();
  await engine.api.load(model);
  const job = expect(generate("deep")).rejects.toMatchObject({ code: "cancelled" });
  await expect.poll(() => steps.length, PATIENT).toBe(1);
  const begun = performance.now();
  await engine.stop(200);
  await job;
  expect(performance.now() - begun).toBeLessThan(4_500);
});

test("the process logs to whoever listens", async () => {
  const { engine, lines } = await start();
  const logs: string[] = [];
  engine.on("log", ({ level, message }) => logs.push(`${level} ${message}`));
  await engine.api.load(model);
  await expect.poll(() => lines, PATIENT).toHaveLength(1);
  expect(lines[0]).toMatch(/^info: opened fake on cpu in [\d.]+ s$/);
  expect(logs).toHaveLength(1);
});

test("the process ends with its parent", async () => {
  const host = fileURLToPath(new URL("../../src-main/engine/host.ts", import.meta.url));
  const script = `
    import { startEngine } from ${JSON.stringify(host)};
    const engine = await startEngine({ entry: ${JSON.stringify(entry)} });
    await engine.api.load(${JSON.stringify(model)});
    process.stdout.write(String(engine.pid), () => process.kill(process.pid, "SIGKILL"));`;
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  const pid = await run.then(
    () => 0,
    (error: unknown) => Number((error as { stdout: string }).stdout),
  );
  expect(pid).toBeGreaterThan(0);
  await expect.poll(() => isAlive(pid), PATIENT).toBe(false);
});
