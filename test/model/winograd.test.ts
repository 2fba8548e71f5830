/** The goldens of noise predictor and autoencoder with every 3 x 3 convolution in Winograd's form. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { OrtSession } from "../../src-main/engine/sessions/session.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { convolutionsOf } from "../../src-main/graph/convolution/rewrite.ts";
import type { Tile } from "../../src-main/graph/convolution/transforms.ts";
import type { Graph } from "../../src-main/graph/graph.ts";
import { Module } from "../../src-main/model/layers.ts";
import { timestepFeatures } from "../../src-main/model/features.ts";
import { unet } from "../../src-main/model/unet.ts";
import { vaeDecoder } from "../../src-main/model/vae.ts";
import { relativeError } from "../support/closeness.ts";
import { readTensors } from "../support/tensors.ts";
import { RandomWeights, TINY_VAE } from "../support/tinyCheckpoint.ts";
import { inWinogradForm } from "../support/winograd.ts";
import { normals } from "../support/randomNumbers.ts";

const { tensors } = readTensors("test/goldens/forward.safetensors");
let checkpoint: Checkpoint;
beforeAll(async () => {
  checkpoint = await openCheckpoint("test/goldens/tiny-sd");
});

async function run(graph: Graph, feeds: Record<string, Float32Array>): Promise<Float32Array> {
  const session = await OrtSession.open(graph, { provider: "cpu", memory: "fast", threads: 1 });
  const { y } = await session.run(feeds);
  await session.close();
  return y!;
}

describe.each<Tile>([2, 4])("with tiles of %i", (tile) => {
  test.each([
    [16, 16, "1"],
    [24, 40, "321"],
    [32, 32, "978.612"],
  ])("the noise of %i x %i cells at step %s is predicted", async (height, width, step) => {
    const { config, weights } = checkpoint.unet;
    const g = new GraphBuilder();
    const { prediction: y } = unet(new Module(g, weights, "float32"), config, {
      latent: g.input("latent", "float32", [1, 4, height, width]),
      time: g.input("time", "float32", [1, 32]),
      context: g.input("context", "float32", [77, config.contextWidth]),
    });
    const golden = (name: string) => {
      const { data, shape } = tensors.get(`unet.${height}x${width}.${step}.${name}`)!;
      return data.slice(0, data.length / shape[0]!);
    };
    const feeds = { latent: golden("x"), time: timestepFeatures(Number(step), 32, config), context: golden("context") };
    const prediction = await run(inWinogradForm(g.finish({ y }), tile), feeds);
    expect(relativeError(prediction, golden("eps"))).toBeLessThan(1e-4);
  });

  test("a latent is decoded", async () => {
    const { config, weights } = checkpoint.vae;
    const { shape, data } = tensors.get("vae.latent")!;
    const g = new GraphBuilder();
    const y = vaeDecoder(new Module(g, weights, "float32"), config, g.input("x", "float32", shape));
    const picture = await run(inWinogradForm(g.finish({ y }), tile), { x: data });
    expect(relativeError(picture, tensors.get("vae.image")!.data)).toBeLessThan(1e-4);
  });

  test("weights of 16 bits are transformed in 32", async () => {
    const shape = [1, 4, 3, 5];
    const g = new GraphBuilder();
    const weights = RandomWeights.create(undefined, "float16");
    const y = vaeDecoder(new Module(g, weights, "float32"), TINY_VAE, g.input("x", "float32", shape));
    const plain = g.finish({ y });
    const feeds = { x: Float32Array.from(normals(shape, 1)) };
    const fast = inWinogradForm(plain, tile);
    expect(convolutionsOf(plain).length).toBeGreaterThan(5);
    expect(convolutionsOf(fast)).toEqual([]);
    expect(relativeError(await run(fast, feeds), await run(plain, feeds))).toBeLessThan(1e-5);
  });
});
