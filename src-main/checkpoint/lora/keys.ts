/**
 * Names of a LoRA's tensors, in all spellings that trainers and converters have written: kohya's (`lora_unet_..._to_q.lora_down.weight`),
 * PEFT's (`unet....to_q.lora_A.weight`, with or without the adapter's name) and those of older diffusers (`....processor.to_q_lora.down.weight`,
 * `lora_linear_layer`). Each becomes a network, a layer and a role; names of layers keep underscores, as kohya's cannot be told apart otherwise.
 */

export type LoraNetwork = "unet" | "text" | "text2";
export type LoraRole = "down" | "up" | "mid" | "alpha";

export interface LoraKey {
  network: LoraNetwork;
  /** With `_` for every dot and without `text_model`, such as `down_blocks_0_attentions_0_proj_in`. May be in the original layout. */
  layer: string;
  role: LoraRole;
}

type Ending = readonly [pattern: RegExp, role: (match: RegExpExecArray) => LoraRole | undefined];

const SIDES: Record<string, LoraRole> = { down: "down", up: "up", mid: "mid", A: "down", B: "up", alpha: "alpha" };

/** The first group is the layer, the last one says the role. */
const ENDINGS: readonly Ending[] = [
  [/^(.+)\.lora_(down|up|mid)\.weight$/, (m) => SIDES[m[2]!]],
  [/^(.+)\.lora_(A|B)(?:\.[^.]+)?\.weight$/, (m) => SIDES[m[2]!]],
  [/^(.+)\.lora\.(down|up|mid)\.weight$/, (m) => SIDES[m[2]!]],
  [/^(.+)\.lora_linear_layer\.(down|up)\.weight$/, (m) => SIDES[m[2]!]],
  [/^(.+?_lora)\.(down|up)\.weight$/, (m) => SIDES[m[2]!]],
  [/^(.+)\.alpha$/, () => "alpha"],
];

/** By what a name begins with; the first that fits. */
const PREFIXES: readonly (readonly [string, LoraNetwork])[] = [
  ["lora_unet_", "unet"],
  ["lora_te1_", "text"],
  ["lora_te2_", "text2"],
  ["lora_te_", "text"],
  ["lycoris_", "unet"],
  ["unet.", "unet"],
  ["text_encoder_2.", "text2"],
  ["text_encoder.", "text"],
  ["te2.", "text2"],
  ["te1.", "text"],
  ["te.", "text"],
  ["model.diffusion_model.", "unet"],
  ["diffusion_model.", "unet"],
];

const UNET_LAYER =
  /^(down_blocks|up_blocks|mid_block|conv_in|conv_out|time_embedding|add_embedding|(in|out)put_blocks|middle_block|time_embed|label_emb|out)[._]/;
const TEXT_LAYER = /^(text_model|encoder)[._]/;

/** Projections of attention as diffusers once called its LoRAs, in the UNet and in a text encoder. */
const OLD_PROJECTIONS: Record<LoraNetwork, Record<string, string>> = {
  unet: { to_out: "to_out.0" },
  text: { to_q: "q_proj", to_k: "k_proj", to_v: "v_proj", to_out: "out_proj" },
  text2: { to_q: "q_proj", to_k: "k_proj", to_v: "v_proj", to_out: "out_proj" },
};

/** What a tensor's name says, or undefined where it is none of a LoRA's. */
export function loraKey(key: string): LoraKey | undefined {
  for (const [pattern, roleOf] of ENDINGS) {
    const match = pattern.exec(key);
    const role = match && roleOf(match);
    if (!role) continue;
    const place = placeOf(match[1]!);
    return place && { ...place, role };
  }
  return undefined;
}

function placeOf(name: string): { network: LoraNetwork; layer: string } | undefined {
  let rest = withoutWrapper(name);
  const prefix = PREFIXES.find(([start]) => rest.startsWith(start));
  let network: LoraNetwork | undefined = prefix?.[1];
  if (prefix) rest = withoutWrapper(rest.slice(prefix[0].length));
  if (TEXT_LAYER.test(rest) && (network === undefined || prefix?.[0] === "lycoris_")) network = "text";
  else if (network === undefined && UNET_LAYER.test(rest)) network = "unet";
  if (!network) return undefined;
  const found = network;
  rest = rest.replace(/(?:\.processor)?\.(to_[qkv]|to_out)_lora$/, (_, old: string) => `.${OLD_PROJECTIONS[found][old] ?? old}`); // prettier-ignore
  return { network, layer: rest.replaceAll(".", "_").replace(/^text_model_/, "") };
}

/** PEFT wraps the network that it changes. */
function withoutWrapper(name: string): string {
  return name.replace(/^(base_model\.model\.)+/, "");
}

/** Kinds of added networks that are no LoRA, by what their keys contain; the first that fits. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/\.hada_|_hada_/, "a LoHa"],
  [/\.lokr_|_lokr_/, "a LoKr"],
  [/\.dora_scale$|lora_magnitude_vector|\.magnitude$/, "a DoRA"],
  [/\.(oft_|boft)|\.oft\b/, "an OFT"],
  [/\.on_input$|\.ia3_/, "an (IA)3"],
  [/\.(a1|a2|b1|b2)\.weight$/, "a GLoRA"],
  [/\.(diff|diff_b|set_weight|w_norm|b_norm)$/, "a file of whole weight differences"],
];

/** What such a file is called, or undefined. */
export function otherKind(keys: Iterable<string>): { kind: string; key: string } | undefined {
  for (const key of keys) {
    const other = OTHER_KINDS.find(([pattern]) => pattern.test(key));
    if (other) return { kind: other[1], key };
  }
  return undefined;
}

/** LoRAs of models that are not Stable Diffusion 1, 2 or XL, by what their keys contain. */
const OTHER_MODELS: readonly (readonly [RegExp, string])[] = [
  [/(^|[._])(double_blocks|single_blocks|single_transformer_blocks)[._]/, "Flux"],
  [/(^|[._])joint_blocks[._]/, "Stable Diffusion 3"],
  [/^(lora_transformer_|transformer\.)/, "a diffusion transformer (Flux, Stable Diffusion 3 or another)"],
  [/^lora_prior_/, "Stable Cascade"],
];

export function otherModel(keys: Iterable<string>): string | undefined {
  for (const key of keys) {
    const other = OTHER_MODELS.find(([pattern]) => pattern.test(key));
    if (other) return other[1];
  }
  return undefined;
}

/** What a file without a single pair of a LoRA is, where its keys tell. */
const NO_LORAS: readonly (readonly [RegExp, string])[] = [
  [/^model\.diffusion_model\.input_blocks\.0\.0\.weight$/, "a whole checkpoint; open it as the model"],
  [/^(emb_params|string_to_param|clip_l|clip_g|<.*>)$/, "a textual inversion (an embedding)"],
  [/^control_model\.|^controlnet_|input_hint_block/, "a ControlNet, which is not supported"],
  [/^(encoder|decoder|first_stage_model)\./, "an autoencoder (VAE)"],
];

export function noLora(keys: Iterable<string>): string | undefined {
  for (const key of keys) {
    const other = NO_LORAS.find(([pattern]) => pattern.test(key));
    if (other) return other[1];
  }
  return undefined;
}
