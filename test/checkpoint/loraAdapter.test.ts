/** The alphas that diffusers writes into a LoRA's metadata instead of beside its tensors. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openLora } from "../../src-main/checkpoint/lora/open.ts";
import { safetensors, temporary, type Tensors } from "./folders.ts";

const RANK = 4;
const block = "down_blocks.0.attentions.0.transformer_blocks.0.attn1";
const names = [`unet.${block}.to_q`, `unet.${block}.to_k`, "text_encoder.text_model.encoder.layers.0.mlp.fc1"];
const tensors: Tensors = Object.fromEntries<Tensors[string]>(
  names.flatMap((name) => [
    [`${name}.lora_A.weight`, [[RANK, 32]]],
    [`${name}.lora_B.weight`, [[32, RANK]]],
  ]),
);

/** Scales by network and the layer's last word; `ownAlpha` is a tensor's, of to_q. */
async function scales(adapter: unknown, ownAlpha?: number): Promise<Record<string, number>> {
  const path = temporary("lora.safetensors");
  const text = typeof adapter === "string" ? adapter : JSON.stringify(adapter);
  const all = ownAlpha === undefined ? tensors : { ...tensors, [`unet.${block}.to_q.alpha`]: [[]] as [number[]] };
  const bytes = safetensors(all, { lora_adapter_metadata: text });
  if (ownAlpha !== undefined) bytes.writeFloatLE(ownAlpha, bytes.length - 4); // it lies last
  writeFileSync(path, bytes);
  const { pairs } = await openLora(path);
  return Object.fromEntries(
    pairs.map(({ network, layer, scale }) => [`${network} ${/[a-z0-9]+$/.exec(layer)![0]}`, scale]),
  );
}

test("alpha over rank, network by network, and layer by layer where the pattern names them", async () => {
  expect(await scales({ "unet.lora_alpha": 8, "unet.alpha_pattern": { [`${block}.to_k`]: 2 } })).toEqual({
    "unet q": 2,
    "unet k": 0.5,
    "text fc1": 1,
  });
  expect(
    await scales({ "unet.lora_alpha": 8, "unet.alpha_pattern": { to_q: 16 }, "text_encoder.lora_alpha": 1 }),
  ).toEqual({ "unet q": 4, "unet k": 2, "text fc1": 0.25 });
});

test("the root of the rank, where the adapter was trained so", async () => {
  expect(await scales({ "unet.lora_alpha": 8, "unet.use_rslora": true })).toMatchObject({ "unet q": 4, "text fc1": 1 });
});

test("a tensor's own alpha counts more; metadata that nobody can read count nothing", async () => {
  expect(await scales({ "unet.lora_alpha": 8 }, 1)).toMatchObject({ "unet q": 0.25, "unet k": 2 });
  for (const nonsense of ["{", "[]", "null", "7", { "unet.lora_alpha": "8" }, { "unet.alpha_pattern": 3 }]) {
    expect(await scales(nonsense)).toEqual({ "unet q": 1, "unet k": 1, "text fc1": 1 });
  }
});

test("an alpha of no use is refused", async () => {
  await expect(scales({ "unet.lora_alpha": 1e12 })).rejects.toThrow(/expected an alpha of a size that can be used/);
});
