/** Single files: which network they hold, what they lack, and what is refused by name. */
import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { unetLayers, unetName, vaeName } from "../../src-main/checkpoint/single/names.ts";
import { FAMILIES, GOLDENS, openGolden, TINY_CONSTANTS } from "../support/familyGoldens.ts";
import { temporary } from "./folders.ts";

interface Entry {
  dtype: string;
  shape: number[];
  data: Uint8Array;
}
type Tensors = Map<string, Entry>;

function read(path: string): { tensors: Tensors; metadata: Record<string, string> } {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<string, unknown>;
  const metadata = (header["__metadata__"] ?? {}) as Record<string, string>;
  const tensors: Tensors = new Map();
  for (const [key, value] of Object.entries(header)) {
    if (key === "__metadata__") continue;
    const { dtype, shape, data_offsets } = value as { dtype: string; shape: number[]; data_offsets: [number, number] };
    const data = bytes.subarray(start + data_offsets[0], start + data_offsets[1]);
    tensors.set(key, { dtype, shape, data });
  }
  return { metadata, tensors };
}

let made = 0;

function write(tensors: Tensors, metadata: Record<string, string> = {}): string {
  let at = 0;
  const entries = [...tensors].map(([key, { dtype, shape, data }]) => {
    const from = at;
    at += data.length;
    return [key, { dtype, shape, data_offsets: [from, at] }] as const;
  });
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const path = temporary(`single-${made++}.safetensors`);
  writeFileSync(path, Buffer.concat([length, header, ...[...tensors.values()].map(({ data }) => data)]));
  return path;
}

/** The golden file, changed. */
function altered(family: "sd1" | "sd2" | "sdxl", change: (tensors: Tensors) => void, metadata = {}): string {
  const { tensors } = read(`${GOLDENS}/tiny-${family}.single.safetensors`);
  change(tensors);
  return write(tensors, metadata);
}

const open = (path: string, family: "sd1" | "sd2" | "sdxl") =>
  openCheckpoint(path, { constants: TINY_CONSTANTS[family] });

describe.each(FAMILIES)("%s", (family) => {
  let [single, folder]: Checkpoint[] = [];
  beforeAll(async () => {
    single = await openGolden(family, "single");
    folder = await openGolden(family, "folder");
  });

  test("is known by its keys and has the folder's configurations", () => {
    expect([single!.family, folder!.family]).toEqual([family, family]);
    // Heads of levels without attention, the size trained on and the precision of attention are not in the weights.
    const { heads, sampleSize, upcastAttention } = folder!.unet.config;
    expect({ ...single!.unet.config, heads, sampleSize, upcastAttention }).toEqual(folder!.unet.config);
    expect({ ...single!.vae.config, sampleSize: folder!.vae.config.sampleSize }).toEqual(folder!.vae.config);
    expect(single!.text.config).toEqual(folder!.text.config);
    expect(single!.text2?.config).toEqual(folder!.text2?.config);
    expect(single!.text2?.projection).toBe(folder!.text2?.projection);
    for (const key of ["betaStart", "betaEnd", "betaSchedule", "stepsOffset", "setAlphaToOne"] as const) {
      expect(single!.scheduler[key], key).toEqual(folder!.scheduler[key]);
    }
  });

  test("heads are the folder's where there is attention", () => {
    const { downAttention, upAttention, heads } = single!.unet.config;
    heads.forEach((count, level) => {
      const attends = downAttention[level]! || upAttention[heads.length - 1 - level]!;
      if (attends) expect(count).toBe(folder!.unet.config.heads[level]);
    });
  });
});

test("every original name of a network of the usual depth becomes the folder's", () => {
  const { map } = JSON.parse(readFileSync(`${GOLDENS}/tiny-sd.single-map.json`, "utf8")) as {
    map: Record<string, [string, number[]]>;
  };
  const unet = "model.diffusion_model.";
  const vae = "first_stage_model.";
  const layers = unetLayers(Object.keys(map).flatMap((key) => (key.startsWith(unet) ? [key.slice(unet.length)] : [])));
  let known = 0;
  for (const [key, [name]] of Object.entries(map)) {
    const wanted = name.slice(name.indexOf("/") + 1);
    if (key.startsWith(unet)) expect(unetName(key.slice(unet.length), layers), key).toBe(wanted);
    else if (key.startsWith(vae)) expect(vaeName(key.slice(vae.length), 4), key).toBe(wanted);
    else continue;
    known++;
  }
  expect(known).toBe(928);
});

