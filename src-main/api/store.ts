/**
 * The store's contract: every call and event between the process that keeps projects and whoever uses it. One project is open at a
 * time. Times are ISO 8601 in UTC. Results are listed without their pictures; pictures are fetched one by one.
 */
import type { AttentionMaps, GeneratedImage, LoadRequest, RunRecord } from "./engine.ts";
import type { FindingCalls } from "./finding.ts";
import type { StartCalls } from "./starts.ts";
import type { GridStoreCalls } from "./grids.ts";
import type { PooledCalls } from "./pooledRuns.ts";
import type { QueueCalls } from "./savedQueue.ts";
import type { Method } from "../scene/methods.ts";
import type { ProviderName, Scene, Seed, UnitBox } from "../scene/scene.ts";

/** What the editor shows and a person can save. Unlike a scene sent to the engine, a box may have no phrase yet. */
export interface Draft {
  scene: Scene;
  /** Seeds as they were typed. */
  seeds: string;
  /** The checkpoint it is meant for; null where none was chosen. */
  model: LoadRequest | null;
  /** What the window keeps for itself (names and colours of boxes, zoom): any JSON object, not read by the store. */
  editor: Record<string, unknown>;
}

/** Why what is saved does not reach the project's file. */
export interface Trouble {
  /**
   * `read-only`: nothing can be written where it is. `gone`: the file is not there any more, and cannot be written anew. `replaced`:
   * another file is in its place. `overwritten`: another program has written into it.
   */
  kind: "read-only" | "gone" | "replaced" | "overwritten";
  /** For a person: what happened, what is kept where, what to do. */
  message: string;
}

export interface ProjectInfo {
  path: string;
  /** File name without its ending. */
  name: string;
  /** What it is called for a person: see projectTitle.ts. */
  title: string;
  created: string;
  results: number;
  /** What was repaired or noticed on opening, for a message to the person; mostly empty. */
  notes: string[];
  /** Which file is open, whatever its name: device and inode. */
  identity: string;
  /** Null as long as saving reaches the file. */
  trouble: Trouble | null;
}

/** The draft, and the named version that it grew from. */
export interface SavedDraft {
  draft: Draft;
  saved: string;
  versionId: number | null;
  /** True when the draft is not the same as that version; true where there is none. */
  changed: boolean;
}

export interface VersionInfo {
  id: number;
  name: string;
  created: string;
  /** Kept by the program before something would have replaced an unsaved draft. */
  automatic: boolean;
}

export type RunOutcome = "running" | "done" | "cancelled" | "failed";

export interface RunInfo {
  id: number;
  created: string;
  prompt: string;
  model: string;
  /** Seeds asked for, and pictures that came. */
  asked: number;
  finished: number;
  /** A run that was going on when the program ended is `cancelled` when the project is opened again. */
  outcome: RunOutcome;
  /** Why it failed. */
  message: string | null;
  /** Its pictures are scouted, to this step; null where they are drawn to the end. */
  until: number | null;
  /** What it came from; null where nothing was taken up. */
  origin: RunOrigin | null;
  /** The grid whose cells it draws, by name; null for one that was asked for alone, and where the grid was deleted. */
  grid: { id: number; name: string } | null;
}

/** What was done with a run or one of its pictures that another run came of. */
export const ORIGINS = ["scene", "layout", "variation", "picture", "redraw", "enlarge"] as const;

/** The earlier run that a run came from, and its picture, where it was one; `scene`: its scene and settings were put into the editor. */
export interface RunOrigin {
  run: number;
  result: number | null;
  how: (typeof ORIGINS)[number];
}

/** The message of a run that was going on when the program ended. */
export const INTERRUPTED = "Diorama ended while this was drawn.";

/** A picture of a scene that is to be drawn; with alternatives in the prompt, the words that are chosen for it. */
export interface PictureChoice {
  seed: Seed;
  alternative: string | null;
}

/** A run with all that is needed to draw it again. `before` is the run before it; `missing`, what it was asked for and has not drawn. */
export interface RunDetails extends RunInfo {
  scene: Scene;
  before: number | null;
  missing: PictureChoice[];
  /** Of the missing, those that go on from a step, and do not begin again. */
  inWork: (PictureChoice & { step: number })[];
}

