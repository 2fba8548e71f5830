/**
 * The window's contract: everything a window may ask of the main process, and everything it may hear. The preload puts `AppBridge` on
 * `window.app` and nothing else; `connectApp` (bridge.ts) makes the typed client of it. Requests are checked by mainMessages.ts.
 *
 * Every window has one project, which always lies in a file: one that has no name yet is kept in the app's own folder. Paths never
 * come from the window: it names files by what main has told it (recent projects, known models) or hands over dropped `File`s.
 */
import type { CommandName } from "./commands.ts";
import type {
  AttentionMaps,
  GenerateRequest,
  LoadRequest,
  ModelSummary,
  PromptText,
  PromptTokens,
  RunRecord,
  ProviderReport,
  SceneCheck,
  StepEvent,
} from "./engine.ts";
import type { WireError } from "../wire/errors.ts";
import type { LoraEntry } from "../scene/loras.ts";
import type { GridCalls } from "./grids.ts";
import type { FoundMachine, Machine, MachineCalls } from "./machines.ts";
import type { Pool, PoolCalls } from "./poolCalls.ts";
import type { LiveCalls, LiveStep } from "./live.ts";
import type { HomeCalls } from "./mainModels.ts";
import type { WindowStartCalls } from "./starts.ts";
import type { UpdateCalls, UpdateState } from "./updates.ts";
import type { Download } from "./models.ts";
import type { Scene, SceneLora, Seed } from "../scene/scene.ts";
import type { BoxColor, PictureForm, SheetLook } from "./sheets.ts";
import type {
  Draft,
  DrawnSeed,
  PictureChoice,
  PictureSize,
  ProjectInfo,
  RecentProject,
  ImportedPicture,
  ResultInfo,
  RunOrigin,
  RunOutcome,
  SavedDraft,
  StoreApi,
  StoreEvents,
  VersionInfo,
} from "./store.ts";

/** Stands for the demo model's folder in requests, drafts and summaries, because that folder moves with the app. */
export const DEMO_MODEL = "diorama:demo";

export interface AppInfo {
  version: string;
  platform: "linux" | "darwin" | "win32";
  /** Of `electron`, `chrome`, `node`. */
  versions: Record<string, string>;
  /** Where the app keeps its library and untitled projects, for a message to a person. */
  dataFolder: string;
}

export type Theme = "system" | "light" | "dark";

export interface ProjectState extends ProjectInfo {
  /** Changes with each project that is opened; the host of its pictures' addresses. */
  key: string;
  /** Has no file of the person's choosing yet; it is kept all the same. */
  untitled: boolean;
}

/** Work on a project that another one was opened in place of before it could be saved. It is kept in memory. */
export interface UnsavedProject {
  path: string;
  name: string;
}

/** All a window needs to show itself, also after it was reloaded. */
export interface WindowState {
  project: ProjectState;
  draft: SavedDraft;
  /** What came after that and could not be saved; null where there is nothing. */
  unsavedDraft: Draft | null;
  /** Of all windows. Opening one of these brings back what was not saved. */
  unsaved: UnsavedProject[];
  /** Jobs that go on or have ended since the project was opened, oldest first. */
  jobs: Job[];
  queue: QueueState;
  /** The checkpoint this window uses, when it is open. */
  model: ModelSummary | null;
  theme: Theme;
  /** True at the very first start: the project is the sample scene. */
  firstStart: boolean;
  /** The program did not end in order last time, and this project was open then. */
  recovered: boolean;
}

export type PictureState = "waiting" | "drawing" | "done" | "cancelled" | "failed";

export interface JobPicture {
  seed: Seed;
  index: number;
  /** Of a prompt with alternatives, the words that are chosen for this one. */
  alternative?: string;
  state: PictureState;
  /** When `done`: it is in the project by then. */
  result: ResultInfo | null;
  /** The scouted result that it finishes. */
  finishes?: number;
}

/** One press of "Generate". */
export interface Job {
  jobId: string;
  /** The run in the project that its pictures belong to. */
  runId: number;
  scene: Scene;
  outcome: RunOutcome;
  /** Why it failed. */
  error: WireError | null;
  /** What has to end before it begins, for a person: another window may be drawing with another checkpoint. Null from the first step on. */
  waitsFor: string | null;
  /** The checkpoint it is drawn with. */
  model: LoadRequest;
  /** Its pictures are scouted, to this step; null where they are drawn to the end. */
  until: number | null;
  pictures: JobPicture[];
}

