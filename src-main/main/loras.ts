/**
 * The LoRAs that a person has chosen on this machine. A scene names them by name and hash alone, as a project may come by mail and must not
 * name files: where they lie is known here. One that has moved is looked for by its name beside the others and among the models at home.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { DEMO_MODEL } from "../api/main.ts";
import { messageOf } from "../wire/errors.ts";
import { loraNamed, type LoraEntry } from "../scene/loras.ts";
import { findLoras } from "../scene/promptMarkup.ts";
import type { Scene, SceneLora } from "../scene/scene.ts";
import type { Workshop } from "../workshop/host.ts";

const knownSchema = v.array(
  v.object({ path: v.string(), name: v.string(), hash: v.string(), size: v.number(), modified: v.number() }),
);
type Known = v.InferOutput<typeof knownSchema>[number];

/** The ones used last are remembered. */
const MOST_KNOWN = 500;

export interface LorasOptions {
  /** Where they are remembered, a small JSON file. */
  file: string;
  workshop: Pick<Workshop, "api">;
  /** The folder of the checkpoint that requests call `DEMO_MODEL`. */
  demoModel: string;
  /** Gets what went wrong that nobody waits for. */
  note: (message: string) => void;
  /** A LoRA of this name among the models at home. */
  findAtHome?: (name: string) => Promise<string | null>;
}

export class Loras {
  readonly #options: LorasOptions;
  #known: Known[];

  constructor(options: LorasOptions) {
    this.#options = options;
    this.#known = readKnown(options.file);
  }

  /** Reads all of a file that the person chose; rejects with what is wrong with it, or that it is for another model. */
  async add(path: string, checkpoint: string | null): Promise<LoraEntry> {
    const facts = await this.#options.workshop.api.inspectLora({ path, checkpoint: this.#folderOf(checkpoint), hash: true }); // prettier-ignore
    const { size, mtimeMs } = statSync(path);
    const known = { path, name: facts.name, hash: facts.hash!, size, modified: mtimeMs };
    this.#known = [known, ...this.#known.filter((other) => other.path !== path)].slice(0, MOST_KNOWN);
    this.#write();
    return facts;
  }

  /** What the list shows of each. */
  describe(loras: readonly SceneLora[], checkpoint: string | null): Promise<LoraEntry[]> {
    return Promise.all(loras.map((lora) => this.#describe(lora, checkpoint)));
  }

  async #describe(lora: SceneLora, checkpoint: string | null): Promise<LoraEntry> {
    const found = await this.#find(lora);
    if (!found) {
      const problem = "Its file was not found on this machine. Choose it, or switch it off.";
      return { path: null, name: lora.name, hash: lora.hash ?? null, base: null, words: [], notes: [], problem };
    }
    const { path, hash } = found;
    const facts = await this.#options.workshop.api.inspectLora({ path, checkpoint: this.#folderOf(checkpoint), hash: false }); // prettier-ignore
    const isOther = lora.hash !== undefined && lora.hash !== hash;
    const other = "It is not the file that the scene was made with, though it has its name.";
    return { ...facts, hash, notes: isOther ? [other, ...facts.notes] : facts.notes };
  }

  /**
   * The scene as the engine takes it: with the files of its LoRAs, and of those that only its prompt asks for. What is not found stays
   * without; the engine says so where it is needed. A path that the scene itself names is not believed.
   */
  async resolve(scene: Scene): Promise<Scene> {
    const { loras: list = [], ...settings } = scene.settings;
    const found: SceneLora[] = [];
    for (const { name, strength, on, hash } of list) {
      const path = (await this.#find({ name, ...(hash === undefined ? {} : { hash }) }))?.path;
      const known = { ...(hash === undefined ? {} : { hash }), ...(path === undefined ? {} : { path }) };
      found.push({ name, strength, on, ...known });
    }
    for (const { name } of findLoras(scene.prompt)) {
      if (loraNamed(found, name)) continue;
      const path = (await this.#find({ name }))?.path;
      if (path !== undefined) found.push({ name, strength: 1, on: false, path });
    }
    return { ...scene, settings: { ...settings, ...(found.length > 0 ? { loras: found } : {}) } };
  }

  /** By its hash, else by its name among the known ones, beside them, and at home. */
  async #find({ name, hash }: Pick<SceneLora, "name" | "hash">): Promise<Known | undefined> {
    const there = this.#known.filter((known) => isSame(known));
    const known = there.find((one) => hash !== undefined && one.hash === hash) ?? loraNamed(there, name);
    if (known) return known;
    if (!isPlainName(name)) return undefined;
    const folders = [...new Set(this.#known.map(({ path }) => dirname(path)))];
    const besides = folders.map((folder) => join(folder, `${name}.safetensors`));
    const path = besides.find((candidate) => statOf(candidate)?.isFile()) ?? (await this.#atHome(name));
    if (path === null) return undefined;
    try {
      await this.add(path, null);
    } catch (error) {
      this.#options.note(`${path} was found for “${name}”, but cannot be used: ${messageOf(error)}`);
      return undefined;
    }
    return this.#known.find((one) => one.path === path);
  }

  async #atHome(name: string): Promise<string | null> {
    try {
      return (await this.#options.findAtHome?.(name)) ?? null;
    } catch (error) {
      this.#options.note(`“${name}” could not be looked for among the models: ${messageOf(error)}`);
      return null;
    }
  }

  #folderOf(checkpoint: string | null): string | null {
    return checkpoint === DEMO_MODEL ? this.#options.demoModel : checkpoint;
  }

  #write(): void {
    const { file, note } = this.#options;
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify(this.#known, null, 1));
      renameSync(`${file}.new`, file);
    } catch (error) {
      note(`the LoRAs could not be noted for the next start: ${messageOf(error)}`);
    }
  }
}

/** Whether the file is there and is the one that was read. */
function isSame({ path, size, modified }: Known): boolean {
  const status = statOf(path);
  return status?.size === size && status.mtimeMs === modified;
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a folder that may not be looked into has none for us
  }
}

/** One that cannot lead out of its folder, on any system. */
function isPlainName(name: string): boolean {
  return name !== "" && !name.startsWith(".") && basename(name) === name && !/[\\/:\0]/.test(name);
}

function readKnown(file: string): Known[] {
  try {
    const parsed = v.safeParse(knownSchema, JSON.parse(readFileSync(file, "utf8")));
    return parsed.success ? parsed.output : [];
  } catch {
    return []; // the first start, or a file that was lost: the person chooses again
  }
}
