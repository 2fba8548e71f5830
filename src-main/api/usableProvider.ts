/** What draws where nobody chose. */
import type { EngineApi } from "./engine.ts";
import type { ProviderName } from "../scene/scene.ts";

/** By platform, the provider that is a GPU for certain and runs every graph of ours. */
const GPUS: Partial<Record<NodeJS.Platform, ProviderName>> = { linux: "cuda", win32: "dml" };

export const certainGpu = (): ProviderName | undefined => GPUS[process.platform];

/** That GPU where it works, else the processor; the probe that tells takes seconds. */
export async function usableProvider(api: Pick<EngineApi, "providers">): Promise<ProviderName> {
  const gpu = certainGpu();
  if (gpu === undefined) return "cpu";
  const reports = await api.providers();
  return reports.some(({ provider, available }) => provider === gpu && available) ? gpu : "cpu";
}
