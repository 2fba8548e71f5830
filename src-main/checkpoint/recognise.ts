/** What is not a checkpoint folder of Stable Diffusion 1, 2 or XL, told apart so that the refusal can say what it is. */
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { AppError } from "../wire/errors.ts";
import type { TextConfig, VaeConfig } from "./config.ts";
import type { Fields } from "./fields.ts";
import { refuse } from "./header.ts";
import { namesIn, orUnreadable } from "./safetensors.ts";
import type { UnetConfig } from "./unetConfig.ts";
import { refusePickles } from "./weightFiles.ts";

/** By what the pipeline's class name contains; the first that fits. */
const OTHER_PIPELINES: readonly (readonly [RegExp, string])[] = [
  [/Inpaint/, "an inpainting model"],
  [
    /StableDiffusionXL(Img2Img|Instruct|Control|Adapter|PAG|KDiff)/,
    "a pipeline of Stable Diffusion XL for something else",
  ],
  [/StableDiffusion3/, "Stable Diffusion 3"],
  [/Flux/, "Flux"],
  [/StableCascade|Wuerstchen/, "Stable Cascade"],
  [/Upscale/, "an upscaler"],
  [/Depth2Img/, "a depth-to-image model"],
  [/Pix2Pix/, "an instruction (pix2pix) model"],
  [/UnCLIP|unCLIP|ImageVariation/, "an image-variation model"],
  [/ControlNet/, "a ControlNet pipeline"],
  [/LatentConsistencyModelImg2Img/, "a latent consistency model for pictures from pictures"],
  [
    /Video|AnimateDiff|PixArt|Kandinsky|DeepFloyd|^IF|Lumina|Sana|Qwen|AltDiffusion|Wan|HunyuanDiT|AuraFlow|Kolors/,
    "another kind of model",
  ],
];

/** Refuses a path that is no checkpoint folder at all. */
export async function refuseOtherThings(path: string): Promise<void> {
  const status = await orUnreadable(path, () => stat(path));
  if (status.isFile()) {
    refusePickles([basename(path)], path);
    const problem = /\.gguf$/i.test(path)
      ? "this is a GGUF file, whose weights are packed in a form that is not supported. Get the .safetensors version of this model"
      : "this is neither a .safetensors file nor a diffusers folder, which are the two forms of a checkpoint that open";
    refuse(path, undefined, problem, { expected: ".safetensors, or a folder", found: basename(path) });
  }
  if (!status.isDirectory()) throw new AppError("file-unreadable", `${path} is not a folder`, { path });
  const names = await namesIn(path);
  if (names.includes("model_index.json")) return;
  if (names.includes("snapshots")) {
    const snapshots = await namesIn(join(path, "snapshots"));
    const which =
      snapshots.length === 1 ? join(path, "snapshots", snapshots[0]!) : `a folder in ${join(path, "snapshots")}`;
    refuse(path, undefined, `this is an entry of the Hugging Face cache; open ${which} instead`, {
      expected: "model_index.json",
    });
  }
  const single = names.find((name) => name.endsWith(".safetensors"));
  if (single === undefined) refusePickles(names, path);
  const hint = single === undefined ? "" : `; ${single} in it is a single-file checkpoint: open that file itself`;
  const problem = `this is not a diffusers checkpoint folder, as it has no model_index.json${hint}. The right one has it beside its folders unet, vae and text_encoder`;
  refuse(path, undefined, problem, { expected: "model_index.json", found: names.slice(0, 8).join(", ") });
}

/** Refuses, by model_index.json, what is not Stable Diffusion 1, 2 or XL; true for XL. */
export function refuseOtherPipelines(index: Fields): boolean {
  const name = index.text("_class_name", "StableDiffusionPipeline");
  const other = OTHER_PIPELINES.find(([pattern]) => pattern.test(name));
  const supported = "only Stable Diffusion 1, 2 and XL for text to image are";
  const isXl = /^StableDiffusionXLPipeline$/.test(name);
  if (other)
    refuse(index.path, undefined, `${name}: this is ${other[1]}, which is not supported; ${supported}`, {
      expected: "StableDiffusionPipeline",
      found: name,
    });
  for (const part of ["transformer", "prior", "text_encoder_2", "controlnet"]) {
    if (isXl && part === "text_encoder_2") continue;
    const value = index.get(part);
    if (Array.isArray(value) && value[0] !== null)
      refuse(index.path, undefined, `${name} with a ${part} is not supported; ${supported}`, {
        expected: `no ${part}`,
        found: part,
      });
  }
  return isXl;
}

/** Refuses a folder in which a part is not there at all. */
export async function refuseHalf(folder: string, isXl: boolean): Promise<void> {
  const parts = ["unet", "vae", "text_encoder", ...(isXl ? ["text_encoder_2"] : [])];
  for (const name of [...parts.map((part) => `${part}/config.json`), "scheduler/scheduler_config.json"]) {
    const there = await stat(join(folder, name)).catch(() => undefined);
    if (there) continue;
    const problem = `this folder has no ${name}: it is not a diffusers checkpoint, or not all of one. Download ${name.split("/")[0]!} into it, or choose another folder`;
    refuse(folder, undefined, problem, { expected: name });
  }
}

/** Each config is sound by itself; here they must fit each other. */
export function checkTogether(
  path: string,
  unet: UnetConfig,
  vae: VaeConfig,
  text: TextConfig,
  text2?: { config: TextConfig; projection?: number },
): void {
  const width = text.hiddenSize + (text2?.config.hiddenSize ?? 0);
  if (unet.contextWidth !== width) {
    const makes = text2 ? `the text encoders make ${width}` : `the text encoder makes ${width}`;
    refuse(path, undefined, `the UNet reads text embeddings of width ${unet.contextWidth}, but ${makes}`, {
      expected: String(unet.contextWidth),
      found: String(width),
    });
  }
  if (text2 && text.maxPositions !== text2.config.maxPositions) {
    const found = `${text.maxPositions} and ${text2.config.maxPositions}`;
    refuse(path, undefined, `both text encoders must have the same number of positions, found ${found}`, { found });
  }
  const added = unet.addition && unet.addition.width - 6 * unet.addition.timeWidth;
  if (added !== text2?.projection) {
    const problem = `the UNet reads a pooled text of width ${added ?? 0}, but the text encoders make ${text2?.projection ?? 0}`;
    refuse(path, undefined, problem, { expected: String(added ?? 0), found: String(text2?.projection ?? 0) });
  }
  if (unet.inChannels !== vae.latentChannels || unet.outChannels !== vae.latentChannels) {
    refuse(
      path,
      undefined,
      `the UNet works on ${unet.inChannels} to ${unet.outChannels} channels, but the autoencoder makes ${vae.latentChannels}`,
      {
        expected: String(vae.latentChannels),
        found: `${unet.inChannels}, ${unet.outChannels}`,
      },
    );
  }
  if (vae.inChannels !== 3 || vae.outChannels !== 3) {
    refuse(
      path,
      undefined,
      `the autoencoder must have 3 colours, found ${vae.inChannels} in and ${vae.outChannels} out`,
      { expected: "3" },
    );
  }
}
