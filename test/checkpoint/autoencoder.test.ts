/** Autoencoders of their own: every form they come in is read as the one that the checkpoint has, and what does not fit is refused. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openTiny, openVae, withVae } from "../../src-main/checkpoint/autoencoder.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { readSafetensors } from "../../src-main/checkpoint/safetensors.ts";
import { doubtsAbout } from "../../src-main/engine/decoding.ts";
import { GOLDENS, openGolden, TINY_CONSTANTS } from "../support/familyGoldens.ts";
import { safetensorsOf } from "../support/safetensorsOf.ts";

const folder = () => mkdtemp(join(tmpdir(), "diorama-vae-"));
const zeros = (shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
/** An original-layout file of the golden's autoencoder without any prefix, all zeros: shapes are what is read. */
async function originalFile(): Promise<string> {
  const { tensors } = await readSafetensors(`${GOLDENS}/tiny-sd1.single.safetensors`);
  const path = join(await folder(), "anything.vae.safetensors");
  const own = [...tensors].flatMap(([key, { shape }]) =>
    key.startsWith("first_stage_model.") ? [[key.slice("first_stage_model.".length), zeros([...shape])] as const] : [],
  );
  await writeFile(path, safetensorsOf(own));
  return path;
}

describe("a separate VAE", () => {
  test.each([
    ["a folder of diffusers", `${GOLDENS}/tiny-sd1/vae`],
    ["a whole checkpoint's folder", `${GOLDENS}/tiny-sd1`],
    ["the weights of a folder as one file", `${GOLDENS}/tiny-sd1/vae/diffusion_pytorch_model.safetensors`],
    ["a whole checkpoint as one file", `${GOLDENS}/tiny-sd1.single.safetensors`],
  ])("may be %s", async (_, path) => {
    const checkpoint = await openGolden("sd1", "folder");
    const vae = await openVae(path, checkpoint, TINY_CONSTANTS.sd1);
    expect(vae.config).toMatchObject({
      blockOutChannels: checkpoint.vae.config.blockOutChannels,
      scalingFactor: 0.18215,
    });
    expect(
      vae.weights
        .names()
        .filter((name) => name.startsWith("decoder."))
        .toSorted(),
    ).toEqual(
      checkpoint.vae.weights
        .names()
        .filter((name) => name.startsWith("decoder."))
        .toSorted(),
    );
    expect(vae.notes).toEqual([]);
    expect(await vae.hash()).toMatch(/^sampled-sha256:[0-9a-f]{64}$/);
    expect(withVae(checkpoint, vae).vae.weights).toBe(vae.weights);
  });

  test("may be an original-layout file of its own", async () => {
    const vae = await openVae(await originalFile(), await openGolden("sd1", "folder"), TINY_CONSTANTS.sd1);
    expect(vae.name).toBe("anything.vae");
    expect(vae.weights.has("decoder.up_blocks.0.resnets.0.conv1.weight")).toBe(true);
  });

  test("made for another network is told, not refused: shapes are the same", async () => {
    const vae = await openVae(`${GOLDENS}/tiny-sdxl/vae`, await openGolden("sd1", "folder"));
    expect(vae.notes.join()).toContain("is made for another network than Stable Diffusion 1");
    expect(vae.config.scalingFactor).toBe(0.18215);
  });

  test.each([
    ["test/goldens/tiny-taesd.safetensors", "tiny autoencoder (TAESD): choose it for previews"],
    ["test/goldens/lora/lora-peft.safetensors", "this is no autoencoder"],
    ["package.json", "no .safetensors file"],
    ["test/goldens/none.safetensors", "none.safetensors"],
  ])("is none: %s", async (path, why) => {
    await expect(openVae(path, await openGolden("sd1", "folder"))).rejects.toThrow(why);
  });
});

test("a single file without an autoencoder opens with a separate one, and says what to do without", async () => {
  const { tensors } = await readSafetensors(`${GOLDENS}/tiny-sd1.single.safetensors`);
  const path = join(await folder(), "bare.safetensors");
  const own = [...tensors].filter(([key]) => !key.startsWith("first_stage_model."));
  await writeFile(path, safetensorsOf(own.map(([key, { shape }]) => [key, zeros([...shape])] as const)));
  const constants = TINY_CONSTANTS.sd1;
  await expect(openCheckpoint(path, { constants })).rejects.toThrow(/has no autoencoder.*\(--vae\)/);
  const checkpoint = await openCheckpoint(path, { constants, vae: `${GOLDENS}/tiny-sd1/vae` });
  expect(checkpoint.vae.weights.has("decoder.conv_in.weight")).toBe(true);
  expect(checkpoint.vae.config.scalingFactor).toBe(0.18215);
});

describe("a tiny autoencoder", () => {
  test("that is none is refused, with what to choose", async () => {
    const refused = openTiny(`${GOLDENS}/tiny-sd1.single.safetensors`);
    await expect(refused).rejects.toThrow("this is no tiny autoencoder's decoder");
    await expect(refused).rejects.toThrow("taesdxl_decoder.safetensors");
  });

  test.each([
    ["taesd_decoder", "sd1", 0],
    ["taesdxl_decoder", "sdxl", 0],
    ["taesdxl_decoder", "sd1", 1],
    ["taesd_decoder", "sdxl", 1],
    ["my-tiny-thing", "sdxl", 0],
  ] as const)("called %s with %s raises %i doubts", (name, family, doubts) => {
    expect(doubtsAbout({ name, hash: () => Promise.resolve("") }, { family })).toHaveLength(doubts);
  });
});
