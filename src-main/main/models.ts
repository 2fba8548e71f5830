/** The checkpoints that a window may open: the demo model, those that the person has added, and those in their folders of models. */
import { existsSync } from "node:fs";
import type { LoadRequest } from "../api/engine.ts";
import { AppError } from "../api/errors.ts";
import { DEMO_MODEL, type ModelEntry } from "../api/main.ts";
import type { Client } from "../api/rpc.ts";
import type { StoreApi } from "../api/store.ts";
import type { ModelHashes } from "./modelHashes.ts";
import type { ModelsAtHome } from "../models/host.ts";
import type { Workshop } from "../workshop/host.ts";

type ModelStore = Pick<
  Client<StoreApi>,
  "knownModels" | "rememberModel" | "forgetModel" | "knownHash" | "rememberHash"
>;

export class Models {
  readonly #store: ModelStore;
  readonly #workshop: Workshop;
  readonly #hashes: ModelHashes;
  readonly #demoFolder: string;
  readonly #home: Pick<ModelsAtHome["api"], "has">;

  constructor(
    store: ModelStore,
    workshop: Workshop,
    hashes: ModelHashes,
    demoFolder: string,
    home: Pick<ModelsAtHome["api"], "has">,
  ) {
    this.#store = store;
    this.#workshop = workshop;
    this.#hashes = hashes;
    this.#demoFolder = demoFolder;
    this.#home = home;
  }

  async list(): Promise<ModelEntry[]> {
    const known = await this.#store.knownModels();
    const demo: LoadRequest = { path: DEMO_MODEL, provider: "cpu", memory: "auto" };
    const demoEntry = {
      request: demo,
      name: "Demo model",
      demo: true,
      used: null,
      present: existsSync(this.#demoFolder),
    };
    return [demoEntry, ...known.map((model) => ({ ...model, demo: false, present: existsSync(model.request.path) }))];
  }

  /** Reads a checkpoint's headers and adds it. */
  async add(path: string): Promise<ModelEntry> {
    const { name } = await this.#workshop.api.inspectModel({ path });
    const request: LoadRequest = { path, provider: "cpu", memory: "auto" };
    await this.#store.rememberModel({ request, name });
    return { request, name, demo: false, used: null, present: true };
  }

  async forget(path: string): Promise<void> {
    await this.#store.forgetModel({ path });
  }

  /** A project may come by mail and name any folder: the engine opens only those that the person has chosen here. */
  async refuseUnknown(path: string): Promise<void> {
    if (path === DEMO_MODEL) return;
    const known = await this.#store.knownModels();
    if (known.some(({ request }) => request.path === path) || (await this.#home.has({ path }))) return;
    const message = `The checkpoint ${path} is not among your models. Add it first.`;
    throw new AppError("not-found", message, { what: "checkpoint", id: path });
  }

  /** Notes that a checkpoint was opened, and how. */
  async used(request: LoadRequest, name: string): Promise<void> {
    void this.#hashes.learn(this.#folderOf(request.path), this.#store);
    if (request.path !== DEMO_MODEL) await this.#store.rememberModel({ request, name });
  }

  /** SHA-256 of a checkpoint's network, in hexadecimal; undefined while it is not known. */
  sha256Of(path: string): string | undefined {
    return this.#hashes.of(this.#folderOf(path));
  }

  #folderOf(path: string): string {
    return path === DEMO_MODEL ? this.#demoFolder : path;
  }
}