/** What the end of the program left undone of a run, and can go on. */
export interface UnfinishedRun extends RunDetails {
  /** Scouted results that were to be finished. */
  finishing: number[];
}

/** A picture that goes on from a state: in work, or (`resultId`) a scouted result. */
export interface UnfinishedPicture extends PictureChoice {
  runId: number;
  resultId: number | null;
}

/** What the states of a project take. */
export interface StateRoom {
  pictures: number;
  bytes: number;
}

/** Pictures of one scene, drawn by one checkpoint on one kind of device: with the same seed they are the same. */
export interface DrawnQuery {
  scene: Scene;
  seeds: Seed[];
  model: string;
  provider: ProviderName;
  /** To be scouted to this step: scouted ones count, too. */
  until?: number;
}

/** What was drawn of a scene: the newest picture of a seed, or of a seed and an alternative, that is not in the bin. */
export type DrawnSeed = Pick<ResultInfo, "id" | "seed" | "state" | "alternative">;

/** A piece of a text, and whether a search found it. */
export interface TextPart {
  text: string;
  marked: boolean;
}

export interface RunQuery {
  /** Words of the prompt or the negative prompt, or their beginnings; all must be there. */
  text?: string;
  /** Every run under the one that it came from, those that came from none newest first; a text is not asked then. */
  tree?: boolean;
  offset: number;
  /** At most 500. */
  limit: number;
}

/** A run in a list. Where the list is a search: the part of the prompt that was found, and of the negative prompt, if there. */
export interface ListedRun extends RunInfo {
  /** In a tree: how many stand above it. */
  depth: number;
  found: { prompt: TextPart[]; negativePrompt: TextPart[] | null } | null;
}

export const RESULT_STATES = ["kept", "rejected", "binned"] as const;
export type ResultState = (typeof RESULT_STATES)[number];

export interface ResultInfo {
  id: number;
  runId: number;
  seed: Seed;
  created: string;
  width: number;
  height: number;
  starred: boolean;
  state: ResultState;
  /** Mean share of attention that fell in its box, over the regions; null where there are none. */
  obedience: number | null;
  seconds: number;
  /** Size of the PNG. */
  bytes: number;
  /** Of a prompt with alternatives, the words that were chosen for it. */
  alternative: string | null;
  /** Only what was foreseen after so many steps; null where it is finished. */
  scouted: number | null;
  /** A scouted one can be finished from there; else it is drawn from the start. */
  resumable: boolean;
}

/**
 * `notes`: what the picture's text says and nothing here does, where only a text for other programs was in it. `known` when the project
 * had the picture already, and has it still only once.
 */
export interface ImportedPicture extends ResultInfo {
  notes: string[];
  known: boolean;
}

/** Thumbnails have at most 256 pixels a side; small ones 128 on their shorter side, for cards that show no more. */
export const PICTURE_SIZES = ["full", "thumbnail", "small"] as const;
export type PictureSize = (typeof PICTURE_SIZES)[number];

export interface ResultDetails extends ResultInfo {
  record: GeneratedImage["record"];
}

export interface ResultQuery {
  runId?: number;
  starred?: boolean;
  /** `kept` by default. */
  state?: ResultState;
  /** Words of the prompt or the negative prompt, or their beginnings; all must be there. A number is also looked for at the start of seeds. */
  text?: string;
  /** Obeyed at least so far, 0 to 1; those without boxes are left out then. */
  leastObedience?: number;
  /** Every box obeyed at least so far, 0 to 1; those without boxes are left out then. */
  leastBox?: number;
  /** Scouted ones alone, or finished ones alone. */
  scouted?: boolean;
  /** In every one of these collections, with every one of these tags. */
  labels?: number[];
  /** Drawn with this checkpoint, as runs call it. */
  model?: string;
  method?: Method;
  /** With a box that is tied to these words; case does not count. */
  phrase?: string;
  /** With `phrase`: that box obeyed at least so far, 0 to 1. */
  leastOfPhrase?: number;
  /** By `obedience` the best first, by `seed` the smallest. */
  order: "newest" | "oldest" | "obedience" | "seed";
  offset: number;
  /** At most 500. */
  limit: number;
}

