/** The part of the window's contract that is about the models at home and the hub: see main.ts. */
import * as v from "valibot";
import type { LoadRequest } from "./engine.ts";
import { LIMITS } from "./engineMessages.ts";
import type { LoraEntry } from "../scene/loras.ts";
import {
  type Download,
  type DownloadRequest,
  downloadSchema,
  type HomeModel,
  type HomeModels,
  type HubRepository,
  LONGEST_NOTES,
  type MissingModel,
  type MissingRequest,
  missingSchema,
  type ModelFacts,
  type ModelFolder,
} from "./models.ts";
import type { Schemas } from "../wire/rpc.ts";

/** The hub as this machine asks it. */
export interface HubState {
  /** Of a mirror; null for the hub itself. */
  mirror: string | null;
  hasToken: boolean;
  /** Why the token is gone when Diorama is closed; null where the system keeps it. */
  whyNotKept: string | null;
}

export interface HomeCalls {
  /** As far as it is known now; `homeModels` tells when more is. */
  listHomeModels(): Promise<HomeModels>;
  /** Looks into all folders again. */
  lookForModels(): Promise<HomeModels>;
  /** What a model's maker wrote into it. */
  readHomeModel(request: { path: string }): Promise<ModelFacts>;
  markHomeModel(request: { path: string; favourite?: boolean | undefined; notes?: string | undefined }): Promise<void>;
  /** Asks for a folder, and looks into it from now on. */
  addModelFolder(): Promise<ModelFolder | null>;
  /** No longer looks into it; nothing in it is touched. */
  forgetModelFolder(request: { path: string }): Promise<void>;
  /** Puts one of the checkpoints at home among those that can be opened; resolves to how. */
  useHomeModel(request: { path: string }): Promise<LoadRequest>;
  /** Makes one of the LoRAs at home known, for the scene's list; rejects with what is wrong with it, or that it does not fit the open checkpoint. */
  useHomeLora(request: { path: string }): Promise<LoraEntry>;
  /** Shows it in the system's file manager. */
  revealHomeModel(request: { path: string }): Promise<void>;
  /** Where a checkpoint has gone that cannot be opened, or that a picture was drawn with, and what is most like it. */
  findMissingModel(request: MissingRequest): Promise<MissingModel>;

  hubState(): Promise<HubState>;
  /** Null takes back what was set. */
  setHub(request: { mirror?: string | null | undefined; token?: string | null | undefined }): Promise<HubState>;
  /** Asks the hub what a repository holds. */
  describeRepository(request: { repo: string }): Promise<HubRepository>;
  startDownload(request: DownloadRequest): Promise<Download>;
  pauseDownload(request: { id: string }): Promise<Download>;
  resumeDownload(request: { id: string }): Promise<Download>;
  /** Gives it up, and removes what came of it; one that is done is only taken off the list. */
  removeDownload(request: { id: string }): Promise<void>;
  listDownloads(): Promise<Download[]>;
}

const nothing = v.undefined("expected no argument");
const path = v.pipe(
  v.string(),
  v.minLength(1, "expected a path"),
  v.maxLength(LIMITS.path),
  v.check((s) => !s.includes("\0"), "expected a path"),
);
const byPath = v.strictObject({ path });
const byId = v.strictObject({ id: v.pipe(v.string(), v.maxLength(100)) });

/** https, or a machine of one's own. */
export const mirrorSchema = v.pipe(
  v.string(),
  v.maxLength(500),
  v.regex(
    /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]?)[^\s]*[^\s/]$/,
    "expected an address such as https://hub.example.org",
  ),
  v.check((s) => URL.canParse(s) && new URL(s).username === "", "expected an address such as https://hub.example.org"),
);
export const tokenSchema = v.pipe(
  v.string(),
  v.maxLength(500),
  v.regex(/^hf_[A-Za-z0-9_-]+$/, "expected a token, which begins with hf_"),
);

export const homeSchemas = {
  listHomeModels: nothing,
  lookForModels: nothing,
  readHomeModel: byPath,
  markHomeModel: v.strictObject({
    path,
    favourite: v.optional(v.boolean()),
    notes: v.optional(v.pipe(v.string(), v.maxLength(LONGEST_NOTES, `expected at most ${LONGEST_NOTES} characters`))),
  }),
  addModelFolder: nothing,
  forgetModelFolder: byPath,
  useHomeModel: byPath,
  useHomeLora: byPath,
  revealHomeModel: byPath,
  findMissingModel: missingSchema,
  hubState: nothing,
  setHub: v.strictObject({ mirror: v.optional(v.nullable(mirrorSchema)), token: v.optional(v.nullable(tokenSchema)) }),
  describeRepository: v.strictObject({ repo: v.pipe(v.string(), v.maxLength(500)) }),
  startDownload: downloadSchema,
  pauseDownload: byId,
  resumeDownload: byId,
  removeDownload: byId,
  listDownloads: nothing,
} satisfies Schemas<HomeCalls>;

/** The host of these pictures' addresses; no project has such a key. */
export const MODEL_PICTURES = "models-at-home-pictures";

/** The address of a model's picture; undefined where it has none. */
export function modelPictureUrl({ id, picture }: Pick<HomeModel, "id" | "picture">): string | undefined {
  return picture === null ? undefined : `img://${MODEL_PICTURES}/${id}/thumbnail?${encodeURIComponent(picture)}`;
}
