/** What a picture will need of memory, and what there is. */
import { freemem } from "node:os";
import type { MemoryMode } from "../api/engine.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { Grid } from "../guidance/masks.ts";

/**
 * Copies of the weights on the processor in fast mode: packed for the kernels, and those of the convolutions transformed or flipped for
 * the gradient, which take as much. Fitted to one 512 x 512 run at SD 1.5's size. In low memory mode the weights stay in their file, mapped.
 */
const FAST_COPIES = 1.6;

/** Bytes of activations per latent cell and channel of the widest level, forward and backward. Fitted to the same runs. */
const BYTES_PER_CELL_CHANNEL = 2_600;

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
  return Math.round(weights + latent.height * latent.width * channels * BYTES_PER_CELL_CHANNEL);
}

/** `fast` where a quarter more than its need is free, so that the machine stays usable. */
export function chooseMemory(checkpoint: Checkpoint, latent: Grid): MemoryMode {
  return estimateBytes(checkpoint, latent, "fast", 4) * 1.25 < freemem() ? "fast" : "low";
}
