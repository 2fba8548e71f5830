/** A small LoRA for a checkpoint folder, of random numbers that are always the same: beside the cross-attention of its UNet, by kohya's names. */
import { writeFileSync } from "node:fs";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { normals } from "./randomNumbers.ts";

export interface RandomLora {
  seed?: number;
  rank?: number;
  metadata?: Record<string, string>;
  /** Size of the numbers. */
  size?: number;
}

export async function writeRandomLora(
  path: string,
  checkpoint: string,
  { seed = 1, rank = 2, metadata = {}, size = 0.3 }: RandomLora = {},
): Promise<void> {
  const { weights } = (await openCheckpoint(checkpoint)).unet;
  const parts: [string, number[], Float32Array][] = [];
  const layers = weights.names().filter((name) => /attn2\.to_(q|k|v|out\.0)\.weight$/.test(name));
  layers.forEach((name, i) => {
    const [out, inner] = weights.shapeOf(name) as [number, number];
    const key = `lora_unet_${name.replace(/\.weight$/, "").replaceAll(".", "_")}`;
    const random = (shape: number[], n: number) =>
      Float32Array.from(normals(shape, 1_000 * seed + 2 * i + n), (v) => (v * size) / Math.sqrt(rank));
    parts.push([`${key}.lora_down.weight`, [rank, inner], random([rank, inner], 0)]);
    parts.push([`${key}.lora_up.weight`, [out, rank], random([out, rank], 1)]);
  });
  let at = 0;
  const entries = parts.map(([key, shape, { byteLength }]) => {
    const from = at;
    at += byteLength;
    return [key, { dtype: "F32", shape, data_offsets: [from, at] }] as const;
  });
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([length, header, ...parts.map(([, , data]) => Buffer.from(data.buffer))]));
}
