/**
 * The alphas of a LoRA whose tensors come without: PEFT keeps them in the adapter's configuration, which diffusers writes into the file's
 * metadata as JSON (`lora_adapter_metadata`, from 0.34 on: `unet.lora_alpha`, `unet.alpha_pattern`, `unet.use_rslora`, ...).
 */
import type { LoraNetwork } from "./keys.ts";

/** Characters that are read; real ones have some thousand. */
const MOST_JSON = 1_000_000;

const PREFIXES: Record<LoraNetwork, string> = { unet: "unet.", text: "text_encoder.", text2: "text_encoder_2." };

/** What is divided by the rank, for a layer whose tensors do not say it; undefined where the metadata do not either. */
export type AdapterAlpha = (network: LoraNetwork, layer: string, rank: number) => number | undefined;

/** Metadata that cannot be read say nothing: the LoRA is then applied as it always was, with alpha = rank. */
export function adapterAlpha(metadata: ReadonlyMap<string, string>): AdapterAlpha {
  const config = configOf(metadata.get("lora_adapter_metadata") ?? "");
  return (network, layer, rank) => {
    const of = (field: string): unknown => config[`${PREFIXES[network]}${field}`];
    const special = Object.entries(recordOf(of("alpha_pattern"))).find(([pattern]) => names(pattern, layer))?.[1];
    const alpha = special ?? of("lora_alpha");
    if (typeof alpha !== "number" || !Number.isFinite(alpha)) return undefined;
    return of("use_rslora") === true ? alpha * Math.sqrt(rank) : alpha;
  };
}

/** A pattern is a layer's name or the end of one. PEFT would take an expression too; a stranger's is not run. */
function names(pattern: string, layer: string): boolean {
  const plain = pattern.replaceAll(".", "_").replace(/^text_model_/, "");
  return plain !== "" && (layer === plain || layer.endsWith(`_${plain}`));
}

function configOf(text: string): Record<string, unknown> {
  if (text === "" || text.length > MOST_JSON) return {};
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
