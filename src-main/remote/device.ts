/** What a machine draws with, as its owner would call it. */
import { execFile } from "node:child_process";
import { cpus } from "node:os";
import type { ProviderReport } from "../api/engine.ts";
import type { ProviderName } from "../scene/scene.ts";

/** The fastest first. */
const PREFERRED: readonly ProviderName[] = ["cuda", "dml", "coreml", "webgpu", "cpu"];
const PATIENCE = 5_000;

export function preferredProvider(reports: readonly ProviderReport[]): ProviderName {
  const works = (name: ProviderName) => reports.some(({ provider, available }) => provider === name && available);
  return PREFERRED.find(works) ?? "cpu";
}

/** The graphics card's name where its driver tells it, else the processor's. */
export async function deviceName(provider: ProviderName): Promise<string> {
  if (provider === "cuda") return (await nvidiaName()) ?? "NVIDIA GPU";
  const processor = cpus()[0]?.model.trim().replace(/\s+/g, " ") || "processor";
  if (provider === "cpu" || provider === "coreml") return processor.slice(0, 200);
  return provider === "dml" ? "DirectX 12 GPU" : "WebGPU";
}

function nvidiaName(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const args = ["--query-gpu=name", "--format=csv,noheader", "--id=0"];
    execFile("nvidia-smi", args, { timeout: PATIENCE, windowsHide: true }, (error, stdout) => {
      const name = stdout.split("\n")[0]?.trim();
      resolve(error || !name ? undefined : name.slice(0, 200));
    });
  });
}