export interface ResultPage {
  results: ResultInfo[];
  /** How many match in all. */
  total: number;
}

/** What the store keeps of a finished picture: the event of the engine as it is, less what can be drawn again. */
export type NewResult = { runId: number } & Pick<
  GeneratedImage,
  "seed" | "pixels" | "seconds" | "record" | "attention" | "state"
>;

/** A project as a small drawing: the shape of its picture, and its boxes with their colours. */
export interface Glance {
  width: number;
  height: number;
  /** The lowest first; not all where there are many. */
  boxes: (UnitBox & {
    color: number;
    /** Of what is no box: x and y of some points around it, in fractions of the box. */
    outline?: number[];
  })[];
}

export interface RecentProject {
  path: string;
  /** What it was called when it was open last: see projectTitle.ts. */
  title: string;
  opened: string;
  /** As it was when it was left; null where that is not known. */
  glance: Glance | null;
  /** False when the file is not there now: on a disk that is not plugged in, or deleted. */
  present: boolean;
}

export interface KnownModel {
  request: LoadRequest;
  name: string;
  used: string;
}

/** The calls that the store serves. Each may reject with an `AppError`. */
export interface StoreApi extends FindingCalls, QueueCalls, GridStoreCalls, StartCalls, PooledCalls {
  /** Makes a project file and opens it in place of the one open before. Refuses to replace a file unless told to. */
  createProject(request: { path: string; draft: Draft; replace: boolean }): Promise<ProjectInfo>;
  /** With `identity` that file or none: it is looked for in its folder, should it have another name by now. */
  openProject(request: { path: string; identity?: string }): Promise<ProjectInfo>;
  /** Always succeeds: what cannot be written any more is left as it was last saved. */
  closeProject(): Promise<void>;
  /** Looks whether the file is still there, and follows or writes it anew where that is possible. */
  currentProject(): Promise<ProjectInfo | null>;
  /**
   * Writes a compact copy, which may be mailed or go on as another project; the one open stays open. Its draft is the one given, or
   * the one saved last. Nothing is written to the project itself.
   */
  copyProject(request: { path: string; replace: boolean; draft?: Draft }): Promise<void>;
  /** Reads every byte of the open project; resolves to what is wrong, in words: nothing when it is whole. */
  verifyProject(): Promise<string[]>;

  readDraft(): Promise<SavedDraft>;
  /** Durable when it resolves. */
  saveDraft(draft: Draft): Promise<{ saved: string; changed: boolean }>;
  /** Keeps the draft under a name. */
  nameVersion(request: { name: string }): Promise<VersionInfo>;
  listVersions(): Promise<VersionInfo[]>;
  /** Makes a version the draft. A draft with unsaved changes is kept as an automatic version first. */
  restoreVersion(request: { id: number }): Promise<SavedDraft>;
  /** A version as it was kept, for looking at: the draft stays. */
  readVersion(request: { id: number }): Promise<VersionInfo & { draft: Draft }>;
  renameVersion(request: { id: number; name: string }): Promise<void>;
  /** It can be undeleted until the project is closed. */
  deleteVersion(request: { id: number }): Promise<void>;
  undeleteVersion(request: { id: number }): Promise<void>;

