/** What a machine draws with, as its owner would call it. */
import { cpus } from "node:os";
import type { ProviderReport } from "../api/engine.ts";
import type { ProviderName } from "../scene/scene.ts";
import { nvidiaCards } from "../service/nvidia.ts";

/** The fastest first. */
const PREFERRED: readonly ProviderName[] = ["cuda", "dml", "coreml", "webgpu", "cpu"];

export function preferredProvider(reports: readonly ProviderReport[]): ProviderName {
  const works = (name: ProviderName) => reports.some(({ provider, available }) => provider === name && available);
  return PREFERRED.find(works) ?? "cpu";
}

/** The graphics card's name where its driver tells it, else the processor's. */
export async function deviceName(provider: ProviderName): Promise<string> {
  if (provider === "cuda") return (await nvidiaCards("name"))[0]?.slice(0, 200) ?? "NVIDIA GPU";
  const processor = cpus()[0]?.model.trim().replace(/\s+/g, " ") || "processor";
  if (provider === "cpu" || provider === "coreml") return processor.slice(0, 200);
  return provider === "dml" ? "DirectX 12 GPU" : "WebGPU";
}
