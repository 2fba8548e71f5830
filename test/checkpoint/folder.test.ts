import { cpSync, mkdirSync, readdirSync, realpathSync, renameSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import {
  checkpointFiles,
  checkpointFolder,
  CONFIGS,
  safetensors,
  temporary,
  TEXT,
  UNET,
  VAE,
  writeFolder,
} from "./folders.ts";

const TINY = join(import.meta.dirname, "../goldens/tiny-sd");
const UNET_FILE = "unet/diffusion_pytorch_model.safetensors";
const VAE_FILE = "vae/diffusion_pytorch_model.safetensors";
const TEXT_FILE = "text_encoder/model.safetensors";
const INDEX = "unet/diffusion_pytorch_model.safetensors.index.json";
const SHARDS = {
  [UNET_FILE]: undefined,
  "unet/diffusion_pytorch_model-00001-of-00002.safetensors": safetensors({ "conv_in.weight": [[4, 3]] }),
  "unet/diffusion_pytorch_model-00002-of-00002.safetensors": safetensors({ "conv_in.bias": [[4]] }),
};
const WEIGHT_MAP = {
  "conv_in.weight": "diffusion_pytorch_model-00001-of-00002.safetensors",
  "conv_in.bias": "diffusion_pytorch_model-00002-of-00002.safetensors",
};

describe("a checkpoint folder", () => {
  test("written by diffusers is opened, whole", async () => {
    const checkpoint = await openCheckpoint(TINY);
    expect(checkpoint).toMatchObject({ path: TINY, name: "tiny-sd", weightBytes: 13_500_940, parameters: 3_375_235 });
    expect(checkpoint.unet.config).toMatchObject({ blockOutChannels: [32, 64, 64, 64], heads: [2, 2, 2, 2], contextWidth: 32 });
    expect(checkpoint.vae.config).toMatchObject({ blockOutChannels: [8, 16, 16, 16], normGroups: 4, scalingFactor: 0.18215 });
    expect(checkpoint.text.config).toMatchObject({ vocabSize: 659, layers: 2, heads: 4, activation: "quick_gelu" });
    expect(checkpoint.scheduler).toMatchObject({ className: "PNDMScheduler", stepsOffset: 1, prediction: "epsilon" });
    expect(checkpoint.text.tokenizer).toMatchObject({ pad: "<|endoftext|>", maxTokens: 77 });
    expect(checkpoint.recommended).toBeUndefined();
    expect(checkpoint.text.weights.tensor("final_layer_norm.weight", [32])).toMatchObject({ dtype: "float32", length: 128 });
  }); // prettier-ignore

  test("may have no tokenizer, in which case the vocabulary is CLIP's", async () => {
    const { tokenizer } = (await openCheckpoint(checkpointFolder())).text;
    expect(tokenizer.vocabulary).toBeUndefined();
    expect(tokenizer).toMatchObject({ start: "<|startoftext|>", end: "<|endoftext|>", pad: "<|endoftext|>" });
  });

  test("is opened by a relative path too, and has an absolute one", async () => {
    const folder = checkpointFolder();
    const before = process.cwd();
    process.chdir(dirname(folder));
    try {
      expect((await openCheckpoint(basename(folder))).path).toBe(join(process.cwd(), basename(folder)));
    } finally {
      process.chdir(before);
    }
  });

  test("may be half precision, or mixed within a file", async () => {
    const unet = safetensors({ "conv_in.weight": [[4, 3], "BF16"], "conv_in.bias": [[4], "F16"] });
    const { weights } = (await openCheckpoint(checkpointFolder({ [UNET_FILE]: unet }))).unet;
    expect(weights.tensor("conv_in.weight", [4, 3]).dtype).toBe("bfloat16");
    expect(weights.tensor("conv_in.bias", [4]).dtype).toBe("float16");
  });
});

describe("names of tensors", () => {
  test("of the autoencoder's attention come in an old and a new spelling, and are given in the new", async () => {
    const at = "encoder.mid_block.attentions.0";
    const old = safetensors({
      [`${at}.query.weight`]: [[2, 2]],
      [`${at}.key.bias`]: [[2]],
      [`${at}.value.weight`]: [[2, 2, 1, 1]],
      [`${at}.proj_attn.weight`]: [[2, 2]],
      [`${at}.group_norm.weight`]: [[2]],
      "encoder.key.value.weight": [[1]],
    });
    const { weights } = (await openCheckpoint(checkpointFolder({ [VAE_FILE]: old }))).vae;
    expect(weights.at(at).names()).toEqual(["to_q.weight", "to_k.bias", "to_v.weight", "to_out.0.weight", "group_norm.weight"]); // prettier-ignore
    expect(weights.has("encoder.key.value.weight")).toBe(true);
    // An error names the tensor as the file does.
    expect(() => weights.tensor(`${at}.to_q.weight`, [3, 3])).toThrow(`${at}.query.weight`);
  });

  test("of the text encoder are given without text_model., and without what it does not compute with", async () => {
    const text = safetensors({
      "text_model.embeddings.position_ids": [[1, 77], "I64"],
      "text_model.embeddings.token_embedding.weight": [[5, 2]],
      "text_model.final_layer_norm.weight": [[2]],
      "text_projection.weight": [[2, 2]],
      logit_scale: [[]],
    });
    const { weights } = (await openCheckpoint(checkpointFolder({ [TEXT_FILE]: text }))).text;
    expect(weights.names()).toEqual(["embeddings.token_embedding.weight", "final_layer_norm.weight"]);
    const flat = await openCheckpoint(checkpointFolder());
    expect(flat.text.weights.names()).toEqual(["embeddings.token_embedding.weight"]);
  });

  test("that come to the same are refused", async () => {
    const text = safetensors({ "text_model.a": [[1]], a: [[1]] });
    await expect(openCheckpoint(checkpointFolder({ [TEXT_FILE]: text }))).rejects.toThrow("also as text_model.a");
  });
});

describe("files of weights", () => {
  test("are preferred in full precision", async () => {
    const half = { "unet/diffusion_pytorch_model.fp16.safetensors": safetensors({ half: [[1], "F16"] }) };
    expect((await openCheckpoint(checkpointFolder(half))).unet.weights.has("half")).toBe(false);
    expect((await openCheckpoint(checkpointFolder({ ...half, [UNET_FILE]: undefined }))).unet.weights.has("half")).toBe(
      true,
    );
  });

  test("of other names are taken where there is one only", async () => {
    const one = { [UNET_FILE]: undefined, "unet/ema.safetensors": safetensors(UNET) };
    expect((await openCheckpoint(checkpointFolder(one))).unet.weights.has("conv_in")).toBe(true);
    const two = { ...one, "unet/other.safetensors": safetensors(UNET) };
    await expect(openCheckpoint(checkpointFolder(two))).rejects.toThrow(
      "none of its .safetensors files (ema.safetensors, other.safetensors)",
    );
  });

  test("may be shards, named by an index", async () => {
    const folder = checkpointFolder({ ...SHARDS, [INDEX]: { weight_map: WEIGHT_MAP } });
    const { weights } = (await openCheckpoint(folder)).unet;
    expect(weights.tensor("conv_in.weight", [4, 3]).file).toContain("00001-of-00002");
    expect(weights.tensor("conv_in.bias", [4]).file).toContain("00002-of-00002");
  });

  test.each([
    ["leads out of the folder", { ...WEIGHT_MAP, "conv_in.bias": "../vae/diffusion_pytorch_model.safetensors" }, "in the same folder"],
    ["leads to an absolute path", { ...WEIGHT_MAP, "conv_in.bias": "/etc/passwd" }, "in the same folder"],
    ["leads out of the folder on Windows", { ...WEIGHT_MAP, "conv_in.bias": "..\\x.safetensors" }, "in the same folder"],
    ["names a pickle", { ...WEIGHT_MAP, "conv_in.bias": "x.bin" }, "in the same folder"],
    ["names no file", { ...WEIGHT_MAP, "conv_in.bias": 1 }, "in the same folder"],
    ["names a file that is not there", { ...WEIGHT_MAP, "conv_in.bias": "x.safetensors" }, "x.safetensors is missing"],
    ["has a tensor that its shard lacks", { ...WEIGHT_MAP, more: WEIGHT_MAP["conv_in.bias"] }, "where it is not"],
    ["puts a tensor in the wrong shard", { ...WEIGHT_MAP, "conv_in.bias": WEIGHT_MAP["conv_in.weight"] }, "where it is not"],
    ["is empty", {}, "1 to 200 files"],
    ["is a list", [], "weight_map"],
  ])("are refused where the index %s", async (_, weight_map, message) => {
    const opening = openCheckpoint(checkpointFolder({ ...SHARDS, [INDEX]: { weight_map } }));
    await expect(opening).rejects.toThrow(message);
  }); // prettier-ignore

  test("are refused where two shards hold the same tensor", async () => {
    const twice = safetensors({ "conv_in.weight": [[4, 3]], "conv_in.bias": [[4]] });
    const folder = checkpointFolder({ ...SHARDS, "unet/diffusion_pytorch_model-00002-of-00002.safetensors": twice, [INDEX]: { weight_map: WEIGHT_MAP } }); // prettier-ignore
    await expect(openCheckpoint(folder)).rejects.toThrow("the tensor is in diffusion_pytorch_model-00002");
  });

  test("in the Hugging Face cache are links to blobs, and have the blobs' paths", async () => {
    const entry = join(dirname(temporary("x")), "models--some--model");
    const snapshot = join(entry, "snapshots", "0123abcd");
    mkdirSync(join(entry, "blobs"), { recursive: true });
    for (const [i, [name, content]] of Object.entries(checkpointFiles()).entries()) {
      writeFolder(join(entry, "blobs"), { [`blob${i}`]: content });
      mkdirSync(dirname(join(snapshot, name)), { recursive: true });
      symlinkSync(join(name.includes("/") ? "../../../blobs" : "../../blobs", `blob${i}`), join(snapshot, name));
    }
    const { unet, name, path } = await openCheckpoint(snapshot);
    expect(name).toBe("some/model");
    expect(path).toBe(snapshot);
    expect(unet.weights.tensor("conv_in.bias", [4]).file).toBe(join(realpathSync(entry), "blobs", "blob2"));
    // The entry itself is what a person may choose in a file dialog.
    await expect(openCheckpoint(entry)).rejects.toThrow(`open ${snapshot} instead`);
  });
});

describe("what is refused", () => {
  test.each(["diffusion_pytorch_model.bin", "model.ckpt", "pytorch_model.pt", "X.PTH"])("a part with only a pickle: %s", async (name) => {
    const opening = openCheckpoint(checkpointFolder({ [UNET_FILE]: undefined, [`unet/${name}`]: "\x80\x02" }));
    await expect(opening).rejects.toMatchObject({ code: "checkpoint-invalid", details: { found: name } });
    await expect(opening).rejects.toThrow(/runs whatever program is inside.*safe_serialization=True/);
  }); // prettier-ignore

  test("a single file of another form", async () => {
    const at = (name: string) => join(checkpointFolder({ [name]: "x" }), name);
    await expect(openCheckpoint(at("old.ckpt"))).rejects.toThrow("is a pickle");
    await expect(openCheckpoint(at("model.gguf"))).rejects.toThrow("GGUF file");
    await expect(openCheckpoint(at("notes.txt"))).rejects.toThrow("neither a .safetensors file nor a diffusers folder");
  });

  test("a path where nothing is, and a folder of something else", async () => {
    const missing = temporary("nothing");
    await expect(openCheckpoint(missing)).rejects.toMatchObject({
      code: "file-unreadable",
      details: { path: missing },
    });
    await expect(openCheckpoint(dirname(missing))).rejects.toThrow("it has no model_index.json");
    writeFolder(dirname(missing), { "v1-5.safetensors": "x" });
    await expect(openCheckpoint(dirname(missing))).rejects.toThrow(
      "v1-5.safetensors in it is a single-file checkpoint: open that file itself",
    );
  });

  test.each([
    ["StableDiffusionXLImg2ImgPipeline", "a pipeline of Stable Diffusion XL for something else"],
    ["StableDiffusionXLInpaintPipeline", "an inpainting model"],
    ["StableDiffusion3Pipeline", "Stable Diffusion 3"],
    ["FluxPipeline", "Flux"],
    ["StableDiffusionInpaintPipeline", "an inpainting model"],
    ["StableDiffusionUpscalePipeline", "an upscaler"],
    ["PixArtAlphaPipeline", "another kind of model"],
  ])("%s, by name", async (name, what) => {
    const folder = checkpointFolder({ "model_index.json": { _class_name: name } });
    await expect(openCheckpoint(folder)).rejects.toThrow(`${name}: this is ${what}`);
  });

  test("pipelines with parts that Stable Diffusion 1 and 2 lack", async () => {
    const index = { ...CONFIGS.index, text_encoder_2: ["transformers", "CLIPTextModelWithProjection"] };
    await expect(openCheckpoint(checkpointFolder({ "model_index.json": index }))).rejects.toThrow("text_encoder_2");
    const absent = { ...CONFIGS.index, text_encoder_2: [null, null] };
    await openCheckpoint(checkpointFolder({ "model_index.json": absent }));
  });

  test.each([
    ["model_index.json", "no model_index.json"],
    ["unet/config.json", "this folder has no unet/config.json: it is not a diffusers checkpoint"],
    ["vae/config.json", "this folder has no vae/config.json: it is not a diffusers checkpoint"],
    ["text_encoder/config.json", "this folder has no text_encoder/config.json: it is not a diffusers checkpoint"],
    ["scheduler/scheduler_config.json", "this folder has no scheduler/scheduler_config.json"],
    [UNET_FILE, "there is no diffusion_pytorch_model.safetensors"],
    [TEXT_FILE, "there is no model.safetensors"],
  ])("a folder without %s", async (name, message) => {
    await expect(openCheckpoint(checkpointFolder({ [name]: undefined }))).rejects.toThrow(message);
  });

  test.each([
    ["half of a config", '{"_class_name":'],
    ["a config that is a list", "[]"],
    ["a config that is empty", ""],
  ])("%s", async (_, content) => {
    const folder = checkpointFolder({ "vae/config.json": content });
    const opening = openCheckpoint(folder);
    await expect(opening).rejects.toMatchObject({ code: "checkpoint-invalid", details: { path: join(folder, "vae/config.json") } }); // prettier-ignore
  });

  test("parts that do not fit each other", async () => {
    const narrow = { ...CONFIGS.text, hidden_size: 384 };
    await expect(openCheckpoint(checkpointFolder({ "text_encoder/config.json": narrow }))).rejects.toThrow("width 768, but the text encoder makes 384"); // prettier-ignore
    const deep = { ...CONFIGS.vae, latent_channels: 16 };
    await expect(openCheckpoint(checkpointFolder({ "vae/config.json": deep }))).rejects.toThrow(
      "the autoencoder makes 16",
    );
    const grey = { ...CONFIGS.vae, out_channels: 1 };
    await expect(openCheckpoint(checkpointFolder({ "vae/config.json": grey }))).rejects.toThrow("3 colours");
  });

  test("a broken file of weights, by its path", async () => {
    const folder = checkpointFolder({ [VAE_FILE]: safetensors(VAE).subarray(0, -1) });
    const opening = openCheckpoint(folder);
    await expect(opening).rejects.toMatchObject({
      code: "checkpoint-invalid",
      details: { path: join(folder, VAE_FILE) },
    });
  });
});

describe("the hash", () => {
  const hashOf = async (changes: Record<string, unknown> = {}): Promise<string> => (await openCheckpoint(checkpointFolder(changes))).hash();

  test("says how it was made, and is the same wherever the folder is", async () => {
    expect(await hashOf()).toMatch(/^sampled-sha256:[0-9a-f]{64}$/);
    expect(await hashOf()).toBe(await hashOf());
  });

  test("differs where a weight differs, a name, or the way it is used", async () => {
    const changed = safetensors(UNET);
    changed[changed.length - 1]! ^= 1;
    const hashes = await Promise.all([
      hashOf(),
      hashOf({ [UNET_FILE]: changed }),
      hashOf({ [TEXT_FILE]: safetensors(TEXT, { format: "pt" }) }),
      hashOf({ "scheduler/scheduler_config.json": { ...CONFIGS.scheduler, prediction_type: "v_prediction" } }),
    ]);
    expect(new Set(hashes).size).toBe(4);
  });
}); // prettier-ignore

describe("recommended settings, in diorama.json", () => {
  const recommended = async (defaults: unknown): Promise<unknown> => {
    return (await openCheckpoint(checkpointFolder({ "diorama.json": { defaults } }))).recommended;
  };

  test("are taken over, and what is unknown is left aside", async () => {
    const defaults = {
      width: 128,
      steps: 20,
      scheduler: "lms",
      guidance: { nu: 0.5, lossSteps: { start: 1, end: 9 } },
    };
    const { guidance, ...rest } = defaults;
    expect(await recommended({ ...defaults, later: 1 })).toEqual({ ...rest, ...guidance });
    expect(await recommended(undefined)).toBeUndefined();
  });

  test.each([
    [{ width: 100 }, "defaults.width"],
    [{ steps: 0 }, "defaults.steps"],
    [{ scheduler: "magic" }, "defaults.scheduler"],
    [{ guidance: { nu: -1 } }, "defaults.guidance.nu"],
    [{ guidance: { lossSteps: { start: 0.5, end: 2 } } }, "defaults.guidance.lossSteps.start"],
    [{ guidance: [1] }, "defaults.guidance"],
    [7, "defaults"],
  ])("are refused by field: %j", async (defaults, field) => {
    await expect(recommended(defaults)).rejects.toThrow(field);
  });
});

test("a folder moved after it was opened fails with the file's name when it is hashed", async () => {
  const folder = checkpointFolder();
  const checkpoint = await openCheckpoint(folder);
  renameSync(folder, `${folder}-moved`);
  await expect(checkpoint.hash()).rejects.toMatchObject({ code: "file-unreadable" });
});

test("opening writes nothing into the folder", async () => {
  const folder = temporary("copy");
  cpSync(TINY, folder, { recursive: true });
  const list = (): string[] => readdirSync(folder, { recursive: true }).map(String).sort();
  const before = list();
  await (await openCheckpoint(folder)).hash();
  expect(list()).toEqual(before);
});