describe("what the network predicts", () => {
  const predictionOf = async (path: string, family: "sd1" | "sd2" | "sdxl") => {
    const { scheduler, notes } = await open(path, family);
    return [scheduler.prediction, notes[0]!] as const;
  };

  test("is told by metadata first", async () => {
    for (const [metadata, expected] of [
      [{ "modelspec.prediction_type": "epsilon" }, "epsilon"],
      [{ "modelspec.prediction_type": "v" }, "v_prediction"],
      [{ "modelspec.architecture": "stable-diffusion-v2-768-v" }, "v_prediction"],
      [{ ss_v_parameterization: "True" }, "v_prediction"],
    ] as const) {
      const path = altered("sd2", () => undefined, metadata);
      expect((await predictionOf(path, "sd2"))[0], JSON.stringify(metadata)).toBe(expected);
    }
  });

  test("of Stable Diffusion 2 is told by how one norm's weights are spread", async () => {
    const key = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias";
    for (const [spread, expected] of [
      [0.01, "epsilon"],
      [0.2, "v_prediction"],
    ] as const) {
      const path = altered("sd2", (tensors) => {
        const { shape } = tensors.get(key)!;
        const values = Float16Array.from({ length: shape[0]! }, (_, i) => (i % 2 ? spread : -spread));
        tensors.set(key, { dtype: "F16", shape, data: new Uint8Array(values.buffer) });
      });
      expect((await predictionOf(path, "sd2"))[0]).toBe(expected);
    }
  });

  test("of Stable Diffusion 1 and XL is noise, unless a mark says otherwise or the person does", async () => {
    expect(
      (
        await predictionOf(
          altered("sdxl", () => undefined),
          "sdxl",
        )
      )[0],
    ).toBe("epsilon");
    const marked = altered("sdxl", (tensors) =>
      tensors.set("v_pred", { dtype: "F32", shape: [], data: new Uint8Array(4) }),
    );
    expect((await predictionOf(marked, "sdxl"))[0]).toBe("v_prediction");
    const chosen = await openCheckpoint(marked, { constants: TINY_CONSTANTS.sdxl, prediction: "epsilon" });
    expect(chosen.scheduler.prediction).toBe("epsilon");
    expect(chosen.notes[0]).toContain("you chose so");
  });
});

describe("oddities that open", () => {
  test("a second copy of the weights is left aside, and told", async () => {
    const path = altered("sd1", (tensors) => {
      for (const [key, entry] of [...tensors]) {
        if (!key.startsWith("model.diffusion_model.")) continue;
        tensors.set(`model_ema.${key.slice("model.".length).replaceAll(".", "")}`, entry);
      }
    });
    const [kept, whole] = [await openGolden("sd1", "single"), await open(path, "sd1")];
    expect(whole.notes.join(" ")).toContain("EMA, 686 tensors");
    expect(whole.parameters).toBe(kept.parameters);
  });

  test("text_model. left out, position numbers as floats, keys that belong to nothing", async () => {
    const path = altered("sd1", (tensors) => {
      for (const [key, entry] of [...tensors]) {
        if (!key.includes(".text_model.")) continue;
        tensors.delete(key);
        tensors.set(key.replace(".text_model.", "."), entry);
      }
      tensors.set("cond_stage_model.transformer.embeddings.position_ids", { dtype: "F16", shape: [1, 77], data: new Uint8Array(154) });
      tensors.set("some.other.thing", { dtype: "F32", shape: [1], data: new Uint8Array(4) });
    }); // prettier-ignore
    const { text, notes } = await open(path, "sd1");
    expect(text.weights.has("embeddings.token_embedding.weight")).toBe(true);
    expect(notes.join(" ")).toContain("1 tensors in it are not used");
  });

  test("an autoencoder under `vae.`", async () => {
    const path = altered("sd1", (tensors) => {
      for (const [key, entry] of [...tensors]) {
        if (!key.startsWith("first_stage_model.")) continue;
        tensors.delete(key);
        tensors.set(key.replace("first_stage_model.", "vae."), entry);
      }
    });
    expect((await open(path, "sd1")).vae.config.latentChannels).toBe(4);
  });
});

