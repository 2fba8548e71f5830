/** A GPU provider without a GPU: WebGPU on the software Vulkan of Electron, against the processor. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { reportProvider } from "../../src-main/engine/providers.ts";
import { forkNode } from "../../src-main/service/child.ts";
import { webgpuEnvironment } from "../support/webgpu.ts";

const environment = await webgpuEnvironment();
const script = (path: string) => fileURLToPath(new URL(path, import.meta.url));

async function convMatmul(provider: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [script("../support/convMatmul.ts"), provider], {
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout) as number[];
}

test.runIf(environment)(
  "WebGPU is reported as working, with those of its own operators that give the right numbers",
  { timeout: 60_000 },
  async () => {
    const entry = script("../../src-main/engine/probe.ts");
    const reportWith = (more: Record<string, string>) =>
      reportProvider({ fork: forkNode(), env: { ...process.env, ...environment, ...more }, entry }, "webgpu");
    const report = await reportWith({});
    expect(report).toEqual({
      provider: "webgpu",
      available: true,
      detail: expect.stringMatching(/^WebGPU works here\. Both halves/) as string,
      forms: ["splitGelu"],
    });
    expect(report.detail).toMatch(/ Its own operators that gave the plain ones' numbers are used: BiasSplitGelu\.$/);
    const plain = await reportWith({ DIORAMA_OPERATORS: "plain" });
    expect(plain).toMatchObject({ available: true, forms: [] });
    expect(plain.detail).toMatch(/ None of its own operators are used, as DIORAMA_OPERATORS says\.$/);
  },
);

test.runIf(environment)("a convolution and a matrix product agree on WebGPU and on the processor", async () => {
  const [gpu, cpu] = [await convMatmul("webgpu"), await convMatmul("cpu")];
  expect(cpu).toHaveLength(160);
  const worst = Math.max(...cpu.map((value, i) => Math.abs(value - gpu[i]!)));
  expect(worst).toBeLessThan(1e-4);
  expect(Math.max(...cpu.map(Math.abs))).toBeGreaterThan(1);
});
