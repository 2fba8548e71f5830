/** What a picture tells of itself: its scene as it was drawn, and how its boxes came to be obeyed. */
import type { Pixels } from "../api/engine.ts";
import { pixelHash } from "../image/pixelHash.ts";
import type { Scene } from "../scene/scene.ts";
import type { ShelvedLora } from "./loraShelf.ts";

/**
 * The scene as it is told: of its LoRAs and embeddings those that were used, by name and hash, and the picture that it goes on from by its
 * hash, as where they lie is nobody else's.
 */
export function withHashes(
  scene: Scene,
  used: readonly ShelvedLora[],
  hashes: ReadonlyMap<string, string>,
  learned: ReadonlySet<string>,
  start: Pixels | undefined,
): Scene {
  const settings = { ...scene.settings };
  delete settings.loras;
  if (used.length > 0)
    settings.loras = used.map(({ lora: { name, strength, on }, hash }) => ({ name, strength, on, hash }));
  const embeddings = (settings.embeddings ?? []).flatMap(({ name }) => {
    const hash = hashes.get(name);
    return hash !== undefined && learned.has(hash) ? [{ name, hash }] : [];
  });
  delete settings.embeddings;
  if (embeddings.length > 0) settings.embeddings = embeddings;
  if (!scene.start || !start) return { ...scene, settings };
  const { strength, by, redraw } = scene.start;
  const told = { hash: pixelHash(start), strength, ...(by ? { by } : {}), ...(redraw ? { redraw } : {}) };
  return { ...scene, settings, start: told };
}

/** By region, its obedience after each step, in hundredths: what a curve shows. */
export function courseOf(history: readonly Record<string, number>[]): Record<string, number[]> {
  const ids = Object.keys(history[0] ?? {});
  return Object.fromEntries(ids.map((id) => [id, history.map((each) => Math.round(100 * each[id]!) / 100)]));
}
