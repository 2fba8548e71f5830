/** Which network a single file holds, told by its keys and shapes alone; what is none that can be drawn with is refused by name. */
import { refuse } from "../header.ts";
import type { SafetensorsFile } from "../safetensors.ts";
import { describeKeys } from "./names.ts";

export type Family = "sd1" | "sd2" | "sdxl";

export const FAMILY_NAMES: Record<Family, string> = {
  sd1: "Stable Diffusion 1",
  sd2: "Stable Diffusion 2",
  sdxl: "Stable Diffusion XL",
};

export const UNET_PREFIX = "model.diffusion_model.";
export const VAE_PREFIXES = ["first_stage_model.", "vae."];
/** CLIP-L of transformers, in 1.x and as the first of XL. */
export const CLIP_PREFIXES = ["cond_stage_model.transformer.", "conditioner.embedders.0.transformer."];
/** OpenCLIP-H of 2.x. */
export const OPEN_CLIP_PREFIXES = ["cond_stage_model.model.", "conditioner.embedders.0.model."];
/** OpenCLIP bigG, the second of XL. */
export const SECOND_PREFIXES = ["conditioner.embedders.1.model."];

/** What a file is that is no checkpoint, by what its keys contain; the first that fits. */
const OTHER_FILES: readonly (readonly [RegExp, string])[] = [
  [
    /^(lora_unet_|lora_te|lycoris_)|\.lora_(A|B|up|down)\b|\.lora\.(up|down)\./,
    "a LoRA: it changes a checkpoint and is none",
  ],
  [/^control_model\.|^controlnet_|input_hint_block/, "a ControlNet, which is not supported"],
  [/^(emb_params|string_to_param|clip_l|clip_g|<.*>)$/, "a textual inversion (an embedding), not a checkpoint"],
  [/^(model\.diffusion_model\.)?joint_blocks\./, "Stable Diffusion 3, which is not supported"],
  [/^(model\.diffusion_model\.)?double_(blocks|stream)/, "Flux, which is not supported"],
  [/^(model\.diffusion_model\.)?(clip_txt_mapper|cascade)/, "Stable Cascade, which is not supported"],
  [/^(down_blocks|up_blocks|mid_block)\./, "the UNet alone in diffusers' form; open the whole folder it came from"],
  [/^(encoder|decoder)\.(conv_in|mid|up|down)/, "an autoencoder (VAE) alone, not a checkpoint"],
  [/^text_model\./, "a text encoder alone, not a checkpoint"],
];

/** What a UNet with other inputs is. */
const OTHER_INPUTS: Record<number, string> = {
  5: "a depth-to-image model",
  7: "an upscaler",
  8: "an instruction or video model",
  9: "an inpainting model",
};

/** The family of the file's network. Throws `checkpoint-invalid`, saying what the file is instead. */
export function familyOf({ file, tensors }: SafetensorsFile): Family {
  const has = (...prefixes: readonly string[]) =>
    prefixes.some((prefix) => [...tensors.keys()].some((key) => key.startsWith(prefix)));
  const first = tensors.get(`${UNET_PREFIX}input_blocks.0.0.weight`);
  if (!first) {
    const other = OTHER_FILES.find(([pattern]) => [...tensors.keys()].some((key) => pattern.test(key)));
    const what = other
      ? `this is ${other[1]}`
      : `this is no Stable Diffusion checkpoint (${describeKeys(tensors.keys())})`;
    refuse(file, undefined, what, { expected: `${UNET_PREFIX}input_blocks.0.0.weight` });
  }
  const inputs = first.shape[1] ?? 0;
  if (inputs !== 4) {
    const what = OTHER_INPUTS[inputs] ?? "not a text-to-image model";
    const problem = `the network has ${inputs} input channels: this is ${what}, which is not supported`;
    refuse(file, first.key, problem, { expected: "4", found: String(inputs) });
  }
  if (has(...SECOND_PREFIXES)) return "sdxl";
  const labelled = has(`${UNET_PREFIX}label_emb.`);
  if (has("conditioner.embedders.0.model.") && labelled) {
    refuse(file, undefined, "this is the refiner of Stable Diffusion XL, which is not supported; open the base model");
  }
  if (has(...OPEN_CLIP_PREFIXES)) return "sd2";
  if (has(...CLIP_PREFIXES)) return "sd1";
  const width = [...tensors].find(([key]) => key.endsWith(".attn2.to_k.weight"))?.[1].shape[1];
  const likely = labelled || width === 2048 ? "sdxl" : width === 1024 ? "sd2" : "sd1";
  const problem = `the file has no text encoder: it is the network of ${FAMILY_NAMES[likely]} alone. Get the full version of this model`;
  refuse(file, undefined, problem, { expected: "cond_stage_model or conditioner" });
}
