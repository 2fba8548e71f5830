/** What the window, main and the command line say of the models on a person's disk. */
import * as v from "valibot";

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
  /** Made of its path: names it in the address of its picture. */
  id: number;
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
  /** Where it was; null where only a picture tells of it. */
  path: string | null;
  name: string;
  /** The same file in another place, by its hash; for a picture also the one checkpoint of that name. */
  moved: HomeModel | null;
  /** What is most like it, best first. */
  closest: HomeModel[];
}

/** A model that is looked for: by where it was, or by what a picture that was drawn with it says. */
export const missingSchema = v.union([
  v.strictObject({ path: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)) }),
  v.strictObject({
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(500)),
    sha256: v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  }),
]);
export type MissingRequest = v.InferOutput<typeof missingSchema>;

/** Characters of a person's notes on a model. */
export const LONGEST_NOTES = 4_000;

/** A file of a repository that would be fetched. */
export interface HubChoiceFile {
  path: string;
  bytes: number;
}

/** One way to fetch a repository: the whole folder in diffusers' layout, or one of its single files. */
export interface HubChoice {
  /** Names it in requests. */
  id: string;
  title: string;
  files: HubChoiceFile[];
  bytes: number;
  /** Of those, what the cache has already. */
  cached: number;
}

export interface HubRepository {
  repo: string;
  /** Which version of it, a commit of 40 hexadecimal digits. */
  commit: string;
  /** As its makers name it, such as `creativeml-openrail-m`; null where they name none. */
  licence: string | null;
  /** Its makers want an account and their conditions accepted. */
  gated: boolean;
  /** Its page. */
  link: string;
  /** Best first; empty where nothing in it can be used. */
  choices: HubChoice[];
  /** What is left aside and why, in words. */
  notes: string[];
}

/** One of a repository's choices, at the version that was described. */
export const downloadSchema = v.object({
  repo: v.pipe(v.string(), v.maxLength(200)),
  commit: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/, "expected a commit")),
  choice: v.pipe(v.string(), v.maxLength(500)),
  /** What it is called on the list. */
  title: v.pipe(v.string(), v.maxLength(200)),
});
export type DownloadRequest = v.InferOutput<typeof downloadSchema>;

export type DownloadState = "running" | "waiting" | "paused" | "failed" | "done";

export interface Download {
  id: string;
  repo: string;
  title: string;
  state: DownloadState;
  /** Bytes that are here, and in all. */
  done: number;
  total: number;
  /** Bytes a second over the last seconds; null before that is known. */
  speed: number | null;
  secondsLeft: number | null;
  /** What it waits for, or why it failed and what to do. */
  message: string | null;
  /** Folder or file to open when `done`. */
  path: string | null;
}

/** A model that newcomers are offered. Sizes are rough: what is fetched exactly is said before it is. */
export interface HubOffer {
  repo: string;
  title: string;
  about: string;
  kind: ModelKind;
  family: ModelFamily | null;
  roughBytes: number;
  licence: string;
}

export const HUB_ADDRESS = "https://huggingface.co";

export const OFFERS: readonly HubOffer[] = [
  {
    repo: "stable-diffusion-v1-5/stable-diffusion-v1-5",
    title: "Stable Diffusion 1.5",
    about: "The one to begin with: 512 x 512, and most LoRAs and embeddings are made for it.",
    kind: "checkpoint",
    family: "sd1",
    roughBytes: 2.1e9,
    licence: "CreativeML Open RAIL-M",
  },
  {
    repo: "stabilityai/stable-diffusion-xl-base-1.0",
    title: "Stable Diffusion XL base",
    about: "1024 x 1024, with finer detail; wants much memory and time.",
    kind: "checkpoint",
    family: "sdxl",
    roughBytes: 6.9e9,
    licence: "CreativeML Open RAIL++-M",
  },
  {
    repo: "madebyollin/taesd",
    title: "TAESD for SD 1.x and 2.x",
    about: "A tiny autoencoder: previews and drafts in a fraction of the time.",
    kind: "taesd",
    family: "sd1",
    roughBytes: 10e6,
    licence: "MIT",
  },
  {
    repo: "latent-consistency/lcm-lora-sdv1-5",
    title: "LCM LoRA for SD 1.5",
    about: "Draws in 4 to 8 steps instead of 50.",
    kind: "lora",
    family: "sd1",
    roughBytes: 135e6,
    licence: "Open RAIL++-M",
  },
  {
    repo: "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
    title: "CLIP ViT-B/32",
    about: "Judges how well a picture fits its words.",
    kind: "clip",
    family: null,
    roughBytes: 605e6,
    licence: "MIT",
  },
];