/** What is new of a job: how it stands as a whole, and those of its pictures whose state is another one. A long job is not told again whole. */
export interface JobChange extends Pick<Job, "jobId" | "outcome" | "error" | "waitsFor"> {
  pictures: Pick<JobPicture, "index" | "state" | "result">[];
}

/**
 * Of the request to draw, `model` is the checkpoint it is meant for: opened first where it is not. `only`: of what its seeds and the
 * alternatives of its prompt make, what is wanted; by default all.
 */
export type DrawRequest = HowToDraw &
  Pick<GenerateRequest, "scene" | "seeds" | "until"> & { only?: PictureChoice[]; origin?: RunOrigin };

/** How pictures are drawn that were asked for already. */
export type HowToDraw = Pick<GenerateRequest, "previewEvery" | "attention"> & { model: LoadRequest };

/** A job in the queue, or one picture of it. */
export interface PlacedAt {
  jobId: string;
  index?: number;
}

/** How the window's queue stands. */
export interface QueueState {
  /** Nothing is drawn until it goes on. */
  paused: boolean;
  /** In the order in which they are drawn. `index` null: all pictures of the job that have no place of their own. */
  places: { id: string; jobId: string; index: number | null; held: boolean }[];
  /** What one picture of a job takes, by job, where it is known. */
  seconds: Record<string, number>;
  /** Titles of projects in other windows that draw in turn with this one. */
  others: string[];
}

export interface ModelEntry {
  request: LoadRequest;
  name: string;
  demo: boolean;
  used: string | null;
  /** False when the folder is not there now. */
  present: boolean;
}

/** What a checkpoint folder is, from its headers alone. */
export interface ModelInspection {
  path: string;
  name: string;
  weightBytes: number;
  parameters: number;
  /** Width and height that it was trained at, where its makers say so. */
  recommended: { width: number; height: number } | null;
}

/** What became of a file that was opened or dropped. */
export type Opened =
  /** `here`: this window had it open already, and was brought to the front. */
  | { kind: "project"; path: string; here: boolean }
  | { kind: "picture"; path: string; result: ImportedPicture }
  /** `pictures`: those of its `total` pictures that the project has; `record` is of its first picture. */
  | { kind: "sheet"; path: string; pictures: Pick<ResultInfo, "id" | "state">[]; total: number; record: RunRecord }
  | { kind: "model"; path: string; model: ModelEntry }
  | { kind: "lora"; path: string; lora: LoraEntry }
  | { kind: "refused"; path: string; error: WireError };

export interface Exported {
  paths: string[];
}

/** Pictures that leave as files of their own. */
export interface PictureRequest {
  ids: number[];
  /** Whether the settings are inside the files. */
  settings: boolean;
  form: PictureForm;
  /** Of the files' names, see pictureName.ts. */
  pattern: string;
}

export interface SheetRequest extends Pick<PictureRequest, "ids" | "settings" | "pattern"> {
  title: string;
  look: SheetLook;
  /** A line beneath each picture, such as what sets it apart from the others; empty for none. */
  notes: string[];
  /** How the boxes look in the editor. */
  colors: BoxColor[];
  /** In rows and columns that say what is theirs: `places` are the cells of `ids`, counted row by row. */
  grid?: { rows: string[]; columns: string[]; places: number[] };
}

/** Calls that go to the store as they are. */
type StoreCalls = Pick<
  StoreApi,
  | "verifyProject"
  | "readDraft"
  | "nameVersion"
  | "listVersions"
  | "restoreVersion"
  | "readVersion"
  | "renameVersion"
  | "deleteVersion"
  | "undeleteVersion"
  | "listRuns"
  | "readRun"
  | "listResults"
  | "readResult"
  | "readAttention"
  | "markResults"
  | "emptyBin"
  | "listLabels"
  | "makeLabel"
  | "renameLabel"
  | "deleteLabel"
  | "undeleteLabel"
  | "labelResults"
  | "labelsOf"
  | "facets"
  | "refillBin"
  | "unfinishedRuns"
  | "leaveUnfinished"
  | "stateRoom"
  | "letGoStates"
  | "takeBackStates"
  | "recentProjects"
  | "readPreferences"
  | "writePreferences"
>;

/** The calls that main serves to a window. Each may reject with an `AppError`. Dialogs that the person cancels give null. */
/** A single .safetensors file, or a folder in diffusers' layout: no system's dialog offers both at once. */
export type ModelForm = "file" | "folder";

