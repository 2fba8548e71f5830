/** What a file or folder is, by its header alone. */
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { displayName, inspect } from "../../src-main/checkpoint/inspect.ts";
import { boundedMetadata, thumbnailOf } from "../../src-main/checkpoint/inspect/metadata.ts";
import { FAMILIES, GOLDENS, TINY_CONSTANTS } from "../support/familyGoldens.ts";
import { safetensors, temporary, type Tensors } from "./folders.ts";

function file(tensors: Tensors, metadata?: Record<string, string>, name = "thing.safetensors"): string {
  const path = temporary(name);
  writeFileSync(path, safetensors(tensors, metadata));
  return path;
}

describe.each(FAMILIES)("%s", (family) => {
  test("as one file is a checkpoint that opens", async () => {
    const facts = await inspect(`${GOLDENS}/tiny-${family}.single.safetensors`, { constants: TINY_CONSTANTS[family] });
    expect(facts).toMatchObject({
      kind: "checkpoint",
      family,
      opens: true,
      form: "file",
      precision: expect.arrayContaining(["F16"]) as unknown,
    });
    expect(facts.why).toContain("one file");
  });

  test("as a folder is the same", async () => {
    const facts = await inspect(`${GOLDENS}/tiny-${family}`);
    expect(facts).toMatchObject({ kind: "checkpoint", family, opens: true, form: "folder", name: `tiny-${family}` });
  });
});

const kinds: [string, Tensors, Record<string, unknown>, Record<string, string>?][] = [
  [
    "a LoRA of SD 1 by the text it reads",
    { "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": [[4, 768]] },
    { kind: "lora", family: "sd1", size: 4, opens: true },
  ],
  [
    "a LoRA of SDXL in PEFT's names",
    { "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight": [[8, 2048], "F16"] },
    { kind: "lora", family: "sdxl", size: 8, precision: ["F16"] },
  ],
  [
    "a LoRA whose shapes say nothing, by its training's word",
    { "lora_unet_mid_block_resnets_0_conv1.lora_down.weight": [[2, 8, 3, 3]] },
    { kind: "lora", family: "sd2" },
    { ss_base_model_version: "sd_v2_768_v" },
  ],
  [
    "a LoHa",
    { "lora_unet_x.hada_w1_a": [[4, 4]] },
    { kind: "lora", opens: false, why: expect.stringContaining("LoHa") as unknown },
  ],
  [
    "a DoRA",
    { "lora_unet_x.lora_down.weight": [[4, 4]], "lora_unet_x.dora_scale": [[4]] },
    { opens: false, why: expect.stringContaining("DoRA") as unknown },
  ],
  [
    "a LoRA for Flux",
    { "lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": [[4, 4]] },
    { kind: "lora", opens: false, why: expect.stringContaining("Flux") as unknown },
  ],
  [
    "an embedding in A1111's layout",
    { emb_params: [[3, 768]] },
    { kind: "embedding", family: "sd1", size: 3, opens: true },
  ],
  ["an embedding under its own word", { "<sun-cat>": [[1024]] }, { kind: "embedding", family: "sd2", size: 1 }],
  ["an embedding of SDXL", { clip_l: [[2, 768]], clip_g: [[2, 1280]] }, { kind: "embedding", family: "sdxl", size: 2 }],
  ["a VAE alone", { "decoder.conv_in.weight": [[8, 4, 3, 3]] }, { kind: "vae", opens: true }],
  [
    "a VAE of a whole model's names",
    { "first_stage_model.decoder.conv_in.weight": [[8, 4, 3, 3]] },
    { kind: "vae", opens: true },
  ],
  [
    "the VAE of another kind of model",
    { "decoder.conv_in.weight": [[8, 16, 3, 3]] },
    { kind: "vae", opens: false, why: expect.stringContaining("16 latent") as unknown },
  ],
  [
    "TAESD of diffusers",
    { "decoder.layers.0.weight": [[4, 4, 3, 3]], "encoder.layers.0.weight": [[4, 3, 3, 3]] },
    { kind: "taesd", opens: true },
  ],
  [
    "TAESD's decoder as its maker saves it",
    { "1.weight": [[4, 4, 3, 3]], "1.bias": [[4]], "3.conv.0.weight": [[4, 4, 3, 3]] },
    { kind: "taesd" },
  ],
  [
    "CLIP",
    { "text_model.embeddings.token_embedding.weight": [[8, 4]], "vision_model.post_layernorm.bias": [[4]] },
    { kind: "clip", opens: true },
  ],
  [
    "a text encoder alone",
    { "text_model.embeddings.token_embedding.weight": [[8, 4]] },
    { kind: "clip", opens: false },
  ],
  [
    "a ControlNet",
    { "control_model.input_blocks.0.0.weight": [[4, 4, 3, 3]] },
    { kind: "other", opens: false, why: expect.stringContaining("ControlNet") as unknown },
  ],
  [
    "Flux",
    { "double_blocks.0.img_attn.qkv.weight": [[4, 4]] },
    { kind: "other", opens: false, why: expect.stringContaining("Flux") as unknown },
  ],
  [
    "an inpainting model",
    { "model.diffusion_model.input_blocks.0.0.weight": [[4, 9, 3, 3]] },
    { kind: "checkpoint", opens: false, why: expect.stringContaining("an inpainting model") as unknown },
  ],
  [
    "the refiner",
    {
      "model.diffusion_model.input_blocks.0.0.weight": [[4, 4, 3, 3]],
      "model.diffusion_model.label_emb.0.0.weight": [[4, 4]],
      "conditioner.embedders.0.model.ln_final.bias": [[4]],
    },
    { kind: "checkpoint", opens: false, why: expect.stringContaining("refiner") as unknown },
  ],
];

