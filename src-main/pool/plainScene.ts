/** Scenes as they go to others and come back. */
import type { Scene } from "../scene/scene.ts";

/** A scene without where files lie here: that is nobody's business, and means nothing elsewhere. */
export function withoutPaths(scene: Scene): Scene {
  return JSON.parse(JSON.stringify(scene, (key, value: unknown) => (key === "path" ? undefined : value))) as Scene;
}

/** The same for the same scene, whatever files of its LoRAs and embeddings were used, and in whatever order its fields are told. */
export function toldScene(scene: Scene): string {
  const { settings, ...rest } = withoutPaths(scene);
  const told = { ...rest, settings: { ...settings, loras: undefined, embeddings: undefined } };
  return JSON.stringify(told, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
