/** A record made of the "parameters" text alone: of a picture that another program wrote, or took ours out of. */
import type { RunRecord } from "../api/engine.ts";
import { isAppError } from "../wire/errors.ts";
import { HASH_KEY, readInfotext, VAE_HASH_KEY } from "./infotext.ts";
import { sceneFromInfotext } from "./infotextScene.ts";
import type { PngText } from "./pngText.ts";

/** What could be read, with a note for everything that could not; undefined where no text says how a picture was made. */
export function recordFromTexts(texts: readonly PngText[]): { record: RunRecord; notes: string[] } | undefined {
  const text = texts.find(({ keyword }) => keyword === "parameters")?.text;
  if (text === undefined) return undefined;
  const { pairs } = readInfotext(text);
  let read: ReturnType<typeof sceneFromInfotext>;
  try {
    read = sceneFromInfotext(text);
  } catch (error) {
    if (isAppError(error, "scene-invalid")) return undefined;
    throw error;
  }
  const [seed] = read.seeds ?? [];
  // Without both there is no run to restore, only words.
  if (seed === undefined || !pairs.has("Steps")) return undefined;
  const short = (key: string) => (pairs.get(key) ?? "").slice(0, 200);
  const record: RunRecord = {
    version: 1,
    scene: read.scene,
    seed,
    model: {
      name: short("Model") || "unknown",
      hash: short(HASH_KEY),
      ...(pairs.has(VAE_HASH_KEY) ? { vae: { name: short("VAE"), hash: short(VAE_HASH_KEY) } } : {}),
    },
    engine: { app: short("Version"), onnxruntime: "", provider: "unknown", precision: "", noise: "unknown" },
    tokens: {},
    obedience: {},
  };
  const silent = "its text says nothing of the machine it was drawn on, nor of how its boxes were obeyed";
  return { record, notes: [silent, ...read.notes] };
}