describe("what is refused by name", () => {
  const only = (...keys: string[]): string =>
    write(new Map(keys.map((key) => [key, { dtype: "F32", shape: [1], data: new Uint8Array(4) }])));

  test.each([
    ["lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight", "a LoRA"],
    ["unet.down_blocks.0.attentions.0.to_q.lora_A.weight", "a LoRA"],
    ["emb_params", "a textual inversion"],
    ["double_blocks.0.img_attn.qkv.weight", "Flux"],
    ["model.diffusion_model.joint_blocks.0.x", "Stable Diffusion 3"],
    ["control_model.input_blocks.0.0.weight", "a ControlNet"],
    ["down_blocks.0.resnets.0.conv1.weight", "the UNet alone in diffusers' form"],
    ["decoder.conv_in.weight", "an autoencoder (VAE) alone"],
    ["text_model.embeddings.token_embedding.weight", "a text encoder alone"],
    ["weights", "no Stable Diffusion checkpoint"],
  ])("%s", async (key, what) => {
    await expect(openCheckpoint(only(key))).rejects.toThrow(what);
  });

  test("inpainting models, the refiner, files without a text encoder or autoencoder", async () => {
    const first = "model.diffusion_model.input_blocks.0.0.weight";
    const inpainting = altered("sd1", (tensors) => tensors.set(first, { dtype: "F16", shape: [8, 9, 3, 3], data: new Uint8Array(1296) }));
    await expect(open(inpainting, "sd1")).rejects.toThrow("this is an inpainting model");
    const refiner = altered("sdxl", (tensors) => {
      for (const [key, entry] of [...tensors]) {
        if (!key.startsWith("conditioner.")) continue;
        tensors.delete(key);
        if (key.startsWith("conditioner.embedders.1.")) tensors.set(key.replace("embedders.1.", "embedders.0."), entry);
      }
    });
    await expect(open(refiner, "sdxl")).rejects.toThrow("the refiner of Stable Diffusion XL");
    const without = (prefix: string) =>
      altered("sd1", (tensors) => [...tensors.keys()].forEach((key) => key.startsWith(prefix) && tensors.delete(key)));
    await expect(open(without("cond_stage_model."), "sd1")).rejects.toThrow("no text encoder: it is the network of Stable Diffusion 1");
    await expect(open(without("first_stage_model."), "sd1")).rejects.toThrow("no autoencoder (VAE)");
  }); // prettier-ignore

  test("8-bit weights, and shapes that do not fit together, with the tensor", async () => {
    const key = "model.diffusion_model.input_blocks.1.0.in_layers.0.weight";
    const eight = altered("sd1", (tensors) => {
      const { shape } = tensors.get(key)!;
      tensors.set(key, { dtype: "F8_E4M3", shape, data: new Uint8Array(shape[0]!) });
    });
    await expect(open(eight, "sd1")).rejects.toMatchObject({ code: "checkpoint-invalid", details: { key, found: "F8_E4M3" } });
    const fused = "cond_stage_model.model.transformer.resblocks.0.attn.in_proj_bias";
    const odd = altered("sd2", (tensors) => tensors.set(fused, { dtype: "F16", shape: [71], data: new Uint8Array(142) }));
    await expect(open(odd, "sd2")).rejects.toThrow("expected q, k and v one after the other");
    const wide = altered("sd1", (tensors) =>
      tensors.delete("model.diffusion_model.input_blocks.4.0.in_layers.2.weight"),
    );
    await expect(open(wide, "sd1")).rejects.toThrow("down_blocks.1.resnets.0.conv1.weight");
  }); // prettier-ignore
});
