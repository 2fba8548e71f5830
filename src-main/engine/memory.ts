/** What a picture will need of memory, and what there is. */
import { freemem } from "node:os";
import type { MemoryMode } from "../api/engine.ts";
import type { Checkpoint } from "../checkpoint/folder.ts";
import type { Grid } from "../guidance/masks.ts";

/**
 * Copies of the checkpoint's weights on the processor: packed for the kernels, plus the flipped copy of the convolutions
 * that the gradient uses; in low memory mode one mapped copy. Fitted to one 512 x 512 run of each mode at SD 1.5's size.
 */
const WEIGHT_COPIES: Record<MemoryMode, number> = { fast: 1.6, low: 1 };

/** Bytes of activations per latent cell and channel of the widest level, forward and backward. Fitted to the same runs. */
const BYTES_PER_CELL_CHANNEL = 2_600;

/** Bytes that drawing one picture takes beside the rest of the program. */
export function estimateBytes(
  checkpoint: Checkpoint,
  latent: Grid,
  memory: MemoryMode,
  bytesPerWeight: number,
): number {
  const weights = checkpoint.parameters * bytesPerWeight * WEIGHT_COPIES[memory];
  const channels = checkpoint.unet.config.blockOutChannels[0]!;
  return Math.round(weights + latent.height * latent.width * channels * BYTES_PER_CELL_CHANNEL);
}

/** `fast` where a quarter more than its need is free, so that the machine stays usable. */
export function chooseMemory(checkpoint: Checkpoint, latent: Grid): MemoryMode {
  return estimateBytes(checkpoint, latent, "fast", 4) * 1.25 < freemem() ? "fast" : "low";
}
