/** Scenes and texts as they leave this machine: where files lie here is nobody's business, their names and contents are. */
import type { Scene } from "./scene.ts";

/** A copy that lacks some fields. */
export function without<T extends object, Name extends keyof T & string>(
  value: T,
  ...names: readonly Name[]
): Omit<T, Name> {
  const kept = Object.entries(value).filter(([name]) => !(names as readonly string[]).includes(name));
  return Object.fromEntries(kept) as Omit<T, Name>;
}

export function portable(scene: Scene): Scene {
  const { loras, embeddings } = scene.settings;
  return {
    ...scene,
    settings: {
      ...scene.settings,
      ...(loras ? { loras: loras.map((lora) => without(lora, "path")) } : {}),
      ...(embeddings ? { embeddings: embeddings.map((one) => without(one, "path")) } : {}),
    },
    ...(scene.start ? { start: without(scene.start, "path") } : {}),
  };
}

export function portableText<Text extends { embeddings?: { name: string; path?: string; hash?: string }[] }>(
  text: Text,
): Text {
  return text.embeddings ? { ...text, embeddings: text.embeddings.map((one) => without(one, "path")) } : text;
}
