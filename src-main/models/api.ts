/** The contract of the process that knows the models at home: what it is asked, and what it tells. */
import * as v from "valibot";
import {
  LONGEST_NOTES,
  type MissingRequest,
  missingSchema,
  MODEL_KINDS,
  type Download,
  type DownloadRequest,
  downloadSchema,
  type FoundModel,
  type HomeModels,
  type HubRepository,
  type MissingModel,
  type ModelFacts,
  type ModelFolder,
  type ModelKind,
} from "../api/models.ts";
import type { Schemas } from "../wire/rpc.ts";

export interface ModelsApi {
  /** As far as it is known now; the first call begins to look. */
  list(): Promise<HomeModels>;
  /** Looks into all folders again, and resolves when every header was read. */
  look(): Promise<HomeModels>;
  /** What any file or folder is, wherever it lies; rejects where nothing can be read. */
  inspect(request: { path: string }): Promise<ModelFacts>;
  /** A model of that name in the folders: see find.ts. */
  find(request: { kind: ModelKind; name: string }): Promise<FoundModel>;
  /**
   * Embeddings whose names stand in `texts` as words and that fit the checkpoint, and those of `names`, whatever they fit; a name that
   * several have is the first's.
   */
  embeddingsIn(request: {
    texts: string[];
    names: string[];
    checkpoint: string;
  }): Promise<{ name: string; path: string }[]>;
  /** Whether this is one of the models in the folders. */
  has(request: { path: string }): Promise<boolean>;
  addFolder(request: { path: string }): Promise<ModelFolder>;
  forgetFolder(request: { path: string }): Promise<void>;
  mark(request: { path: string; favourite?: boolean | undefined; notes?: string | undefined }): Promise<void>;
  /** A PNG of at most 512 pixels a side; null where there is none. */
  thumbnail(request: { id: number }): Promise<Uint8Array<ArrayBuffer> | null>;
  /** `path`: where it was; `name` and `sha256`: what a picture says of it. */
  missing(request: MissingRequest): Promise<MissingModel>;

  /** The hub or a mirror of it, and the token of the person's account there. */
  setHub(request: HubSettings): Promise<void>;
  /** What a repository of the hub holds: asks the hub, and fetches no more than that. */
  describeRepository(request: { repo: string }): Promise<HubRepository>;
  /** Begins to fetch one of a repository's choices; it goes on by itself, as `downloads` tells. */
  download(request: DownloadRequest): Promise<Download>;
  pauseDownload(request: { id: string }): Promise<Download>;
  resumeDownload(request: { id: string }): Promise<Download>;
  /** Gives it up and removes what came of it; takes one that is done off the list. */
  removeDownload(request: { id: string }): Promise<void>;
  listDownloads(): Promise<Download[]>;
  /** Resolves when it is done, has failed or was paused. */
  downloadEnded(request: { id: string }): Promise<Download>;
}

export interface HubSettings {
  url: string;
  token: string | null;
}

export interface ModelsEvents {
  /** The list has changed. */
  changed: Record<string, never>;
  downloads: { downloads: Download[] };
  log: { message: string };
}

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const id = v.pipe(v.string(), v.maxLength(100));
const nothing = v.undefined("expected no argument");

export const modelsSchemas: Schemas<ModelsApi> = {
  list: nothing,
  look: nothing,
  inspect: v.object({ path }),
  find: v.object({ kind: v.picklist(MODEL_KINDS), name: v.pipe(v.string(), v.minLength(1), v.maxLength(1_000)) }),
  embeddingsIn: v.object({ texts: v.array(v.string()), names: v.array(v.string()), checkpoint: path }),
  has: v.object({ path }),
  addFolder: v.object({ path }),
  forgetFolder: v.object({ path }),
  mark: v.object({
    path,
    favourite: v.optional(v.boolean()),
    notes: v.optional(v.pipe(v.string(), v.maxLength(LONGEST_NOTES))),
  }),
  thumbnail: v.object({ id: v.pipe(v.number(), v.safeInteger()) }),
  setHub: v.object({
    url: v.pipe(
      v.string(),
      v.maxLength(500),
      v.regex(/^https?:\/\/[^\s/][^\s]*[^\s/]$/, "expected the address of a hub"),
    ),
    token: v.nullable(v.pipe(v.string(), v.maxLength(500), v.regex(/^[\x21-\x7e]+$/, "expected a token"))),
  }),
  describeRepository: v.object({ repo: v.pipe(v.string(), v.maxLength(500)) }),
  download: downloadSchema,
  pauseDownload: v.object({ id }),
  resumeDownload: v.object({ id }),
  removeDownload: v.object({ id }),
  listDownloads: nothing,
  downloadEnded: v.object({ id }),
  missing: missingSchema,
};
