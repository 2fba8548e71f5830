/**
 * Damaged autoencoders: a VAE as a folder's file and in the original layout, and a tiny one, with their headers changed as those of
 * checkpoints are (safetensors.ts). The claim: each is refused with an `AppError` that names the file, or its decoder is built of weights
 * that lie within it.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isAppError } from "../../src-main/api/errors.ts";
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
import { Fault, type Cases, type Part } from "./part.ts";
import { oneOf, type Pick } from "./random.ts";
import { damaged, type Sound } from "./safetensors.ts";

const GOLDENS = join(ROOT, "test", "goldens");
const FILES = {
  tiny: "tiny-taesd.safetensors",
  folder: "single-file/tiny-sd1/vae/diffusion_pytorch_model.safetensors",
  original: "single-file/tiny-sd1.single.safetensors",
} as const;
type Kind = keyof typeof FILES;

function soundOf(kind: Kind): Sound & { kind: Kind } {
  const file = readFileSync(join(GOLDENS, FILES[kind]));
  const end = 8 + Number(file.readBigUInt64LE());
  return { kind, name: kind, header: file.subarray(8, end), dataBytes: file.length - end };
}

export const autoencoders: Part = {
  title: "damaged autoencoders",
  count: 30_000,
  memory: "worker",
  async prepare({ folder }): Promise<Cases> {
    mkdirSync(folder, { recursive: true });
    const checkpoint = await openCheckpoint(join(GOLDENS, "single-file", "tiny-sd1"));
    const sounds = (Object.keys(FILES) as Kind[]).map(soundOf);
    return { run: (_index, pick) => tryFile(pick, join(folder, "soft.safetensors"), oneOf(pick, sounds), checkpoint) };
  },
};

async function tryFile(
  pick: Pick,
  path: string,
  sound: Sound & { kind: Kind },
  checkpoint: Checkpoint,
): Promise<string> {
  const { start, size } = damaged(sound, pick);
  const file = openSync(path, "w");
  writeSync(file, start);
  ftruncateSync(file, size);
  closeSync(file);
  const evidence = { "header.bin": start, "size.txt": `${size} bytes in all, zeros after the header\n` };
  try {
    const graph = sound.kind === "tiny" ? await tinyGraph(path) : await vaeGraph(path, checkpoint);
    const wrong = beyond(graph, size);
    if (wrong !== undefined) throw new Fault(wrong, { evidence });
    return "read";
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (!isAppError(error, "checkpoint-invalid"))
      throw new Fault("refused with an error of another kind", { evidence, cause: error });
    if (!error.message.includes(path)) throw new Fault(`the message names no file: ${error.message}`, { evidence });
    return "refused";
  }
}

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
