/** A picture from a pool before anybody takes it: whole, readable, and what was asked for. */
import type { Pixels, RunRecord } from "../api/engine.ts";
import { readMetadata } from "../image/metadata.ts";
import { decodePng } from "../image/png.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import { AppError, messageOf } from "../wire/errors.ts";
import { sha256Of } from "./blobs.ts";
import { toldScene } from "./plainScene.ts";

export interface Asked {
  scene: Scene;
  seed: Seed;
  model: { name: string; sampled?: string };
}

/** Its pixels and record; `pool-failed` says what is wrong. */
export function verifiedPicture(png: Uint8Array, sha256: string, asked: Asked): { pixels: Pixels; record: RunRecord } {
  if (sha256Of(png) !== sha256) throw refused("its bytes are others than its worker said");
  let pixels: Pixels;
  let metadata: ReturnType<typeof readMetadata>;
  try {
    ({ pixels } = decodePng(png));
    metadata = readMetadata(png);
  } catch (error) {
    throw refused(messageOf(error));
  }
  if (metadata.kind !== "record") throw refused("it does not say how it was drawn");
  const { record } = metadata;
  const { width, height } = asked.scene.settings;
  if (pixels.width !== width || pixels.height !== height) {
    throw refused(`it is ${pixels.width} x ${pixels.height}, not ${width} x ${height}`);
  }
  if (record.seed !== asked.seed) throw refused(`it is of seed ${record.seed}, not ${asked.seed}`);
  if (record.scouted !== undefined) throw refused("it was not drawn to its end");
  if (asked.model.sampled !== undefined && record.model.hash !== asked.model.sampled) {
    throw refused(`it was drawn with another checkpoint (${record.model.name}) than ${asked.model.name}`);
  }
  if (toldScene(record.scene) !== toldScene(asked.scene)) throw refused("it is of another scene");
  const missing = missingFile(asked.scene, record.scene);
  if (missing !== undefined) throw refused(`it was drawn ${missing}`);
  return { pixels, record };
}

function refused(why: string): AppError {
  return new AppError("pool-failed", `A picture came from the pool that cannot be taken: ${why}.`, { address: "" });
}

/** A LoRA of the scene that the picture was drawn without, or with another file of its name. */
function missingFile({ settings: { loras = [] } }: Scene, drawn: Scene): string | undefined {
  for (const { name, strength, on, hash } of loras) {
    if (!on || strength === 0) continue;
    const told = drawn.settings.loras?.find((lora) => lora.name.toLowerCase() === name.toLowerCase());
    if (!told) return `without the LoRA ${name}`;
    if (hash !== undefined && told.hash !== undefined && hash !== told.hash) {
      return `with another file that is called ${name}`;
    }
  }
  return undefined;
}
