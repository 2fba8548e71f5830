/** What the window, main and the command line say of the models on a person's disk. */

export const MODEL_KINDS = ["checkpoint", "lora", "vae", "taesd", "embedding", "clip", "other"] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

/** The networks that can be drawn with, as checkpoint/single/family.ts tells them apart. */
export const MODEL_FAMILIES = ["sd1", "sd2", "sdxl"] as const;
export type ModelFamily = (typeof MODEL_FAMILIES)[number];

/** What people call the kinds, one of them. */
export const KIND_NAMES: Record<ModelKind, string> = {
  checkpoint: "Checkpoint",
  lora: "LoRA",
  vae: "VAE",
  taesd: "Tiny autoencoder",
  embedding: "Embedding",
  clip: "CLIP",
  other: "Other",
};

export const FAMILY_LABELS: Record<ModelFamily, string> = { sd1: "SD 1.x", sd2: "SD 2.x", sdxl: "SDXL" };

/** What a file or folder is, from its header alone. */
export interface ModelFacts {
  /** Absolute, as it was given; links are not resolved. */
  path: string;
  name: string;
  kind: ModelKind;
  /** The network, or the one that it is made for; null where neither shapes nor metadata tell. */
  family: ModelFamily | null;
  form: "file" | "folder";
  /** Of the weights, on the disk. */
  bytes: number;
  parameters: number;
  /** Number types of the weights, the most frequent first: `F16`. */
  precision: string[];
  /** Rank of a LoRA, vectors of an embedding; null for what has neither. */
  size: number | null;
  /** Diorama can use it. */
  opens: boolean;
  /** What it is, or why it does not open and what to do, in a sentence or two. */
  why: string;
  /** `modelspec.*` and `ss_*` and the like, which its maker wrote: text not to be trusted, cut short. */
  metadata: { key: string; value: string }[];
  /** A picture of it is in its metadata. */
  thumbnail: boolean;
}

/** A word of a prompt or a command line, looked up among the models at home. */
export interface FoundModel {
  /** Null where there is none of that name. */
  path: string | null;
  /** Names that are nearest to it, where there is none. */
  closest: string[];
}

/** A model in one of the folders, as a list shows it; what its maker wrote is asked for one by one. */
export interface HomeModel extends Omit<ModelFacts, "metadata"> {
  /** Milliseconds since 1970 when its file was changed. */
  modified: number;
  /** The folder of `ModelFolder` that it was found in. */
  folder: string;
  /** Has a picture beside it or in its metadata. Changes with that picture; null where there is none. */
  picture: string | null;
  favourite: boolean;
  /** What the person wrote about it. */
  notes: string;
  /** Of the file, in hexadecimal; null while it is not known, and for folders. */
  sha256: string | null;
  /** False until its header was read: kind and all that follows is not known yet. */
  read: boolean;
}

/** A folder that is looked into and watched. */
export interface ModelFolder {
  path: string;
  /** Whose layout it has, such as ComfyUI; null for a folder of the person's own. */
  program: string | null;
  /** Found by itself in a usual place, or added. */
  found: boolean;
  /** What was left out, or why it cannot be read, in words; empty where all is well. */
  problems: string[];
  models: number;
}

export interface HomeModels {
  folders: ModelFolder[];
  models: HomeModel[];
  /** What is still being done, in words; null when all is known. */
  busy: string | null;
}

/** A model that something was drawn with and that is not where it was. */
export interface MissingModel {
  path: string;
  name: string;
  /** The same file in another place, by its hash. */
  moved: HomeModel | null;
  /** What is most like it, best first. */
  closest: HomeModel[];
}

/** Characters of a person's notes on a model. */
export const LONGEST_NOTES = 4_000;
