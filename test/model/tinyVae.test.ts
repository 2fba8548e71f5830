/** The tiny autoencoder against diffusers' AutoencoderTiny (random weights, test/goldens/tiny-taesd), in both layouts that files have. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTiny } from "../../src-main/checkpoint/autoencoder.ts";
import { OrtSession } from "../../src-main/engine/sessions/session.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { Module } from "../../src-main/model/layers.ts";
import { tinyDecoder } from "../../src-main/model/tinyVae.ts";
import { relativeError } from "../support/closeness.ts";
import { readTensors } from "../support/tensors.ts";
import { safetensorsOf } from "../support/safetensorsOf.ts";

const GOLDEN = "test/goldens/tiny-taesd.safetensors";
const { tensors } = readTensors(GOLDEN);

async function decoded(path: string): Promise<Float32Array> {
  const { weights } = await openTiny(path);
  const g = new GraphBuilder();
  const latent = g.input("latent", "float32", [1, 4, 5, 7]);
  const picture = tinyDecoder(new Module(g, weights, "float32"), latent);
  const session = await OrtSession.open(g.finish({ picture }), { provider: "cpu", memory: "fast", threads: 1 });
  const found = await session.run({ latent: tensors.get("golden.latent")!.data });
  await session.close();
  return found["picture"]!;
}

/** `taesd_decoder.safetensors` of its author: one list, whose first member is the clamp. */
function asItsAuthorWrites(key: string): string | undefined {
  const match = /^decoder\.layers\.(\d+)\.(.+)$/.exec(key);
  return match ? `${Number(match[1]) + 1}.${match[2]!}` : undefined;
}

test("its decoder agrees with diffusers", async () => {
  expect(relativeError(await decoded(GOLDEN), tensors.get("golden.picture")!.data)).toBeLessThan(1e-5);
});

test("its author's layout makes the same picture", async () => {
  const folder = await mkdtemp(join(tmpdir(), "diorama-taesd-"));
  const path = join(folder, "taesd_decoder.safetensors");
  const renamed = [...tensors].flatMap(([key, { shape, data }]) => {
    const name = asItsAuthorWrites(key);
    return name === undefined ? [] : [[name, { shape, data }] as const];
  });
  await writeFile(path, safetensorsOf(renamed));
  expect(await decoded(path)).toEqual(await decoded(GOLDEN));
});
