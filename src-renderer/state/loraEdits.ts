/** What can be done to a scene's list of LoRAs: functions from one document to the next, as in edits.ts. */
import { STRONGEST_LORA } from "@scene/loras.ts";
import type { SceneLora } from "@scene/scene.ts";
import type { Document } from "./document.ts";
import { type Edit, setPrompt } from "./edits.ts";

export const lorasIn = ({ settings }: Pick<Document, "settings">): readonly SceneLora[] => settings.loras ?? [];

function changeList(change: (list: readonly SceneLora[]) => readonly SceneLora[]): Edit {
  return (document) => {
    const before = lorasIn(document);
    const after = change(before);
    if (after === before) return document;
    const settings = { ...document.settings };
    delete settings.loras;
    return { ...document, settings: { ...settings, ...(after.length > 0 ? { loras: [...after] } : {}) } };
  };
}

/** At strength 1, on, at the end of the list. One that is there already is switched on. */
export function addLora({ name, hash }: { name: string; hash: string | null }): Edit {
  return changeList((list) => {
    const there = list.find((lora) => lora.name === name && (lora.hash ?? hash) === hash);
    if (!there) return [...list, { name, strength: 1, on: true, ...(hash === null ? {} : { hash }) }];
    return there.on ? list : list.map((lora) => (lora === there ? { ...lora, on: true } : lora));
  });
}

export function removeLora(at: number): Edit {
  return changeList((list) => (at in list ? list.filter((_, i) => i !== at) : list));
}

export function changeLora(at: number, change: Partial<Pick<SceneLora, "strength" | "on">>): Edit {
  return changeList((list) => {
    const old = list[at];
    if (!old) return list;
    const strength = Math.min(STRONGEST_LORA, Math.max(-STRONGEST_LORA, change.strength ?? old.strength));
    const on = change.on ?? old.on;
    if (strength === old.strength && on === old.on) return list;
    return list.map((lora, i) => (i === at ? { ...lora, strength, on } : lora));
  });
}

/** Words at the end of the prompt, after a comma; those that stand there already are left out. */
export function addWords(words: readonly string[]): Edit {
  return (document) => {
    const { prompt } = document;
    const missing = words.filter((word) => !prompt.toLowerCase().includes(word.toLowerCase()));
    if (missing.length === 0) return document;
    const text = prompt.trimEnd();
    const joint = text === "" || /[,.;]$/.test(text) ? (text === "" ? "" : " ") : ", ";
    return setPrompt(`${text}${joint}${missing.join(", ")}`)(document);
  };
}
