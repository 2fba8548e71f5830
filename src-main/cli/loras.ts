/** The LoRAs of a command: those of its scene, of `--lora` and of tags in the prompt, each found as a file on this machine. */
import { access } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { AppError } from "../wire/errors.ts";
import { loraNamed, STRONGEST_LORA } from "../scene/loras.ts";
import type { FoundModel } from "../api/models.ts";
import { findLoras } from "../scene/promptMarkup.ts";
import type { Scene, SceneLora } from "../scene/scene.ts";
import { loraNameOf } from "../scene/loraEntries.ts";

/** What `--lora` asks for. */
export interface LoraOption {
  /** A file, or a name to look for. */
  word: string;
  strength: number;
}

/** `NAME`, `NAME:0.8` or `FILE:0.8`; what is wrong, as text. */
export function readLoraOption(text: string): LoraOption | string {
  const match = /^(.+):\s*([+-]?(?:\d+\.?\d*|\.\d+))$/.exec(text);
  const [word, strength] = match ? [match[1]!, Number(match[2])] : [text, 1];
  if (word.trim() === "") return `expected a name or a file, got "${text}"`;
  if (Math.abs(strength) > STRONGEST_LORA) {
    return `expected a strength from -${STRONGEST_LORA} to ${STRONGEST_LORA}, got ${strength}`;
  }
  return { word, strength };
}

/** Looks for a LoRA of this name among the models at home. */
export type FindAtHome = (name: string) => Promise<FoundModel>;

/**
 * The scene with a file for every LoRA that is on. An option of a LoRA that the scene lists changes that one. Names are looked for in the
 * folders of the scene and of the other LoRAs, then at home. Throws `bad-request` for one that is nowhere; a tag in the prompt that
 * names none stays, and is warned of.
 */
export async function withLoraFiles(
  scene: Scene,
  asked: readonly LoraOption[],
  { cwd, sceneFolder, findAtHome }: { cwd: string; sceneFolder: string; findAtHome: FindAtHome },
): Promise<Scene> {
  const list: SceneLora[] = (scene.settings.loras ?? []).map((lora) =>
    lora.path === undefined ? lora : { ...lora, path: resolve(sceneFolder, lora.path) },
  );
  for (const { word, strength } of asked) {
    const isFile = /\.safetensors$/i.test(word);
    const name = isFile ? loraNameOf(word) : word;
    const known = loraNamed(list, name);
    const lora = { name, strength, on: true, ...(isFile ? { path: resolve(cwd, word) } : {}) };
    if (known) list[list.indexOf(known)] = { ...known, ...lora, name: known.name };
    else list.push(lora);
  }
  const find = async (name: string): Promise<FoundModel> => {
    if (!/[\\/:\0]/.test(name) && !name.startsWith(".")) {
      const folders = new Set([
        sceneFolder,
        ...list.flatMap(({ path }) => (path === undefined ? [] : [dirname(path)])),
      ]);
      for (const folder of folders) {
        const path = join(folder, `${name}.safetensors`);
        if (await exists(path)) return { path, closest: [] };
      }
    }
    return findAtHome(name);
  };
  for (const [i, lora] of list.entries()) {
    if (lora.path !== undefined || !lora.on) continue;
    const { path, closest } = await find(lora.name);
    if (path === null) {
      const hint = closest.length > 0 ? `; there is ${closest.map((name) => `"${name}"`).join(", ")}` : "";
      const problem = `there is no LoRA "${lora.name}" on this machine${hint}. Give its file: --lora FILE.safetensors:0.8`;
      throw new AppError("bad-request", problem, { method: "render" });
    }
    list[i] = { ...lora, path };
  }
  for (const { name } of findLoras(scene.prompt)) {
    const known = loraNamed(list, name);
    if (known?.path !== undefined) continue;
    const { path } = await find(name);
    if (path === null) continue;
    if (known) list[list.indexOf(known)] = { ...known, path };
    else list.push({ name, strength: 1, on: false, path });
  }
  const settings = { ...scene.settings };
  delete settings.loras;
  return { ...scene, settings: { ...settings, ...(list.length > 0 ? { loras: list } : {}) } };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
