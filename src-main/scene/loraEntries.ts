/** The LoRAs of a scene file: `"loras": [{ "name": "ink", "strength": 0.8 }]`, each by name, or by the path of its file. */
import { isRecord, type Problem, readFields, reportUnknownFields, show } from "./fields.ts";
import { LORA_SETTINGS } from "./fileSettings.ts";
import { LONGEST_FILE_NAME, MOST_LORAS } from "./limits.ts";
import type { SceneLora } from "./scene.ts";

/** Undefined where there are none. What is wrong is added to `problems`. */
export function readLoras(value: unknown, problems: Problem[]): SceneLora[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > MOST_LORAS) {
    problems.push({ at: "loras", message: `expected a list of at most ${MOST_LORAS} LoRAs, got ${show(value)}` });
    return undefined;
  }
  const loras = (value as unknown[]).flatMap((item, i) => readLora(item, `loras[${i}]`, problems) ?? []);
  return loras.length > 0 ? loras : undefined;
}

function readLora(item: unknown, at: string, problems: Problem[]): SceneLora | undefined {
  if (!isRecord(item)) {
    problems.push({ at, message: `expected an object with "name" or "path", got ${show(item)}` });
    return undefined;
  }
  reportUnknownFields(item, Object.keys(LORA_SETTINGS), at, problems);
  const read = readFields(LORA_SETTINGS, item, at, problems);
  if (item.name === undefined && item.path === undefined) {
    problems.push({ at, message: 'expected "name", or "path" of its file' });
  }
  const { path, strength = LORA_SETTINGS.strength.usual, on = LORA_SETTINGS.on.usual, hash } = read;
  const name = read.name ?? (path === undefined ? undefined : loraNameOf(path));
  if (name === undefined) return undefined;
  return { name, strength, on, ...(path === undefined ? {} : { path }), ...(hash === undefined ? {} : { hash }) };
}

/** What a file's LoRA is called: its name without folder and ending. */
export function loraNameOf(path: string): string {
  const name = (path.split(/[\\/]/).at(-1) ?? path).replace(/\.safetensors$/i, "").slice(0, LONGEST_FILE_NAME);
  return name.trim() === "" ? "LoRA" : name;
}
