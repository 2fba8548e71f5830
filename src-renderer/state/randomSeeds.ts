/** Seeds by chance. */
import type { Seed } from "@scene/scene.ts";

/** Numbers of 32 bits: enough to never meet twice, short enough to read out. */
export function randomSeeds(count: number): Seed[] {
  return [...crypto.getRandomValues(new Uint32Array(count))].map(String);
}
