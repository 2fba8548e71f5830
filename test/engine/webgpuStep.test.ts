/** A whole guided step on a GPU provider, without a GPU: WebGPU on Electron's software Vulkan, against the processor. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { relativeError } from "../support/closeness.ts";
import { webgpuEnvironment } from "../support/webgpu.ts";

const environment = await webgpuEnvironment();

async function guidedStep(provider: string): Promise<Record<string, number[]>> {
  const script = fileURLToPath(new URL("../support/unetStep.ts", import.meta.url));
  const env = { ...process.env, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, [script, provider], { env, maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as Record<string, number[]>;
}

test.runIf(environment)(
  "prediction, attention, loss and gradient on WebGPU are the processor's",
  { timeout: 300_000 },
  async () => {
    const [gpu, cpu] = [await guidedStep("webgpu"), await guidedStep("cpu")];
    for (const [name, limit] of [
      ["prediction", 2e-4],
      ["plain", 2e-4],
      ["maps", 2e-4],
      ["loss", 3e-3],
      ["gradient", 3e-3],
    ] as const) {
      // prettier-ignore
      expect(Math.hypot(...cpu[name]!), name).toBeGreaterThan(0);
      expect(relativeError(gpu[name]!, cpu[name]!), name).toBeLessThan(limit);
    }
    expect(relativeError(cpu.plain!, cpu.prediction!)).toBeLessThan(1e-6);
  },
);