test.each(kinds)("%s is known", async (_what, tensors, expected, metadata) => {
  expect(await inspect(file(tensors, metadata))).toMatchObject(expected);
});

test.each([
  ["model.ckpt", "is a pickle"],
  ["model.gguf", "GGUF"],
  ["notes.txt", "No file of weights"],
])("%s is never read, and what to do is said", async (name, why) => {
  const path = temporary(name);
  writeFileSync(path, "anything");
  expect(await inspect(path)).toMatchObject({
    kind: "other",
    opens: false,
    why: expect.stringContaining(why) as unknown,
  });
});

test("a file that is cut short says so and does not open", async () => {
  const path = file({ emb_params: [[3, 768]] });
  truncateSync(path, 5_000);
  const facts = await inspect(path);
  expect(facts.opens).toBe(false);
  expect(facts.why).toContain("cut short");
  expect(facts.why).not.toContain(path);
});

test("what is not there is an error that names it", async () => {
  await expect(inspect("/nowhere/x.safetensors")).rejects.toMatchObject({
    code: "file-unreadable",
    message: expect.stringContaining("does not exist") as unknown,
  });
});

test("the folder of a part is what its weights are", async () => {
  expect(await inspect(`${GOLDENS}/tiny-sd1/vae`)).toMatchObject({ kind: "vae", form: "folder", name: "vae" });
});

test("a header of 2,600 tensors and much metadata is told within 50 ms, once the reader is warm", async () => {
  const tensors: Tensors = { "model.diffusion_model.input_blocks.0.0.weight": [[4, 9, 3, 3]] };
  for (let i = 0; i < 2_600; i++)
    tensors[`model.diffusion_model.output_blocks.${i}.1.transformer_blocks.0.attn2.to_q.weight`] = [[1]];
  const path = file(tensors, { ss_tag_frequency: "x".repeat(300_000) });
  for (let i = 0; i < 5; i++) await inspect(path);
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const from = performance.now();
    await inspect(path);
    times.push(performance.now() - from);
  }
  expect(times.sort((a, b) => a - b)[0]).toBeLessThan(50);
});

describe("metadata", () => {
  test("are bounded, the specified ones first, and hide nothing", () => {
    const many = new Map([
      ["other", "b"],
      ["ss_tag_frequency", "y".repeat(1e6)],
      ["modelspec.title", "A\u202eB\n"],
    ]);
    for (let i = 0; i < 1_000; i++) many.set(`ss_${i}`, "z".repeat(5_000));
    const shown = boundedMetadata(many);
    expect(shown[0]).toEqual({ key: "modelspec.title", value: "A B " });
    expect(shown.length).toBeLessThanOrEqual(200);
    expect(JSON.stringify(shown).length).toBeLessThan(150_000);
  });

  test("a picture in them is taken as bytes, one of another kind or too large is not", () => {
    const data = (text: string) => new Map([["modelspec.thumbnail", text]]);
    expect(thumbnailOf(data("data:image/png;base64,AAEC"))).toEqual(Uint8Array.of(0, 1, 2));
    expect(thumbnailOf(data("data:image/svg+xml;base64,AAEC"))).toBeUndefined();
    expect(thumbnailOf(data("https://example.org/x.png"))).toBeUndefined();
    expect(thumbnailOf(data(`data:image/png;base64,${"A".repeat(4e6)}`))).toBeUndefined();
  });
});

test.each([
  ["/a/dreams_v2.safetensors", "dreams_v2"],
  ["/a/taesd/diffusion_pytorch_model.safetensors", "taesd"],
  ["/h/models--owner--name/snapshots/0123456789012345678901234567890123456789", "owner/name"],
  [
    "/h/models--owner--name/snapshots/0123456789012345678901234567890123456789/unet/diffusion_pytorch_model.fp16.safetensors",
    "owner/name/unet",
  ],
])("%s is called %s", (path, name) => expect(displayName(path)).toBe(name));

test("a folder that is no checkpoint says what is missing", async () => {
  const folder = dirname(temporary("x"));
  mkdirSync(join(folder, "unet"));
  expect(await inspect(folder)).toMatchObject({
    opens: false,
    why: expect.stringContaining("model_index.json") as unknown,
  });
});

test("whatever is changed in a file, it is told what it is or why it does not open", async () => {
  const whole = safetensors(
    { "lora_unet_mid_attn2_to_k.lora_down.weight": [[4, 768]] },
    { ss_base_model_version: "sd_v1" },
  );
  const path = temporary("changed.safetensors");
  for (let i = 0; i < 300; i++) {
    const bytes = Buffer.from(whole.subarray(0, i % 3 === 0 ? (i * 37) % whole.length : whole.length));
    for (let n = 0; n < 3 && bytes.length > 0; n++)
      bytes[(i * 7 + n * 53) % Math.min(300, bytes.length)] = (i * 31 + n * 17) % 256;
    writeFileSync(path, bytes);
    const facts = await inspect(path);
    expect(facts.why).not.toBe("");
  }
});