/** What a checkpoint may be taken with: another autoencoder, and a tiny one for previews. */
export const MODEL_PARTS = ["vae", "tiny"] as const;
export type ModelPart = (typeof MODEL_PARTS)[number];

export interface MainApi
  extends StoreCalls, HomeCalls, GridCalls, WindowStartCalls, UpdateCalls, MachineCalls, PoolCalls, LiveCalls {
  appInfo(): Promise<AppInfo>;
  /** The first call of a window: what it shows. */
  windowState(): Promise<WindowState>;
  /** Answers the `closing` event: everything is saved, the window may go. */
  readyToClose(request: { problem: string | null }): Promise<void>;
  /** Which menu commands make no sense now, and which are on (`view.*` toggles). */
  setCommands(request: { disabled: CommandName[]; checked: CommandName[] }): Promise<void>;
  setTheme(theme: Theme): Promise<void>;
  /** Shows the log in the system's file manager. */
  showLog(): Promise<void>;
  /** Opens the manual in a window of its own, at one of its sections or chapters. */
  showManual(request: { at: string | null }): Promise<void>;

  /** An empty project, in this window or another one. */
  newProject(request: { draft: Draft | null; where: "here" | "window" }): Promise<ProjectState | null>;
  /** Asks for a file. A project that another window has open is shown there, and that window says so: null. */
  openProject(request: { where: "here" | "window" }): Promise<ProjectState | null>;
  openRecent(request: { path: RecentProject["path"]; where: "here" | "window" }): Promise<ProjectState | null>;
  /** Saves the draft of the project with this key; refuses it when the window has another one by now. Durable when it resolves. */
  saveDraft(request: { key: ProjectState["key"]; draft: Draft }): ReturnType<StoreApi["saveDraft"]>;
  /** Saves the draft and keeps it as a version; asks for a file first when the project is untitled or cannot be saved where it is. */
  saveProject(request: { draft: Draft; name: string }): Promise<{ project: ProjectState; version: VersionInfo } | null>;
  /** Goes on in a copy under another name. Nothing is written to the project itself. */
  saveProjectAs(request: { draft: Draft }): Promise<ProjectState | null>;
  /** Asks for PNGs made by Diorama and takes them in; `readResult` then gives scene and settings. */
  importPictures(): Promise<Opened[] | null>;

  providers(): Promise<ProviderReport[]>;
  /** Opens a checkpoint for this window. Progress comes as `loading`. */
  loadModel(request: LoadRequest): Promise<ModelSummary>;
  /** Demo model first, then latest used first. */
  listModels(): Promise<ModelEntry[]>;
  /** Asks for a checkpoint, a file or a folder, reads its headers and adds it; rejects with what is wrong with it. */
  addModel(request: { form: ModelForm }): Promise<ModelEntry | null>;
  /** Asks for a file of such a part; `loadModel` takes it then. */
  choosePart(request: { part: ModelPart }): Promise<string | null>;
  forgetModel(request: { path: string }): Promise<void>;

  /** Asks for a LoRA's file, reads all of it and remembers where it lies; rejects with what is wrong with it, or that it is for another model. */
  addLora(): Promise<LoraEntry | null>;
  /** What is known of these LoRAs with the window's checkpoint, in their order. */
  describeLoras(request: { loras: SceneLora[] }): Promise<LoraEntry[]>;

  /** With the window's checkpoint. While it draws, the answer comes between two steps. */
  tokenize(request: PromptText): Promise<PromptTokens>;
  check(scene: Scene): Promise<SceneCheck>;
  /** Which of these seeds this project has already, drawn from this scene with this checkpoint. */
  findDrawn(request: { scene: Scene; seeds: Seed[]; model: LoadRequest; until?: number }): Promise<DrawnSeed[]>;
  /** Resolves when the run is on record and waits its turn; the rest comes as events. */
  generate(request: DrawRequest): Promise<Job>;
  /** Finishes scouted results, each in its place: a job for each of their runs. Those that are finished, or wait for it, are left out. */
  finishResults(request: HowToDraw & { ids: number[] }): Promise<Job[]>;
  /** Goes on with what a run still owes, or of that with `only`, as the same run, from where its pictures were. */
  resumeRun(request: HowToDraw & { runId: number; only?: PictureChoice[] }): Promise<Job[]>;
  /** Nothing is drawn until it goes on; the picture in work goes on where it stopped. */
  pauseQueue(request: { paused: boolean }): Promise<void>;
  /** Holds a job, or one picture of it, until it is let go on. */
  holdInQueue(request: PlacedAt & { held: boolean }): Promise<void>;
  /** Puts a job, or one picture of it, before another place of the queue; null puts it to the end. */
  moveInQueue(request: PlacedAt & { before: string | null }): Promise<void>;
  /** Within one step; the job's or picture's end comes as an event. */
  cancel(target: { jobId: string; index?: number }): Promise<void>;
  /** Ends the engine process at once, whatever it is doing: every running job is cancelled. */
  restartEngine(): Promise<void>;

  /** Asks where to, once for all; with or without the settings inside the files. An existing file is never replaced unasked. */
  exportPictures(request: PictureRequest): Promise<Exported | null>;
  exportSheet(request: SheetRequest): Promise<Exported | null>;
  /** Shows a file that was exported in the system's file manager. */
  revealExported(request: { path: string }): Promise<void>;
  copyPicture(request: { id: number }): Promise<void>;
  copyText(text: string): Promise<void>;
  /** As the keys for it do: what is on the clipboard comes as the page's own event, where it was asked for. */
  paste(): Promise<void>;
  /** Call in `dragstart` after `preventDefault()`: the drag goes on as one of PNG files. */
  dragPictures(request: Pick<PictureRequest, "ids" | "settings" | "pattern">): Promise<void>;
}