  /** With the seeds in words (`1-4,9`), those it still owes when it ends can be drawn later. `until`: it scouts to that step. */
  beginRun(request: {
    scene: Scene;
    model: string;
    asked: number;
    seeds?: string;
    until?: number;
    origin?: RunOrigin;
  }): Promise<RunInfo>;
  /** A run has one picture of a seed and an alternative: of a second one nothing is kept, and the first is given. */
  addResult(result: NewResult): Promise<ResultInfo>;
  /** The finished picture of a scouted result takes its place, and keeps its marks. What is finished already stays as it is. */
  finishResult(request: { id: number } & Omit<NewResult, "runId" | "state">): Promise<ResultInfo>;
  /** Keeps what an unfinished picture goes on from, in place of what was kept of it before. */
  keepState(request: UnfinishedPicture & { step: number; state: Uint8Array<ArrayBuffer> }): Promise<void>;
  readState(picture: UnfinishedPicture): Promise<Uint8Array<ArrayBuffer> | null>;
  dropState(picture: UnfinishedPicture): Promise<void>;
  /** Puts on record that scouted results are to be finished, or are not any more. */
  wantFinished(request: { ids: number[]; wanted: boolean }): Promise<void>;
  /** A run that ended too early goes on. */
  resumeRun(request: { id: number }): Promise<RunDetails>;
  /** What the end of the program left undone, the oldest first. */
  unfinishedRuns(): Promise<UnfinishedRun[]>;
  /** It is not offered any more, and what it would go on from is dropped. */
  leaveUnfinished(request: { runId: number }): Promise<void>;
  stateRoom(): Promise<StateRoom>;
  /** Lets go of what every unfinished picture goes on from, for good when the project is closed; resolves to what that was. */
  letGoStates(): Promise<number[]>;
  /** Puts back what `letGoStates` took out. */
  takeBackStates(request: { ids: number[] }): Promise<void>;
  endRun(request: { runId: number; outcome: Exclude<RunOutcome, "running">; message: string | null }): Promise<RunInfo>;
  /** Newest first; those found by a text, best match first. */
  listRuns(query: RunQuery): Promise<{ runs: ListedRun[]; total: number }>;
  readRun(request: { id: number }): Promise<RunDetails>;
  /** Which of these seeds were drawn already, in the order of the request. */
  findDrawn(query: DrawnQuery): Promise<DrawnSeed[]>;

  listResults(query: ResultQuery): Promise<ResultPage>;
  readResult(request: { id: number }): Promise<ResultDetails>;
  /** The PNG with its settings, or a small one without. */
  readPicture(request: { id: number; size: PictureSize }): Promise<Uint8Array<ArrayBuffer>>;
  /** Where the boxes' words looked at the last step; null where that was not kept: pictures from files or of older versions. */
  readAttention(request: { id: number }): Promise<AttentionMaps | null>;
  /** Stars, rejects, bins, or takes back; resolves to how many were changed. */
  markResults(request: { ids: number[]; starred?: boolean; state?: ResultState }): Promise<number>;
  /** Takes everything out of the bin, to be deleted for good when the project is closed; resolves to what it was. */
  emptyBin(): Promise<number[]>;
  /** Puts back what `emptyBin` took out. */
  refillBin(request: { ids: number[] }): Promise<void>;
  /**
   * Takes in a PNG that carries Diorama's settings, or the text that other programs write, as a run of its own; one that the project has
   * already is found instead. `png` is what the file was made into, where it is in another form.
   */
  importPicture(request: { path: string; png?: Uint8Array<ArrayBuffer> }): Promise<ImportedPicture>;
  /** The kept results that these records tell of, in their order; null where the project has none. */
  findPictures(request: { records: RunRecord[] }): Promise<(number | null)[]>;

  recentProjects(): Promise<RecentProject[]>;
  /** Latest used first. */
  knownModels(): Promise<KnownModel[]>;
  rememberModel(request: { request: LoadRequest; name: string }): Promise<void>;
  forgetModel(request: { path: string }): Promise<void>;
  /** The SHA-256 that was computed of this file, in hexadecimal; null when it is not known, or the file is another one by now. */
  knownHash(file: FileIdentity): Promise<string | null>;
  rememberHash(request: FileIdentity & { sha256: string }): Promise<void>;
  readPreferences(): Promise<Record<string, unknown>>;
  /** Sets the given ones and leaves the rest; null removes. */
  writePreferences(changes: Record<string, unknown>): Promise<void>;
}

/** A file, and what would change if it were another one. */
export interface FileIdentity {
  path: string;
  /** Bytes. */
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
}

export interface StoreEvents {
  /** The project's file is called otherwise now, or cannot be saved to, or can again. `note` says what was done, for a person. */
  place: { project: ProjectInfo; note: string | null };
  /** Why nothing can be written into the app's own folder: preferences, checkpoints and recent projects are kept in memory; null when it can be again. */
  kept: { why: string | null };
  /** Something changed that a list on the screen may show. */
  changed: {
    what:
      | "project"
      | "draft"
      | "versions"
      | "runs"
      | "results"
      | "recent"
      | "models"
      | "preferences"
      | "states"
      | "labels"
      | "grids";
  };
}
