/** What a scene names of the models at home: checkpoints, LoRAs and embeddings by name, never by path. */
import type { LoadRequest } from "../api/engine.ts";
import { DEMO_MODEL } from "../api/main.ts";
import type { FoundModel } from "../api/models.ts";
import type { ModelsAtHome } from "../models/host.ts";
import { loraNamed } from "../scene/loras.ts";
import { findLoras } from "../scene/promptMarkup.ts";
import type { ProviderName, Scene, SceneLora } from "../scene/scene.ts";
import { Refusal } from "./errors.ts";
import type { ModelsView } from "./messages.ts";

/** What the server calls the model that comes with the program. */
const DEMO = "demo";

export type Home = Pick<ModelsAtHome["api"], "list" | "find" | "embeddingsIn">;

/** A checkpoint that was asked for, and what it is called. */
export interface AskedModel {
  name: string;
  request: LoadRequest;
}

/** The checkpoints that open. */
export async function modelsView(home: Home, demoBytes: number): Promise<ModelsView> {
  const { models, busy } = await home.list();
  const usable = models.filter(({ kind, opens, read }) => kind === "checkpoint" && opens && read);
  return {
    models: [
      { name: DEMO, family: "sd1", bytes: demoBytes, sha256: null },
      ...usable.map(({ name, family, bytes, sha256 }) => ({ name, family, bytes, sha256 })),
    ],
    busy,
  };
}

export async function askedModel(home: Home, name: string | undefined, provider: ProviderName): Promise<AskedModel> {
  const opened = (path: string): LoadRequest => ({ path, provider, memory: "auto" });
  if (name === undefined || name === DEMO) return { name: DEMO, request: opened(DEMO_MODEL) };
  if (/^[0-9a-f]{64}$/.test(name)) {
    const known = (await home.list()).models.find(({ sha256, kind }) => kind === "checkpoint" && sha256 === name);
    if (known) return { name: known.name, request: opened(known.path) };
  }
  const { path, closest } = await home.find({ kind: "checkpoint", name });
  if (path === null) throw nowhere("model", `checkpoint “${name}”`, closest);
  return { name, request: opened(path) };
}

/** The scene with the files of its LoRAs, of LoRAs in its prompt, and of its embeddings. */
export async function withHomeFiles(home: Home, scene: Scene, { request }: AskedModel): Promise<Scene> {
  const { loras = [], embeddings = [], ...settings } = scene.settings;
  const placed: SceneLora[] = [];
  for (const [i, lora] of loras.entries()) {
    if (!lora.on) {
      placed.push(lora);
      continue;
    }
    const { path, closest } = await home.find({ kind: "lora", name: lora.name });
    if (path === null) throw nowhere(`loras[${i}]`, `LoRA “${lora.name}”`, closest);
    placed.push({ ...lora, path });
  }
  for (const { name } of findLoras(scene.prompt)) {
    const known = loraNamed(placed, name);
    if (known?.path !== undefined) continue;
    const { path } = await home.find({ kind: "lora", name });
    if (path === null) continue; // drawing warns of it
    if (known) placed[placed.indexOf(known)] = { ...known, path };
    else placed.push({ name, strength: 1, on: false, path });
  }
  const names = embeddings.map(({ name }) => name);
  const isAsked = names.length > 0 && request.path !== DEMO_MODEL;
  const found = isAsked ? await home.embeddingsIn({ texts: [], names, checkpoint: request.path }) : [];
  const files = embeddings.map((embedding, i) => {
    const file = found.find(({ name }) => name.toLowerCase() === embedding.name.toLowerCase());
    if (!file) throw nowhere(`embeddings[${i}]`, `embedding “${embedding.name}”`, []);
    return { ...embedding, path: file.path };
  });
  return {
    ...scene,
    settings: {
      ...settings,
      ...(placed.length > 0 ? { loras: placed } : {}),
      ...(files.length > 0 ? { embeddings: files } : {}),
    },
  };
}

function nowhere(at: string, what: string, closest: FoundModel["closest"]): Refusal {
  const hint = closest.length > 0 ? ` There is ${closest.map((name) => `“${name}”`).join(", ")}.` : "";
  return new Refusal(422, "not-found", `${at}: there is no ${what} in this server’s folders of models.${hint}`);
}