/** A step, less what the window knows from the job. */
export type JobStep = StepEvent;

export interface ServiceState {
  service: "engine" | "store";
  /** `ended`: it stopped without being told to. `restarted`: another one runs, with project and checkpoint open again. */
  state: "ended" | "restarted" | "failed";
  /** What happened and what is done about it, for a person. */
  message: string;
}

/** What main tells a window. */
export interface MainEvents {
  /** The person chose this from the menu, or by its shortcut. */
  command: { command: CommandName };
  /** Something a list on the screen may show has changed. */
  changed: StoreEvents["changed"];
  /** This window has another project now. */
  project: { state: WindowState };
  /** The same project in another file (saved as, renamed), or one that cannot be saved to, or can again. `note` says what was done, for a person. */
  place: { project: ProjectState; note: string | null };
  unsaved: { projects: UnsavedProject[] };
  kept: StoreEvents["kept"];
  /** A file was opened from outside (double click, command line, drop on the icon) and taken into this project. */
  opened: Opened;
  loading: { fraction: number; message: string };
  model: { model: ModelSummary | null };
  /** Something in the list of models at home is new. */
  homeModels: Record<string, never>;
  downloads: { downloads: Download[] };
  /** Other machines, when something of them is new. */
  machines: { machines: Machine[] };
  foundMachines: { found: FoundMachine[] };
  /** The pool, when something of it is new. */
  pool: { pool: Pool | null };
  step: JobStep;
  live: LiveStep;
  /** The picture is in the project. `obedience` by step, by region id. */
  image: {
    jobId: string;
    index: number;
    seed: Seed;
    result: ResultInfo;
    obedience: Record<string, number>[];
    attention: AttentionMaps;
  };
  /** A job was begun: the only time that it is told whole, before anything else of it. */
  begun: Job;
  /** A job or some of its pictures changed their state. */
  job: JobChange;
  /** The queue is in another order, or something is held, or known better. */
  queue: QueueState;
  service: ServiceState;
  theme: { theme: Theme; dark: boolean };
  /** A newer version is there, or on its way. */
  update: UpdateState;
  /** Save what is not saved yet, then call `readyToClose`, with why where it could not be; after five seconds the person is asked. */
  closing: { reason: "window" | "quit" };
}

/** The address of a picture of the window's project, for `<img src>` (`crossorigin="anonymous"` where pixels are read). */
export function pictureUrl(project: Pick<ProjectState, "key">, id: number, size: PictureSize): string {
  return `img://${project.key}/${id}/${size}`;
}

/** What a call gives over the bridge, which would strip errors of their details. */
export type BridgeReply = { ok: true; value: unknown } | { ok: false; error: WireError };

/** `window.app`: all that the preload exposes. Use it through `connectApp`. */
export interface AppBridge {
  call(method: string, request?: unknown): Promise<BridgeReply>;
  /** Listens to an event of `MainEvents`; the function returned stops that. */
  on(event: string, listener: (payload: unknown) => void): () => void;
  /** Opens dropped or pasted files: a project, pictures made by Diorama, a checkpoint folder. Gives `Opened[]`. */
  openFiles(files: File[]): Promise<BridgeReply>;
}
