/**
 * Spellings of tensor names. The network asks for the names that current diffusers and transformers write; older and
 * newer files have others, and tensors that are not weights.
 */
import { refuse, type TensorEntry } from "./header.ts";

/** `AttentionBlock` of diffusers before 0.18, in the autoencoders of the original SD 1.x repositories. */
const OLD_ATTENTION: Record<string, string> = { query: "to_q", key: "to_k", value: "to_v", proj_attn: "to_out.0" };

export function vaeName(key: string): string {
  return key.replace(
    /(\.attentions\.\d+)\.(query|key|value|proj_attn)\./,
    (_, at: string, old: string) => `${at}.${OLD_ATTENTION[old]!}.`,
  );
}

/**
 * Names without `text_model.`, which transformers wrote until 5.6. Undefined for what the text encoder does not compute
 * with: position numbers (in older files) and the projections that compare texts with pictures.
 */
export function textName(key: string): string | undefined {
  if (key.endsWith("position_ids") || key === "logit_scale" || key.startsWith("text_projection.")) return undefined;
  return key.startsWith("text_model.") ? key.slice("text_model.".length) : key;
}

/** The same with the projection, which makes the pooled text of Stable Diffusion XL's second encoder. */
export function projectedTextName(key: string): string | undefined {
  return key.startsWith("text_projection.") ? key : textName(key);
}

/** The table under its new names; two tensors of the same new name are an error. */
export function renamed(
  tensors: ReadonlyMap<string, TensorEntry>,
  rename: (key: string) => string | undefined,
): Map<string, TensorEntry> {
  const table = new Map<string, TensorEntry>();
  for (const [key, entry] of tensors) {
    const name = rename(key);
    if (name === undefined) continue;
    const other = table.get(name);
    if (other) refuse(entry.file, key, `the file holds the same weights also as ${other.key}`);
    table.set(name, entry);
  }
  return table;
}
