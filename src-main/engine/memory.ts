/** What a picture will need of memory, and what there is. */
import { freemem } from "node:os";
import type { MemoryMode } from "../api/engine.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { VaeConfig } from "../checkpoint/config.ts";
import type { Grid } from "../guidance/masks.ts";
import type { ProviderName } from "../scene/scene.ts";
import { nvidiaCards } from "../service/nvidia.ts";

/**
 * Copies of the weights on the processor in fast mode: packed for the kernels, and those of the convolutions transformed or flipped for
 * the gradient, which take as much. Fitted to one 512 x 512 run at SD 1.5's size. In low memory mode the weights stay in their file, mapped.
 */
const FAST_COPIES = 1.6;

/**
 * Bytes of activations per latent cell and channel of the widest level, forward and backward. Fitted to the same runs; the fast mode has those
 * of the decoder beside them, the other closes one before it opens the other.
 */
const BYTES_PER_CELL_CHANNEL: Record<MemoryMode, number> = { fast: 2_600, low: 1_900 };

/** Bytes that drawing one picture takes beside the rest of the program. */
export function estimateBytes(
  checkpoint: Checkpoint,
  latent: Grid,
  memory: MemoryMode,
  bytesPerWeight: number,
): number {
  const wide = checkpoint.parameters * bytesPerWeight;
  const weights = memory === "fast" ? wide * FAST_COPIES : Math.min(wide, checkpoint.weightBytes);
  const channels = checkpoint.unet.config.blockOutChannels[0]!;
  return Math.round(weights + rowBytes(channels, latent, 4, memory));
}

/** Bytes of activations of one more row of the network, forward and backward. */
export function rowBytes(channels: number, latent: Grid, bytesPerNumber: number, memory: MemoryMode = "fast"): number {
  return latent.height * latent.width * channels * BYTES_PER_CELL_CHANNEL[memory] * (bytesPerNumber / 4);
}

/** Whether so many bytes are free where `provider` computes; taken for so where nobody can say, which are all but NVIDIA's own. */
export async function isFree(bytes: number, provider: ProviderName): Promise<boolean> {
  const mebibytes = provider === "cuda" ? (await nvidiaCards("memory.free")).map(Number).filter(Number.isFinite) : [];
  // Which of several cards it is, its number does not tell: ONNX Runtime and the driver count differently.
  return mebibytes.length === 0 || bytes < Math.min(...mebibytes) * 2 ** 20;
}

/** Cells of a latent that the autoencoder takes as a whole, memory allowing: 1024 x 1024 of Stable Diffusion XL. */
export const LARGEST_WHOLE = 128 * 128;

/** Bytes that the autoencoder works with per pixel and channel of its widest level. Fitted to decoders of Stable Diffusion 1. */
const AUTOENCODER_BYTES = 45;

/** Whether an autoencoder works in tiles (tiles.ts) on a latent of this size: beyond what any checkpoint is made for, and where memory is short. */
export function isLargeForAutoencoder(
  { blockOutChannels }: Pick<VaeConfig, "blockOutChannels">,
  latent: Grid,
): boolean {
  return latent.height * latent.width > LARGEST_WHOLE || autoencoderBytes({ blockOutChannels }, latent) > freemem();
}

/** Bytes of activations that an autoencoder works with on a whole latent. */
function autoencoderBytes({ blockOutChannels }: Pick<VaeConfig, "blockOutChannels">, latent: Grid): number {
  const pixels = latent.height * latent.width * 4 ** (blockOutChannels.length - 1);
  return pixels * blockOutChannels[0]! * AUTOENCODER_BYTES;
}

/** Whether an autoencoder needs as much on a latent of this size as a network's steps: half a gibibyte and more. */
export function isAutoencoderHeavy(config: Pick<VaeConfig, "blockOutChannels">, latent: Grid): boolean {
  return autoencoderBytes(config, latent) > 2 ** 29;
}

/** `fast` where a quarter more than its need is free, so that the machine stays usable. */
export function chooseMemory(checkpoint: Checkpoint, latent: Grid): MemoryMode {
  return estimateBytes(checkpoint, latent, "fast", 4) * 1.25 < freemem() ? "fast" : "low";
}
