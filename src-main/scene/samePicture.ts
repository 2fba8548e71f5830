/** Which scenes make the same picture of a seed, by one checkpoint on one kind of device. */
import { actingSettings } from "./actingSettings.ts";
import { extrasOf } from "./flatSettings.ts";
import type { Scene } from "./scene.ts";

/**
 * Equal for scenes that make the same picture: what their boxes are called inside makes none other, nor do settings that the method or
 * the scheduler does not use.
 */
export function pictureKey({ regions, settings, ...words }: Scene): string {
  const { loras = [], embeddings = [] } = settings;
  const nameless = regions.map((region) => {
    const { box, spans, strength } = region;
    return { box, spans, strength, ...extrasOf(region) };
  });
  const parts = { ...words, regions: nameless, settings: actingSettings(settings), loras, embeddings };
  return JSON.stringify(parts, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
