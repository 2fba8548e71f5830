/** The contract of the process that knows the models at home: what it is asked, and what it tells. */
import * as v from "valibot";
import {
  LONGEST_NOTES,
  MODEL_KINDS,
  type FoundModel,
  type HomeModels,
  type MissingModel,
  type ModelFacts,
  type ModelFolder,
  type ModelKind,
} from "../api/models.ts";
import type { Schemas } from "../api/rpc.ts";

export interface ModelsApi {
  /** As far as it is known now; the first call begins to look. */
  list(): Promise<HomeModels>;
  /** Looks into all folders again, and resolves when every header was read. */
  look(): Promise<HomeModels>;
  /** What any file or folder is, wherever it lies; rejects where nothing can be read. */
  inspect(request: { path: string }): Promise<ModelFacts>;
  /** A model of that name in the folders: see find.ts. */
  find(request: { kind: ModelKind; name: string }): Promise<FoundModel>;
  /** Whether this is one of the models in the folders. */
  has(request: { path: string }): Promise<boolean>;
  addFolder(request: { path: string }): Promise<ModelFolder>;
  forgetFolder(request: { path: string }): Promise<void>;
  mark(request: { path: string; favourite?: boolean | undefined; notes?: string | undefined }): Promise<void>;
  /** A PNG of at most 512 pixels a side; null where there is none. */
  thumbnail(request: { path: string }): Promise<Uint8Array<ArrayBuffer> | null>;
  missing(request: { path: string; sha256?: string | undefined }): Promise<MissingModel>;
}

export interface ModelsEvents {
  /** The list has changed. */
  changed: Record<string, never>;
  log: { message: string };
}

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const nothing = v.undefined("expected no argument");

export const modelsSchemas: Schemas<ModelsApi> = {
  list: nothing,
  look: nothing,
  inspect: v.object({ path }),
  find: v.object({ kind: v.picklist(MODEL_KINDS), name: v.pipe(v.string(), v.minLength(1), v.maxLength(1_000)) }),
  has: v.object({ path }),
  addFolder: v.object({ path }),
  forgetFolder: v.object({ path }),
  mark: v.object({
    path,
    favourite: v.optional(v.boolean()),
    notes: v.optional(v.pipe(v.string(), v.maxLength(LONGEST_NOTES))),
  }),
  thumbnail: v.object({ path }),
  missing: v.object({ path, sha256: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))) }),
};
