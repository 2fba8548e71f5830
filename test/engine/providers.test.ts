/** Which execution providers there are, which work here, and what a person is told of the rest. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startEngine } from "../../src-main/engine/host.ts";
import {
  carriedProviders,
  providerUnavailable,
  reportProvider,
  toOrtProviders,
  type ProbeOptions,
} from "../../src-main/engine/providers.ts";
import { forkNode } from "../../src-main/service/child.ts";

const script = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const probe: ProbeOptions = { fork: forkNode(), env: process.env, entry: script("../../src-main/engine/probe.ts") };
/** An entry that dies as a broken driver does. */
const broken: ProbeOptions = { ...probe, entry: script("../support/brokenDriver.ts") };

test("each platform's build carries what its package was compiled with", () => {
  expect(carriedProviders("linux-x64")).toEqual(["cpu", "cuda", "webgpu"]);
  expect(carriedProviders("linux-arm64")).toEqual(["cpu"]);
  expect(carriedProviders("darwin-arm64")).toEqual(["cpu", "coreml", "webgpu"]);
  expect(carriedProviders("win32-x64")).toEqual(["cpu", "dml", "webgpu"]);
  expect(carriedProviders("darwin-x64")).toEqual([]);
});

test("the processor works wherever there is a build", async () => {
  await expect(reportProvider(probe, "cpu")).resolves.toMatchObject({ provider: "cpu", available: true });
});

test("on an Intel Mac nothing works, and the report says which machines are meant", async () => {
  const report = await reportProvider(probe, "cpu", 0, "darwin-x64");
  expect(report.available).toBe(false);
  expect(report.detail).toContain("no build for darwin-x64");
  expect(report.detail).toContain("darwin-arm64");
});

test("a provider of other platforms is named with the builds that have it", async () => {
  const { available, detail } = await reportProvider(probe, "coreml", 0, "linux-x64");
  expect(available).toBe(false);
  expect(detail).toBe("CoreML is not part of ONNX Runtime for linux-x64, only of the build for Apple silicon.");
});

test("a second device is refused where the provider chooses by itself", async () => {
  const { available, detail } = await reportProvider(probe, "webgpu", 1, "linux-x64");
  expect(available).toBe(false);
  expect(detail).toContain("WebGPU has no device 1");
});

test("a driver that aborts takes only the probe with it", async () => {
  const report = await reportProvider(broken, "webgpu", 0, "linux-x64");
  expect(report.available).toBe(false);
  expect(report.detail).toContain("the driver ended the process (SIGABRT): terminate called in libbroken.so");
});

test("the error for a provider that does not work names those that do", async () => {
  const error = await providerUnavailable(probe, { provider: "dml", available: false, detail: "No DirectML." });
  expect(error.code).toBe("provider-unavailable");
  expect(error.details.alternatives).toContain("cpu");
  expect(error.message).toMatch(/^No DirectML\. Works here: .*cpu/);
});

test("loading on a provider that is not here is refused before the engine is touched", async () => {
  const foreign = process.platform === "win32" ? "coreml" : "dml";
  const engine = await startEngine();
  const load = engine.api.load({ path: "any", provider: foreign, memory: "auto" });
  await expect(load).rejects.toMatchObject({ code: "provider-unavailable", details: { provider: foreign } });
  expect(engine.pid).toBeUndefined();
});

test.runIf(process.platform === "linux" && process.arch === "x64")(
  "CUDA without its libraries says which files are missing and where they belong",
  async ({ skip }) => {
    const { available, detail } = await reportProvider(probe, "cuda");
    skip(available, "CUDA works here");
    expect(detail).toContain("Microsoft.ML.OnnxRuntime.Gpu.Linux 1.30.0");
    expect(detail).toContain("onnxruntime-node/bin/napi-v6/linux/x64");
    expect(detail).toContain("which CUDA and cuDNN");
  },
);

test("every provider has session options", () => {
  expect(toOrtProviders("cuda", 1).executionProviders).toEqual([{ name: "cuda", deviceId: 1 }]);
  expect(toOrtProviders("dml", 2)).toMatchObject({
    executionProviders: [{ name: "dml", deviceId: 2 }],
    executionMode: "sequential",
    enableMemPattern: false,
  });
  expect(toOrtProviders("webgpu").executionProviders).toEqual([{ name: "webgpu", storageBufferCacheMode: "simple" }]);
  expect(toOrtProviders("coreml").executionProviders).toEqual([{ name: "coreml", coreMlFlags: 24 }]);
  expect(toOrtProviders("cpu").executionProviders).toEqual(["cpu"]);
});
