/** The checkpoints that a window may open: the demo model, those that the person has added, and those in their folders of models. */
import { existsSync } from "node:fs";
import type { LoadRequest } from "../api/engine.ts";
import { AppError } from "../wire/errors.ts";
import { DEMO_MODEL, type ModelEntry } from "../api/main.ts";
import { placeOfModel } from "../api/machines.ts";
import type { Client } from "../wire/rpc.ts";
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
  readonly demoFolder: string;
  readonly #home: Pick<ModelsAtHome["api"], "has">;
  /** Parts that the person chose and no checkpoint was opened with yet. */
  readonly #chosen = new Set<string>();

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
    this.demoFolder = demoFolder;
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
      present: existsSync(this.demoFolder),
    };
    return [demoEntry, ...known.map((model) => ({ ...model, demo: false, present: existsSync(model.request.path) }))];
  }

  /** Reads a checkpoint's headers and adds it. */
  async add(path: string): Promise<ModelEntry> {
    const { name } = await this.#workshop.api.inspectModel({ path });
    // A checkpoint that is known already keeps what it was taken with: its other autoencoder, what it predicts.
    const known = (await this.#store.knownModels()).find((model) => model.request.path === path);
    const request: LoadRequest = known?.request ?? { path, provider: "cpu", memory: "auto" };
    await this.#store.rememberModel({ request, name });
    return { request, name, demo: false, used: null, present: true };
  }

  async forget(path: string): Promise<void> {
    await this.#store.forgetModel({ path });
  }

  /** Notes that the person chose this file as a part of checkpoints. */
  allow(path: string): void {
    this.#chosen.add(path);
  }

  /** A project may come by mail and name any file or folder: the engine opens only those that the person has chosen here. */
  async refuseUnknown({ path, vae, tiny }: Pick<LoadRequest, "path" | "vae" | "tiny">): Promise<void> {
    // Those of another machine are its own: whether that is paired, and has it, is said where it is asked.
    if (placeOfModel({ path }) !== "") return;
    const known = (await this.#store.knownModels()).map(({ request }) => request);
    const isMine = async (file: string) =>
      known.some((request) => [request.path, request.vae, request.tiny].includes(file)) ||
      this.#chosen.has(file) ||
      (await this.#home.has({ path: file }));
    if (path !== DEMO_MODEL && !(await isMine(path))) {
      const message = `The checkpoint ${path} is not among your models. Add it first.`;
      throw new AppError("not-found", message, { what: "checkpoint", id: path });
    }
    for (const part of [vae, tiny]) {
      if (part === undefined || (await isMine(part))) continue;
      const message = `The autoencoder ${part} is not among your models. Choose it first, or take the checkpoint's own.`;
      throw new AppError("not-found", message, { what: "autoencoder", id: part });
    }
  }

  /** Notes that a checkpoint was opened, and how. */
  async used(request: LoadRequest, name: string): Promise<void> {
    if (placeOfModel(request) !== "") return;
    void this.#hashes.learn(this.#folderOf(request.path), this.#store);
    if (request.path !== DEMO_MODEL) await this.#store.rememberModel({ request, name });
  }

  /** SHA-256 of a checkpoint's network, in hexadecimal; undefined while it is not known. */
  sha256Of(path: string): string | undefined {
    return this.#hashes.of(this.#folderOf(path));
  }

  #folderOf(path: string): string {
    return path === DEMO_MODEL ? this.demoFolder : path;
  }
}
