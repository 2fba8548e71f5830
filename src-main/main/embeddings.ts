/**
 * The embeddings of a scene: words of its prompts that are names of embeddings at home, as other programs have it, and those that it names
 * itself. Where their files lie is known to the folders of models alone: a path that a scene brings along is not believed.
 */
import type { LoadRequest } from "../api/engine.ts";
import { messageOf } from "../wire/errors.ts";
import { placeOfModel } from "../api/machines.ts";
import { DEMO_MODEL } from "../api/main.ts";
import type { Scene, SceneEmbedding } from "../scene/scene.ts";
import type { ModelsAtHome } from "../models/host.ts";

export interface EmbeddingsOptions {
  home: Pick<ModelsAtHome["api"], "embeddingsIn">;
  /** Gets what went wrong that nobody waits for. */
  note: (message: string) => void;
}

export class Embeddings {
  readonly #options: EmbeddingsOptions;

  constructor(options: EmbeddingsOptions) {
    this.#options = options;
  }

  /** The scene as the engine takes it. One that it names and that is not at home stays without a file: the engine says so. */
  async resolve(scene: Scene, model: LoadRequest | undefined): Promise<Scene> {
    const { embeddings: listed, ...settings } = scene.settings;
    const embeddings = await this.find([scene.prompt, scene.negativePrompt], listed, model);
    return { ...scene, settings: { ...settings, ...(embeddings.length > 0 ? { embeddings } : {}) } };
  }

  async find(
    texts: readonly string[],
    listed: readonly SceneEmbedding[] = [],
    model: LoadRequest | undefined,
  ): Promise<SceneEmbedding[]> {
    const named = listed.map(({ name, hash }): SceneEmbedding => ({ name, ...(hash === undefined ? {} : { hash }) }));
    if (!model || model.path === DEMO_MODEL || placeOfModel(model) !== "") return named;
    try {
      const names = named.map(({ name }) => name);
      const found = await this.#options.home.embeddingsIn({ texts: [...texts], names, checkpoint: model.path });
      const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
      const pathOf = (name: string) => found.find((each) => isSame(each.name, name))?.path;
      const placed = named.map((each) => ({ ...each, ...withPath(pathOf(each.name)) }));
      const others = found.filter(({ name }) => !named.some((each) => isSame(each.name, name)));
      return [...placed, ...others];
    } catch (error) {
      this.#options.note(`embeddings could not be looked for among the models: ${messageOf(error)}`);
      return named;
    }
  }
}

function withPath(path: string | undefined): Pick<SceneEmbedding, "path"> {
  return path === undefined ? {} : { path };
}
