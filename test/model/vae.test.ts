import { describe, expect, test } from "vitest";
import type { VaeConfig } from "../../src-main/checkpoint/config.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { OrtSession } from "../../src-main/engine/sessions/session.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { Graph, Shape } from "../../src-main/graph/graph.ts";
import { Module } from "../../src-main/model/layers.ts";
import { vaeDecoder, vaeEncoder } from "../../src-main/model/vae.ts";
import { expectClose, relativeError } from "../support/closeness.ts";
import { evaluate, numbers } from "../support/interpreter.ts";
import { runOnnx } from "../support/onnxRuntime.ts";
import { normals } from "../support/randomNumbers.ts";
import { readTensors } from "../support/tensors.ts";
import { RandomWeights, TINY_VAE } from "../support/tinyCheckpoint.ts";

describe("the golden autoencoder", () => {
  const { tensors } = readTensors("test/goldens/forward.safetensors");
  const run = async (graph: Graph, x: Float32Array) => {
    const session = await OrtSession.open(graph, { provider: "cpu", memory: "fast", threads: 1 });
    const { y } = await session.run({ x });
    await session.close();
    return y!;
  };

  test("decodes", async () => {
    const { config, weights } = (await openCheckpoint("test/goldens/tiny-sd")).vae;
    const { shape, data } = tensors.get("vae.latent")!;
    const g = new GraphBuilder();
    const y = vaeDecoder(new Module(g, weights, "float32"), config, g.input("x", "float32", shape));
    const picture = tensors.get("vae.image")!;
    expect(y.shape).toEqual(picture.shape);
    expect(relativeError(await run(g.finish({ y }), data), picture.data)).toBeLessThan(1e-4);
  });

  test("encodes", async () => {
    const { config, weights } = (await openCheckpoint("test/goldens/tiny-sd")).vae;
    const { shape, data } = tensors.get("vae.encode.image")!;
    const g = new GraphBuilder();
    const y = vaeEncoder(new Module(g, weights, "float32"), config, g.input("x", "float32", shape));
    const mean = tensors.get("vae.encode.mean")!;
    expect(y.shape).toEqual(mean.shape);
    expect(relativeError(await run(g.finish({ y }), data), mean.data)).toBeLessThan(1e-4);
  });
});

describe.each<[string, Partial<VaeConfig>, Shape, Shape]>([
  ["two levels", {}, [1, 4, 3, 5], [1, 3, 6, 10]],
  ["one level", { blockOutChannels: [4] }, [1, 4, 3, 2], [1, 3, 3, 2]],
  ["no attention", { midAttention: false }, [1, 4, 2, 3], [1, 3, 4, 6]],
  ["three levels of two layers", { blockOutChannels: [4, 4, 8], layersPerBlock: 2 }, [1, 4, 2, 1], [1, 3, 8, 4]],
])("a tiny autoencoder with %s", (_, change, latent, picture) => {
  const config = { ...TINY_VAE, ...change };

  test("decodes as the interpreter does", async () => {
    const g = new GraphBuilder();
    const y = vaeDecoder(new Module(g, RandomWeights.create(), "float32"), config, g.input("x", "float32", latent));
    const feeds = { x: numbers(latent, normals(latent, 1)) };
    expect(y.shape).toEqual(picture);
    const graph = g.finish({ y });
    expectClose((await runOnnx(graph, feeds))["y"]!, evaluate(graph, feeds)["y"]!, 1e-5);
  });

  test("and encodes", async () => {
    const g = new GraphBuilder();
    const y = vaeEncoder(new Module(g, RandomWeights.create(), "float32"), config, g.input("x", "float32", picture));
    const feeds = { x: numbers(picture, normals(picture, 2)) };
    expect(y.shape).toEqual(latent);
    const graph = g.finish({ y });
    expectClose((await runOnnx(graph, feeds))["y"]!, evaluate(graph, feeds)["y"]!, 1e-5);
  });
});
