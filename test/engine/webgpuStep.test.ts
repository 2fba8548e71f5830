/** A whole guided step on a GPU provider, without a GPU: WebGPU on Electron's software Vulkan, against the processor. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { relativeError } from "../support/closeness.ts";
import { webgpuEnvironment } from "../support/webgpu.ts";

const environment = await webgpuEnvironment();

/** What a script of ../support prints on a provider. */
async function scriptOn<Printed>(provider: string, name: string, ...more: string[]): Promise<Printed> {
  const script = fileURLToPath(new URL(`../support/${name}.ts`, import.meta.url));
  const env = { ...process.env, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, [script, provider, ...more], {
    env,
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout) as Printed;
}

// In plain operators the same step is compared below, half by half.
test.runIf(environment)(
  "prediction, attention, loss and gradient on WebGPU are the processor's, in its own BiasSplitGelu, too",
  { timeout: 600_000 },
  async () => {
    type Outputs = Record<string, number[]>;
    const gpu = await scriptOn<Outputs>("webgpu", "unetStep", "splitGelu");
    const cpu = await scriptOn<Outputs>("cpu", "unetStep");
    for (const [name, limit] of [
      ["prediction", 2e-4],
      ["plain", 2e-4],
      ["maps", 2e-4],
      ["loss", 3e-3],
      ["gradient", 3e-3],
    ] as const) {
      expect(Math.hypot(...cpu[name]!), name).toBeGreaterThan(0);
      expect(relativeError(gpu[name]!, cpu[name]!), name).toBeLessThan(limit);
    }
    expect(relativeError(cpu.plain!, cpu.prediction!)).toBeLessThan(1e-6);
  },
);

interface Halves {
  guided: Record<string, number[]>;
  plain: Record<string, number[]>;
  chosen: Record<string, number[]>;
  notes: string[];
  times: [string, number][];
}

test.runIf(environment)(
  "both halves in one run on WebGPU are the processor's, and which way is faster there is measured",
  { timeout: 600_000 },
  async () => {
    const [gpu, cpu] = [await scriptOn<Halves>("webgpu", "halvesStep"), await scriptOn<Halves>("cpu", "halvesStep")];
    for (const kind of ["guided", "plain", "chosen"] as const) {
      const { rows, ...expected } = cpu[kind];
      expect(rows).toEqual([1]);
      for (const [name, numbers] of Object.entries(expected)) {
        const limit = name === "gradient" || name === "loss" ? 3e-3 : 2e-4;
        expect(relativeError(gpu[kind][name]!, numbers), `${kind} ${name}`).toBeLessThan(limit);
      }
    }
    expect(Object.keys(gpu.guided)).toEqual(["rows", "prediction", "negative", "maps", "loss", "gradient"]);
    expect([gpu.guided["rows"], gpu.plain["rows"]]).toEqual([[2], [2]]);
    expect([cpu.notes, cpu.times]).toEqual([[], []]); // a processor is not measured
    const [apart, together] = gpu.times.map(([, seconds]) => seconds) as [number, number];
    expect(gpu.times.map(([name]) => name)).toEqual(["halves 8x12 steering plain apart", "halves 8x12 steering plain together"]); // prettier-ignore
    expect(gpu.chosen["rows"]).toEqual([together < apart ? 2 : 1]);
    expect(gpu.notes).toHaveLength(1);
    expect(gpu.notes[0]).toMatch(together < apart ? /so at once$/ : /so one after the other$/);
  },
);
