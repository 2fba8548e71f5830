/** Reading LoRAs: every spelling of names, what fits which checkpoint, what is refused by name, what metadata say. */
import { truncateSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { isAppError } from "../../src-main/wire/errors.ts";
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { fitLora } from "../../src-main/checkpoint/lora/fit.ts";
import { loraKey } from "../../src-main/checkpoint/lora/keys.ts";
import { statedBase, triggerWords } from "../../src-main/checkpoint/lora/metadata.ts";
import { checkNumbers } from "../../src-main/checkpoint/lora/numbers.ts";
import { openLora } from "../../src-main/checkpoint/lora/open.ts";
import { readSafetensors } from "../../src-main/checkpoint/safetensors.ts";
import { openGolden } from "../support/familyGoldens.ts";
import { type Tensors, safetensors, temporary, withHeader } from "./folders.ts";

const LORAS = "test/goldens/lora";
const TO_Q = "down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";

function written(tensors: Tensors, metadata?: Record<string, string>): string {
  const path = temporary("style.safetensors");
  writeFileSync(path, safetensors(tensors, metadata));
  return path;
}

test("names of all trainers and converters become a network, a layer and a role", () => {
  const layer = "down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0";
  const dotted = "down_blocks.0.attentions.0.transformer_blocks.0.attn1";
  const text = "encoder_layers_0_self_attn_q_proj";
  for (const [key, expected] of [
    [`lora_unet_${layer}.lora_down.weight`, ["unet", layer, "down"]],
    [`lora_unet_${layer}.alpha`, ["unet", layer, "alpha"]],
    [`lora_unet_${layer}.lora_mid.weight`, ["unet", layer, "mid"]],
    [`lycoris_${layer}.lora_up.weight`, ["unet", layer, "up"]],
    [`unet.${dotted}.to_out.0.lora_A.weight`, ["unet", layer, "down"]],
    [`unet.${dotted}.to_out.0.lora_B.default.weight`, ["unet", layer, "up"]],
    [`base_model.model.${dotted}.to_out.0.lora_A.weight`, ["unet", layer, "down"]],
    [`unet.base_model.model.${dotted}.to_out.0.lora_B.my_style.weight`, ["unet", layer, "up"]],
    [`unet.${dotted}.to_out.0.lora.down.weight`, ["unet", layer, "down"]],
    [`unet.${dotted}.to_out.0.lora_linear_layer.up.weight`, ["unet", layer, "up"]],
    [`unet.${dotted}.processor.to_out_lora.up.weight`, ["unet", layer, "up"]],
    [`${dotted}.processor.to_q_lora.down.weight`, ["unet", TO_Q, "down"]],
    ["diffusion_model.input_blocks.1.1.proj_in.lora_up.weight", ["unet", "input_blocks_1_1_proj_in", "up"]],
    [`lora_te_text_model_${text}.lora_down.weight`, ["text", text, "down"]],
    [`lora_te1_text_model_${text}.alpha`, ["text", text, "alpha"]],
    [`lora_te2_text_model_${text}.lora_up.weight`, ["text2", text, "up"]],
    ["text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight", ["text", text, "down"]],
    ["text_encoder_2.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.up.weight", ["text2", text, "up"]],
    ["text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.up.weight", ["text", text, "up"]],
    ["base_model.model.text_model.encoder.layers.0.self_attn.q_proj.lora_B.weight", ["text", text, "up"]],
  ] as const) {
    const read = loraKey(key);
    expect(read && [read.network, read.layer, read.role], key).toEqual(expected);
  }
  for (const key of ["conv_in.weight", "lora_down.weight", ".alpha", "", "unet.alphas", "first_stage.x.alpha"]) {
    expect(loraKey(key), key).toBeUndefined();
  }
});

const pair = (rank: number, out: number, inner: number, name = `lora_unet_${TO_Q}`): Tensors => ({
  [`${name}.lora_down.weight`]: [[rank, inner]],
  [`${name}.lora_up.weight`]: [[out, rank]],
});

describe("what is refused at once, with the file and what is wrong:", () => {
  test.each<[string, Tensors, RegExp]>([
    ["LoHa", { [`lora_unet_${TO_Q}.hada_w1_a`]: [[4, 4]] }, /a LoHa, which is not supported; LoRAs and LoCons are/],
    ["LoKr", { [`lora_unet_${TO_Q}.lokr_w1`]: [[4, 4]] }, /a LoKr/],
    ["DoRA", { ...pair(2, 32, 32), [`lora_unet_${TO_Q}.dora_scale`]: [[32, 1]] }, /a DoRA/],
    ["DoRA of PEFT", { "unet.x.lora_magnitude_vector": [[4]] }, /a DoRA/],
    ["OFT", { [`lora_unet_${TO_Q}.oft_blocks`]: [[4, 4, 4]] }, /an OFT/],
    ["(IA)3", { [`lora_unet_${TO_Q}.on_input`]: [[]], [`lora_unet_${TO_Q}.weight`]: [[4]] }, /an \(IA\)3/],
    ["whole differences", { [`lora_unet_${TO_Q}.diff`]: [[4, 4]] }, /whole weight differences/],
    ["Flux", pair(2, 32, 32, "lora_unet_double_blocks_0_img_attn_proj"), /a LoRA for Flux/],
    ["a transformer", pair(2, 32, 32, "transformer.x.attn.to_q"), /a diffusion transformer/],
    [
      "a checkpoint",
      { "model.diffusion_model.input_blocks.0.0.weight": [[4, 4, 3, 3]] },
      /no LoRA but a whole checkpoint; open it as the model/,
    ],
    ["an embedding", { emb_params: [[1, 768]] }, /no LoRA but a textual inversion/],
    ["anything else", { x: [[1]] }, /no LoRA in this file/],
    ["no tensors", {}, /no LoRA in this file/],
    ["half a pair", { [`lora_unet_${TO_Q}.lora_up.weight`]: [[32, 2]] }, /its other half \(down\) is missing/],
    ["an alpha alone", { [`lora_unet_${TO_Q}.alpha`]: [[]] }, /its other half \(up and down\) is missing/],
    ["other ranks", { ...pair(2, 32, 32), [`lora_unet_${TO_Q}.lora_up.weight`]: [[32, 3]] }, /do not fit each other: \[2, 32\] and \[32, 3\]/],
    ["a thousand million ranks", { [`lora_unet_${TO_Q}.lora_down.weight`]: [[1e9, 0]], [`lora_unet_${TO_Q}.lora_up.weight`]: [[0, 1e9]] }, /found the shape \[1000000000, 0\]/],
    ["rank 0", pair(0, 32, 32), /found the shape \[0, 32\]/],
    ["five thousand ranks", pair(5_000, 1, 1), /a rank of at most 4096, found 5000/],
    ["8-bit weights", { [`lora_unet_${TO_Q}.lora_down.weight`]: [[2, 32], "F8_E4M3"], [`lora_unet_${TO_Q}.lora_up.weight`]: [[32, 2], "F8_E4M3"] }, /type F8_E4M3 cannot be computed with/],
    ["an alpha of many numbers", { ...pair(2, 32, 32), [`lora_unet_${TO_Q}.alpha`]: [[4]] }, /expected one number, found F32 \[4\]/],
    ["a layer twice", { ...pair(2, 32, 32), ["unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight"]: [[2, 32]] }, /holds the same part also as/],
  ])("%s", async (_what, tensors, problem) => {
    const path = written(tensors);
    const begun = performance.now();
    const error = await openLora(path).catch((caught: unknown) => caught);
    expect(isAppError(error, "checkpoint-invalid"), String(error)).toBe(true);
    expect((error as Error).message).toMatch(problem);
    expect((error as Error).message).toContain("style.safetensors");
    expect(performance.now() - begun).toBeLessThan(1_000);
  }); // prettier-ignore

  test("an alpha that is no number, or of no use", async () => {
    for (const [bits, problem] of [
      [0x7fc00000, /expected one number, found NaN/],
      [0x7f7fffff, /expected an alpha of a size that can be used/],
    ] as const) {
      const tensors = pair(2, 32, 32);
      const name = `lora_unet_${TO_Q}.alpha`;
      const path = written({ ...tensors, [name]: [[]] });
      const bytes = await readFile(path);
      bytes.writeUInt32LE(bits, bytes.length - 4);
      writeFileSync(path, bytes);
      await expect(openLora(path)).rejects.toThrow(problem);
    }
  });

  test("a file that is cut off, and a pickle", async () => {
    const path = written(pair(2, 32, 32));
    truncateSync(path, 300);
    await expect(openLora(path)).rejects.toThrow(/cut short|unfinished download/);
    await expect(openLora("/styles/old.pt")).rejects.toThrow(/a LoRA is one .safetensors file here/);
    await expect(openLora("/styles/none.safetensors")).rejects.toThrow(/does not exist/);
  });

  test.each(["F32", "F16", "BF16"])("infinities and what is no number, in %s", async (type) => {
    const path = written({ a: [[3], type], b: [[300], type], c: [[1], "I64"] });
    const bytes = await readFile(path);
    const width = type === "F32" ? 4 : 2;
    bytes.fill(0, bytes.length - 303 * width - 8);
    writeFileSync(path, bytes);
    expect(await checkNumbers(await readSafetensors(path))).toMatch(/^[0-9a-f]{64}$/);
    const at = bytes.length - 8 - width * 7;
    writeFileSync(path, bytes.fill(0xff, at, at + width));
    await expect(checkNumbers(await readSafetensors(path))).rejects.toThrow(/at tensor "b": it holds numbers that are infinite or none/);
  }); // prettier-ignore
});

describe("on a checkpoint", () => {
  let sd: Checkpoint;
  let xl: Checkpoint;
  beforeAll(async () => {
    sd = await openCheckpoint("test/goldens/tiny-sd");
    xl = await openGolden("sdxl", "single");
  });

  test("every layer of the goldens is found, with its own alpha", async () => {
    const lora = await openLora(`${LORAS}/lora-kohya.safetensors`);
    const { unet, text, notes } = fitLora(lora, sd);
    expect([unet.size, text.size, notes]).toEqual([36, 8, []]);
    const scales = [...unet].filter(([name]) => name.includes("down_blocks.0")).map(([name, low]) => [name.split(".").slice(-2).join("."), low.scale]); // prettier-ignore
    expect(Object.fromEntries(scales)).toMatchObject({ "attn1.to_v": 1, "attn1.to_q": 0.5 });
  });

  test("the original layout's names are found in folders and in single files", async () => {
    const lora = await openLora(`${LORAS}/lora-sdxl-kohya.safetensors`);
    for (const form of ["single", "folder"] as const) {
      const fitted = fitLora(lora, await openGolden("sdxl", form));
      expect(fitted.unet.size + fitted.text.size + fitted.text2.size).toBe(lora.pairs.length);
    }
  });

  test("resnets and samplers of the original layout, too", async () => {
    const names = ["input_blocks_1_0_in_layers_2", "input_blocks_1_0_emb_layers_1", "input_blocks_1_0_out_layers_3", "input_blocks_3_0_op", "output_blocks_2_2_conv", "middle_block_0_in_layers_2", "middle_block_1_proj_in", "time_embed_0", "label_emb_0_0", "input_blocks_0_0", "out_2"]; // prettier-ignore
    const shapes = Object.fromEntries(xl.unet.weights.names().map((name) => [name, xl.unet.weights.shapeOf(name)]));
    const as = (layer: string, weight: string): Tensors => {
      const [out, inner, ...kernel] = shapes[weight]!;
      return {
        [`lora_unet_${layer}.lora_down.weight`]: [[2, inner!, ...kernel]],
        [`lora_unet_${layer}.lora_up.weight`]: [[out!, 2, ...kernel.map(() => 1)]],
      };
    };
    const weights = ["down_blocks.0.resnets.0.conv1", "down_blocks.0.resnets.0.time_emb_proj", "down_blocks.0.resnets.0.conv2", "down_blocks.0.downsamplers.0.conv", "up_blocks.0.upsamplers.0.conv", "mid_block.resnets.0.conv1", "mid_block.attentions.0.proj_in", "time_embedding.linear_1", "add_embedding.linear_1", "conv_in", "conv_out"]; // prettier-ignore
    const tensors = Object.assign({}, ...names.map((name, i) => as(name, `${weights[i]!}.weight`))) as Tensors;
    const { unet } = fitLora(await openLora(written(tensors)), xl);
    expect([...unet.keys()].sort()).toEqual([...weights].sort());
  });

  test("layers that the model lacks are named, and the others are used", async () => {
    const lora = await openLora(written({ ...pair(2, 32, 32), ...pair(2, 8, 8, "lora_unet_down_blocks_7_x") }));
    const { unet, notes } = fitLora(lora, sd);
    expect([...unet.keys()]).toEqual(["down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"]);
    expect(notes).toEqual(['tiny-sd lacks 1 of its layers, which do nothing: "lora_unet_down_blocks_7_x".']);
  });

  test("one of another model is refused in words", async () => {
    const forXl = await openLora(`${LORAS}/lora-sdxl-kohya.safetensors`);
    expect(() => fitLora(forXl, sd)).toThrow(/it does not fit tiny-sd.*is made for Stable Diffusion XL, and this model is Stable Diffusion 1/s);
    const wide = await openLora(written(pair(2, 320, 320), { ss_base_model_version: "sd_v2" }));
    expect(() => fitLora(wide, sd)).toThrow(/is made for Stable Diffusion 2.*\[320, 320\].*has \[32, 32\]/s);
    const other = await openLora(written(pair(2, 320, 320)));
    expect(() => fitLora(other, sd)).toThrow(/does not fit tiny-sd, which is Stable Diffusion 1\./);
    const stated = await openLora(written(pair(2, 32, 32), { "modelspec.architecture": "stable-diffusion-xl-v1-base/lora" }));
    expect(fitLora(stated, sd).notes).toEqual(["Its maker says it is for Stable Diffusion XL; the model is Stable Diffusion 1."]);
  }); // prettier-ignore

  test("damaged files are refused by an error that names them, or read within their bytes", async () => {
    const sound = await readFile(`${LORAS}/lora-locon.safetensors`);
    const header = sound.subarray(8, 8 + Number(sound.readBigUInt64LE())).toString();
    const outcomes = { read: 0, refused: 0 };
    for (let i = 0; i < 1_500; i++) {
      const scraps = ["0", "1", "9", "[", "]", ",", "down", "up", "mid", "alpha", "F16", "unet"];
      const at = (i * 7919) % header.length;
      const scrap = scraps[i % scraps.length]!;
      const changed = i % 3 === 0 ? header.replace(/\[(\d+),(\d+)/, `[${i % 7},$2`) : header.slice(0, at) + scrap + header.slice(at + (i % 5)); // prettier-ignore
      const path = temporary("damaged.safetensors");
      const bytes = withHeader(changed, 0);
      writeFileSync(path, Buffer.concat([bytes, sound.subarray(8 + header.length, i % 11 === 0 ? -5 : undefined)]));
      try {
        const lora = await openLora(path);
        for (const { down, up } of lora.pairs) {
          expect(Math.max(down.offset + down.length, up.offset + up.length)).toBeLessThanOrEqual(lora.size);
        }
        await checkNumbers(lora.source);
        fitLora(lora, sd);
        outcomes.read++;
      } catch (error) {
        if (!isAppError(error, "checkpoint-invalid")) throw error;
        expect(error.message).toContain("damaged.safetensors");
        outcomes.refused++;
      }
    }
    expect(outcomes.refused).toBeGreaterThan(500);
  }, 60_000);
});

describe("metadata", () => {
  const of = (entries: Record<string, string>) => new Map(Object.entries(entries));

  test("say what it was made for", () => {
    expect(statedBase(of({ ss_base_model_version: "sdxl_base_v1-0" }))?.family).toBe("sdxl");
    expect(statedBase(of({ ss_base_model_version: "sd_v1" }))?.family).toBe("sd1");
    expect(statedBase(of({ ss_base_model_version: "sd_v2_v" }))?.family).toBe("sd2");
    expect(statedBase(of({ "modelspec.architecture": "stable-diffusion-v1/lora" }))?.family).toBe("sd1");
    expect(statedBase(of({ "modelspec.architecture": "flux-1-dev/lora" }))).toEqual({ text: "flux-1-dev/lora" });
    expect(statedBase(of({}))).toBeUndefined();
  });

  test("give the words that call it, by the maker's phrase or by the commonest tags", () => {
    expect(triggerWords(of({ "modelspec.trigger_phrase": "inkstyle, fine lines" }))).toEqual([
      "inkstyle",
      "fine lines",
    ]);
    const tags = { "10_ink": { inkstyle: 20, "1girl": 15, tree: 3 }, "5_more": { inkstyle: 5, "two\u0000lines": 12 } };
    expect(triggerWords(of({ ss_tag_frequency: JSON.stringify(tags) }))).toEqual(["inkstyle", "1girl"]);
    expect(triggerWords(of({}))).toEqual([]);
  });

  test("cannot hang or fill the window", () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`tag ${i} ${"x".repeat(300)}`, 7]));
    const words = triggerWords(of({ ss_tag_frequency: JSON.stringify({ a: many }) }));
    expect(words.length).toBe(12);
    expect(Math.max(...words.map(({ length }) => length))).toBeLessThanOrEqual(80);
    for (const text of ["{", "null", "[1]", '{"a":[1]}', '{"a":{"b":"c","d":-1}}', "x".repeat(5_000_000)]) {
      expect(triggerWords(of({ ss_tag_frequency: text })), text.slice(0, 20)).toEqual([]);
    }
    expect(triggerWords(of({ "modelspec.trigger_phrase": "a\u202eb\nc" }))).toEqual(["a b c"]);
  });
});
