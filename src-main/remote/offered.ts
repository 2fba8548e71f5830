/** The checkpoints that this machine offers others, by name and content: the demo model, and those in its folders of models. */
import { DEMO_MODEL } from "../api/main.ts";
import { type MachineModel, nameOfKey } from "../api/machines.ts";
import type { LoadRequest } from "../api/engine.ts";
import type { HomeModel } from "../api/models.ts";
import { without } from "../scene/portable.ts";
import { DEMO_NAME } from "../scene/names.ts";
import type { Scene } from "../scene/scene.ts";
import { lorasOf } from "../scene/loras.ts";
import { AppError } from "../wire/errors.ts";
import type { ModelsAtHome } from "../models/host.ts";
import type { ModelThere } from "./contract.ts";

type Home = Pick<ModelsAtHome["api"], "list" | "look" | "find" | "embeddingsIn">;

export class Offered {
  readonly #home: Home;
  readonly #machine: string;

  constructor(home: Home, machine: string) {
    this.#home = home;
    this.#machine = machine;
  }

  async list(): Promise<MachineModel[]> {
    const { models } = await this.#home.list();
    const demo: MachineModel = { key: "demo", name: DEMO_NAME, sha256: null, family: "sd1" };
    const own = models.filter(isOffered).map((model): MachineModel => {
      return { key: keyOf(model), name: model.name, sha256: model.sha256, family: model.family };
    });
    // The same file in two folders is one model; of two that only share a name, the first is meant.
    return [demo, ...own.filter(({ key }, i) => own.findIndex((other) => other.key === key) === i)];
  }

  /** How the engine here opens what another machine asks for. */
  async resolve({ key, ...how }: ModelThere): Promise<LoadRequest> {
    const path = key === "demo" ? DEMO_MODEL : ((await this.#find(key)) ?? (await this.#lookFor(key)));
    if (path !== undefined) return { path, memory: "auto", ...how };
    const name = nameOfKey(key);
    const message = `${this.#machine} has no checkpoint “${name}” in its folders of models now. Choose another one of that machine, or put it there.`;
    throw new AppError("not-found", message, { what: "checkpoint", id: name });
  }

  /** A scene with the files that its LoRAs and embeddings have on this machine, by their names. */
  async resolveScene(scene: Scene, checkpoint: string): Promise<Scene> {
    const { loras = [], embeddings = [], ...settings } = scene.settings;
    const { unknown } = lorasOf(scene);
    const wanted = [...loras, ...unknown.map(({ name }) => ({ name, strength: 1, on: false }))];
    const found = await Promise.all(
      wanted.map(async (one: (typeof loras)[number]) => {
        const lora = without(one, "path");
        const { path } = await this.#home.find({ kind: "lora", name: lora.name });
        return { ...lora, ...(path === null ? {} : { path }) };
      }),
    );
    // The engine itself says which word of the prompt is no LoRA here.
    const kept = found.filter((lora, i) => i < loras.length || "path" in lora);
    const words = await this.embeddings([scene.prompt, scene.negativePrompt], embeddings, checkpoint);
    return {
      ...scene,
      settings: {
        ...settings,
        ...(kept.length > 0 ? { loras: kept } : {}),
        ...(words.length > 0 ? { embeddings: words } : {}),
      },
    };
  }

  async embeddings(texts: string[], listed: readonly { name: string; hash?: string }[], checkpoint: string) {
    const named = listed.map(({ name, hash }) => ({ name, ...(hash === undefined ? {} : { hash }) }));
    if (checkpoint === DEMO_MODEL) return named;
    const found = await this.#home.embeddingsIn({ texts, names: named.map(({ name }) => name), checkpoint });
    const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
    const placed = named.map((each) => {
      const path = found.find(({ name }) => isSame(name, each.name))?.path;
      return { ...each, ...(path === undefined ? {} : { path }) };
    });
    return [...placed, ...found.filter(({ name }) => !named.some((each) => isSame(each.name, name)))];
  }

  async #find(key: string): Promise<string | undefined> {
    const { models } = await this.#home.list();
    const named = (model: HomeModel) => `name-${model.name}` === key;
    const own = models.filter(isOffered);
    return (own.find((model) => keyOf(model) === key) ?? own.find(named))?.path;
  }

  /** It may have come this moment, or the folders have not been looked into yet. */
  async #lookFor(key: string): Promise<string | undefined> {
    await this.#home.look();
    return this.#find(key);
  }
}

function isOffered({ kind, opens, read, name }: HomeModel): boolean {
  return kind === "checkpoint" && read && opens && name !== "" && name.length <= 255 && !/\p{Cc}/u.test(name);
}

function keyOf({ sha256, name }: HomeModel): string {
  return sha256 === null ? `name-${name}` : `sha256-${sha256}`;
}
