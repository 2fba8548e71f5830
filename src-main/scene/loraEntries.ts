/** The LoRAs of a scene file: `"loras": [{ "name": "ink", "strength": 0.8 }]`, each by name, or by the path of its file. */
import {
  isRecord,
  join,
  readField,
  readNumber,
  reportUnknownFields,
  show,
  type NumberRule,
  type Problem,
} from "./fields.ts";
import { MOST_LORAS } from "./limits.ts";
import { LONGEST_LORA_NAME, STRONGEST_LORA } from "./loras.ts";
import type { SceneLora } from "./scene.ts";

export const LORA_FIELDS = ["name", "path", "strength", "on", "hash"] as const;

export const LORA_STRENGTH_RULE = {
  kind: "number",
  min: -STRONGEST_LORA,
  max: STRONGEST_LORA,
  about: "How strongly it counts: 1 is as it was trained, less than 0 its opposite.",
} as const satisfies NumberRule;
const ON_RULE = { kind: "boolean", about: "false keeps it in the list and does nothing with it." } as const;
const LONGEST_PATH = 4_096;

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
  reportUnknownFields(item, LORA_FIELDS, at, problems);
  const text = (field: "name" | "path", most: number): string | undefined => {
    const value = item[field];
    if (value === undefined) return undefined;
    if (typeof value === "string" && value !== "" && value.length <= most && !value.includes("\0")) return value;
    problems.push({ at: join(at, field), message: `expected a text of 1 to ${most} characters, got ${show(value)}` });
    return undefined;
  };
  const path = text("path", LONGEST_PATH);
  const name = text("name", LONGEST_LORA_NAME) ?? (path === undefined ? undefined : loraNameOf(path));
  if (item.name === undefined && item.path === undefined) {
    problems.push({ at, message: 'expected "name", or "path" of its file' });
  }
  const strength =
    item.strength === undefined ? 1 : readNumber(LORA_STRENGTH_RULE, item.strength, join(at, "strength"), problems);
  const on = item.on === undefined ? true : readField(ON_RULE, item.on, join(at, "on"), problems);
  const { hash } = item;
  if (hash !== undefined && !(typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash))) {
    problems.push({ at: join(at, "hash"), message: `expected a SHA-256 in hexadecimal, got ${show(hash)}` });
    return undefined;
  }
  if (name === undefined || strength === undefined || on === undefined) return undefined;
  return { name, strength, on, ...(path === undefined ? {} : { path }), ...(hash === undefined ? {} : { hash }) };
}

/** What a file's LoRA is called: its name without folder and ending. */
export function loraNameOf(path: string): string {
  return (path.split(/[\\/]/).at(-1) ?? path).replace(/\.safetensors$/i, "").slice(0, LONGEST_LORA_NAME) || "LoRA";
}
