/**
 * Damaged autoencoders: a VAE as a folder's file and in the original layout, and a tiny one, with their headers changed as those of
 * checkpoints are (safetensors.ts). The claim: each is refused with an `AppError` that names the file, or its decoder is built of weights
 * that lie within it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openTiny, openVae } from "../../src-main/checkpoint/autoencoder.ts";
import type { Checkpoint } from "../../src-main/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import type { Graph } from "../../src-main/graph/graph.ts";
import { Module } from "../../src-main/model/layers.ts";
import { tinyDecoder } from "../../src-main/model/tinyVae.ts";
import { vaeDecoder } from "../../src-main/model/vae.ts";
import { TINY_CONSTANTS } from "../support/familyGoldens.ts";
import { ROOT } from "../support/imports.ts";
import { soundOf, tryDamaged } from "./damagedFile.ts";
import type { Cases, Part } from "./part.ts";
import { oneOf, type Pick } from "./random.ts";

const GOLDENS = join(ROOT, "test", "goldens");
const FILES = {
  tiny: "tiny-taesd.safetensors",
  folder: "single-file/tiny-sd1/vae/diffusion_pytorch_model.safetensors",
  original: "single-file/tiny-sd1.single.safetensors",
} as const;
type Kind = keyof typeof FILES;

export const autoencoders: Part = {
  title: "damaged autoencoders",
  count: 30_000,
  memory: "worker",
  async prepare({ folder }): Promise<Cases> {
    mkdirSync(folder, { recursive: true });
    const checkpoint = await openCheckpoint(join(GOLDENS, "single-file", "tiny-sd1"));
    const sounds = (Object.keys(FILES) as Kind[]).map((kind) => soundOf(join(GOLDENS, FILES[kind]), kind));
    const path = join(folder, "soft.safetensors");
    const run = (pick: Pick) => {
      const sound = oneOf(pick, sounds);
      return tryDamaged(pick, path, sound, async (size) =>
        beyond(sound.name === "tiny" ? await tinyGraph(path) : await vaeGraph(path, checkpoint), size),
      );
    };
    return { run: (_index, pick) => run(pick) };
  },
};

async function tinyGraph(path: string): Promise<Graph> {
  const { weights } = await openTiny(path);
  const g = new GraphBuilder();
  return g.finish({
    picture: tinyDecoder(new Module(g, weights, "float32"), g.input("latent", "float32", [1, 4, 2, 2])),
  });
}

async function vaeGraph(path: string, checkpoint: Checkpoint): Promise<Graph> {
  const { config, weights } = await openVae(path, checkpoint, TINY_CONSTANTS.sd1);
  const g = new GraphBuilder();
  const latent = g.input("latent", "float32", [1, config.latentChannels, 2, 2]);
  return g.finish({ picture: vaeDecoder(new Module(g, weights, "float32"), config, latent) });
}

/** A weight that leaves the file. */
function beyond(graph: Graph, size: number): string | undefined {
  for (const { inputs } of graph.nodes) {
    for (const { source } of inputs) {
      if (source.kind === "weight" && source.ref.offset + source.ref.length > size)
        return `a weight ends at byte ${source.ref.offset + source.ref.length} of ${size}`;
    }
  }
  return undefined;
}
