/** What main does with each call of a window: a table of routes, to the window's own store, the engine, or the system. */
import { app } from "electron";
import type { LoadRequest } from "../api/engine.ts";
import { AppError } from "../wire/errors.ts";
import type { GridBegun } from "../api/grids.ts";
import type { AppInfo, HowToDraw, Job, MainApi, MainEvents, Opened, ProjectState } from "../api/main.ts";
import { type MachineCalls, placeOfModel } from "../api/machines.ts";
import type { LiveCalls } from "../api/live.ts";
import type { HomeCalls } from "../api/mainModels.ts";
import type { WindowStartCalls } from "../api/starts.ts";
import type { UpdateCalls } from "../api/updates.ts";
import type { Handlers } from "../wire/rpc.ts";
import type { Draft, StoreApi } from "../api/store.ts";
import type { OpenedApi } from "../engine/host.ts";
import type { PoolHost } from "../pool/host.ts";
import type { PoolCalls } from "../api/poolCalls.ts";
import type { Machines } from "../remote/host.ts";
import { type AtHome, homeCalls } from "./atHome.ts";
import { withoutStack } from "./calls.ts";
import { copyText } from "./clipboard.ts";
import {
  askLora,
  askModel,
  askPart,
  askPicturesToOpen,
  askProjectToOpen,
  askStart,
  askWhereToSave,
} from "./dialogs.ts";
import type { Engines } from "./engines.ts";
import { drawCells, keepGrid } from "./gridDrawing.ts";
import { machineCalls } from "./machineCalls.ts";
import { poolCalls } from "./poolCalls.ts";
import { showLog } from "./log.ts";
import type { Manual } from "./manual.ts";
import { openPicture } from "./openPictures.ts";
import type { ProjectWindow } from "./projectWindow.ts";
import type { Themes } from "./themes.ts";
import type { Updates } from "./updates.ts";
import type { Windows } from "./windows.ts";

export interface CallContext {
  windows: Windows;
  engine: Engines;
  machines: Machines;
  pool: PoolHost;
  restartEngine: () => void;
  themes: Themes;
  atHome: AtHome;
  updates: Updates;
  manual: Manual;
}

type Store<Method extends keyof StoreApi & keyof MainApi> = Handlers<Pick<MainApi, Method>>;

export function windowCalls(at: ProjectWindow, context: CallContext): Handlers<MainApi> {
  return {
    ...appCalls(at, context),
    ...projectCalls(at, context),
    ...engineCalls(at, context),
    ...homeCalls(at, context.atHome),
    ...context.updates.calls(at.store),
    ...machineCalls(context.machines),
    ...poolCalls(context.pool),
    ...storeCalls(at),
  };
}

type AppCalls = "appInfo" | "windowState" | "readyToClose" | "setCommands" | "setTheme" | "showLog" | "showManual";
type ExportCalls =
  | "exportPictures"
  | "exportSheet"
  | "revealExported"
  | "copyPicture"
  | "copyText"
  | "paste"
  | "dragPictures"
  | "importPictures";

function appCalls(
  at: ProjectWindow,
  { windows, themes, manual }: CallContext,
): Handlers<Pick<MainApi, AppCalls | ExportCalls>> {
  return {
    appInfo,
    windowState: () => at.state(),
    readyToClose: ({ problem }) => at.readyToClose(problem),
    setCommands: (commands) => {
      at.commands = commands;
      windows.updateMenu();
    },
    setTheme: (theme) => themes.set(theme, at.store),
    showLog: () => showLog(),
    showManual: ({ at: section }) => manual.show(section),
    exportPictures: (choice) => at.exports.pictures(choice),
    exportSheet: (request) => at.exports.sheet(request),
    revealExported: ({ path }) => at.exports.reveal(path),
    copyPicture: ({ id }) => at.exports.copy(id),
    copyText: (text) => copyText(text),
    paste: () => at.window.webContents.paste(),
    dragPictures: (choice) => at.exports.drag(choice),
    importPictures: async () => {
      const paths = await askPicturesToOpen(at.window);
      return paths && importAll(at, paths);
    },
  };
}

type ProjectCalls = "newProject" | "openProject" | "openRecent" | "saveDraft" | "saveProject" | "saveProjectAs";

function projectCalls(at: ProjectWindow, { windows }: CallContext): Handlers<Pick<MainApi, ProjectCalls>> {
  /** A window that draws keeps its project: another one is opened beside it. */
  const isHere = (where: "here" | "window") => where === "here" && !at.jobs.areRunning;
  const open = async (path: string, where: "here" | "window"): Promise<ProjectState | null> => {
    if (windows.focusProject(path)) return null;
    if (!isHere(where)) {
      await windows.open({ path });
      return null;
    }
    await at.openHere(path);
    return at.project.state;
  };
  const saveAs = async (name: string, draft: Draft): Promise<boolean> => {
    const { path: own, untitled } = at.project.state;
    const path = await askWhereToSave(at.window, name, untitled ? undefined : own);
    if (path === null) return false;
    const other = windows.withProject(path);
    if (other && other !== at) {
      const message = `${path} is open in another window. Choose another name, or close that window first.`;
      throw new AppError("project-invalid", message, { path });
    }
    await at.moveTo(path, draft);
    return true;
  };
  return {
    newProject: async ({ draft, where }) => {
      if (isHere(where)) await at.createHere(draft);
      else await windows.open({});
      return isHere(where) ? at.project.state : null;
    },
    openProject: async ({ where }) => {
      const path = await askProjectToOpen(at.window);
      return path === null ? null : open(path, where);
    },
    openRecent: async ({ path, where }) => {
      const recent = await at.store.recentProjects();
      if (recent.some((project) => project.path === path) || windows.unsaved.has(path)) return open(path, where);
      throw new AppError("not-found", `${path} is not among the recent projects.`, { what: "project", id: path });
    },
    saveDraft: async ({ key, draft }) => {
      const saved = await at.project.saveDraft(key, draft);
      at.showTitle();
      await at.jobs.unkept.tryAgain(); // there is room again
      return saved;
    },
    saveProject: async ({ draft, name }) => {
      await at.store.currentProject(); // what can be done about its file is done before anybody is asked
      const { key, untitled, trouble, name: own } = at.project.state;
      if (!untitled && !trouble) await at.project.saveDraft(key, draft);
      else if (!(await saveAs(untitled ? "Untitled" : own, draft))) return null;
      const version = await at.store.nameVersion({ name });
      return { project: at.project.state, version };
    },
    saveProjectAs: async ({ draft }) => ((await saveAs(at.project.state.name, draft)) ? at.project.state : null),
  };
}

type ModelCalls =
  "providers" | "loadModel" | "listModels" | "addModel" | "choosePart" | "forgetModel" | "addLora" | "describeLoras";
type DrawCalls =
  | "tokenize"
  | "check"
  | "findDrawn"
  | keyof WindowStartCalls
  | keyof LiveCalls
  | "generate"
  | "finishResults"
  | "resumeRun"
  | "cancel"
  | "pauseQueue"
  | "holdInQueue"
  | "moveInQueue"
  | "restartEngine";

type GridDrawing = "findCells" | "beginGrid" | "drawGrid";

function engineCalls(
  at: ProjectWindow,
  context: CallContext,
): Handlers<Pick<MainApi, ModelCalls | DrawCalls | GridDrawing>> {
  const { engine } = context;
  const onLoading = (loading: MainEvents["loading"]) => at.emit("loading", loading);
  const load = async (request: LoadRequest) => {
    await at.models.refuseUnknown(request);
    const summary = await engine.load(request, { onLoading });
    at.model = request;
    await at.models.used(request, summary.name);
    at.emit("model", { model: summary });
    return summary;
  };
  const ownModel = () => {
    if (at.model) return at.model;
    throw new AppError("not-found", "This window has no checkpoint open. Choose one first.", {
      what: "checkpoint",
      id: "",
    });
  };
  const withModel = <T>(send: (api: OpenedApi) => Promise<T>) => engine.with(ownModel(), send, { onLoading });
  /** Opens the checkpoint of what is to be drawn where that can be now; gives what the drawing waits for. */
  const prepare = async ({ model }: HowToDraw) => {
    const { key } = at.project.state;
    const isOpen = engine.summaryOf(model) !== undefined;
    const inTheWay = isOpen ? undefined : context.windows.drawingWithAnother(at, model);
    // Behind another window's queue the checkpoint is opened when its turn comes; the run is on record until then.
    if (inTheWay) await at.models.refuseUnknown(model);
    else if (!isOpen) await load(model);
    at.project.refuseOther(key); // opening a checkpoint takes its time
    at.model = model;
    at.project.touch();
    const isHere = (window: ProjectWindow) => placeOfModel(window.model) === placeOfModel(model);
    const ahead = context.windows
      .drawingBeside(at)
      .filter(isHere)
      .map(({ project }) => `“${project.state.title}”`);
    return whyItWaits(inTheWay?.project.state.title, ahead);
  };
  const drawing = { store: at.store, jobs: at.jobs, nameOf: (model: LoadRequest) => engine.nameOf(model) };
  return {
    providers: () => engine.api.providers(),
    loadModel: load,
    listModels: () => at.models.list(),
    addModel: async ({ form }) => {
      const path = await askModel(at.window, form);
      return path === null ? null : at.models.add(path);
    },
    choosePart: async ({ part }) => {
      const path = await askPart(at.window, part);
      if (path !== null) at.models.allow(path);
      return path;
    },
    forgetModel: ({ path }) => at.models.forget(path),
    tokenize: async ({ embeddings: listed, ...text }) => {
      const embeddings = await at.embeddings.find([text.prompt], listed, at.model);
      return withModel((api) => api.tokenize({ ...text, ...(embeddings.length > 0 ? { embeddings } : {}) }));
    },
    check: async (scene) => {
      const resolved = await at.resolve(scene);
      return withModel((api) => api.check(resolved));
    },
    addLora: async () => {
      const path = await askLora(at.window);
      return path === null ? null : at.loras.add(path, pathHere(at.model));
    },
    describeLoras: async ({ loras }) => {
      const machine = at.model && engine.machineOf(at.model);
      if (machine === undefined) return at.loras.describe(loras, pathHere(at.model));
      const notes = [`The one of this name on ${machine} is taken.`];
      return loras.map(({ name, hash = null }) => ({
        path: null,
        name,
        hash,
        base: null,
        words: [],
        notes,
        problem: null,
      }));
    },
    findDrawn: ({ model, ...query }) =>
      at.store.findDrawn({ ...query, model: engine.nameOf(model), provider: model.provider }),
    generate: async (request) => at.jobs.begin(request, await prepare(request)),
    finishResults: async (request) => at.jobs.finish(request, await prepare(request)),
    resumeRun: async (request) => at.jobs.resume(request, await prepare(request)),
    findCells: ({ model, ...asked }) =>
      at.store.findCells({ ...asked, modelName: engine.nameOf(model), provider: model.provider }),
    beginGrid: async ({ previewEvery, attention, ...asked }) => {
      const how = { previewEvery, attention, model: asked.model };
      const waitsFor = await prepare(how);
      const id = await keepGrid(drawing, asked);
      return begun(id, await drawCells(drawing, await at.store.readGrid({ id }), undefined, how, waitsFor));
    },
    drawGrid: async ({ id, cells, ...look }) => {
      const { model } = await at.store.readGrid({ id });
      const how = { ...look, model };
      const waitsFor = await prepare(how);
      return begun(id, await drawCells(drawing, await at.store.readGrid({ id }), cells, how, waitsFor));
    },
    startFromResult: ({ id }) => at.store.keepStart({ result: id }),
    chooseStart: async () => {
      const path = await askStart(at.window);
      if (path === null) return null;
      const png = await at.workshop.api.pictureAt({ path });
      return at.store.keepStart({ png });
    },
    startFromFile: async (file) => at.store.keepStart({ png: await at.workshop.api.pictureFrom(file) }),
    startThumbnail: (start) => at.store.startThumbnail(start),
    startInfo: (start) => at.store.startInfo(start),
    drawLive: (request) => at.live.draw(request, ownModel()),
    stopLive: () => at.live.stop(),
    cancel: (target) => at.jobs.cancel(target),
    pauseQueue: ({ paused }) => at.jobs.pause(paused),
    holdInQueue: ({ held, ...what }) => at.jobs.hold(what, held),
    moveInQueue: ({ before, ...what }) => at.jobs.move(what, before),
    restartEngine: () => context.restartEngine(),
  };
}

/** A checkpoint's own file or folder, where it is on this machine. */
function pathHere(model: LoadRequest | undefined): string | null {
  return model && placeOfModel(model) === "" ? model.path : null;
}

/** The jobs themselves come as events. */
function begun(id: number, jobs: readonly Job[]): GridBegun {
  return { id, pictures: jobs.reduce((sum, { pictures }) => sum + pictures.length, 0) };
}

/** What a person is told of a queue that stands behind those of other windows. */
function whyItWaits(otherCheckpoint: string | undefined, ahead: readonly string[]): string | null {
  if (otherCheckpoint !== undefined) {
    return `“${otherCheckpoint}” draws with another checkpoint. When it is done, or has drawn for two minutes, this one is opened again.`;
  }
  if (ahead.length === 0) return null;
  const [first, ...others] = ahead;
  const who = others.length === 0 ? `${first!} draws` : `${others.join(", ")} and ${first!} draw`;
  return `${who} in another window. The projects take turns, a picture each.`;
}

type StoreCalls = Exclude<
  keyof MainApi,
  | AppCalls
  | ExportCalls
  | ProjectCalls
  | ModelCalls
  | DrawCalls
  | GridDrawing
  | keyof HomeCalls
  | keyof UpdateCalls
  | keyof MachineCalls
  | keyof PoolCalls
>;

function storeCalls({ store, project, jobs }: ProjectWindow): Store<StoreCalls> {
  const { readDraft, listVersions, renameVersion, deleteVersion, undeleteVersion, verifyProject } = store;
  const { listRuns, readRun, listResults, readResult, readAttention, emptyBin, refillBin } = store;
  const { unfinishedRuns, stateRoom, letGoStates } = store;
  const { listGrids, readGrid, unfinishedGrids, renameGrid, deleteGrid, undeleteGrid } = store;
  const { listLabels, labelsOf, facets } = store;
  const { recentProjects, readPreferences, writePreferences } = store;
  const changing = <Request, Reply>(call: (request: Request) => Promise<Reply>) => {
    return (request: Request) => {
      project.touch();
      return call(request);
    };
  };
  const routes = {
    ...{ readDraft, listVersions, renameVersion, deleteVersion, undeleteVersion, verifyProject },
    ...{ listRuns, readRun, listResults, readResult, readAttention, emptyBin, refillBin },
    ...{ unfinishedRuns, stateRoom, letGoStates, listLabels, labelsOf, facets },
    ...{ listGrids, readGrid, unfinishedGrids, renameGrid, deleteGrid, undeleteGrid, readVersion: store.readVersion },
    ...{ recentProjects, readPreferences, writePreferences },
    nameVersion: changing(store.nameVersion),
    restoreVersion: changing(store.restoreVersion),
    markResults: changing(store.markResults),
    takeBackStates: changing(store.takeBackStates),
    makeLabel: changing(store.makeLabel),
    renameLabel: changing(store.renameLabel),
    deleteLabel: changing(store.deleteLabel),
    undeleteLabel: changing(store.undeleteLabel),
    labelResults: changing(store.labelResults),
    leaveUnfinished: async (run: { runId: number }) => {
      await store.leaveUnfinished(run);
      jobs.leave(run.runId);
    },
  };
  // The second argument of a handler is ours; a client's would be options.
  const entries = Object.entries(routes).map(([name, call]) => [name, (r: never) => (call as AnyCall)(r)]);
  return Object.fromEntries(entries) as Store<StoreCalls>;
}

type AnyCall = (request: unknown) => Promise<unknown>;

async function importAll(at: ProjectWindow, paths: readonly string[]): Promise<Opened[]> {
  const opened: Opened[] = [];
  for (const path of paths) {
    try {
      opened.push(await openPicture(at, path));
    } catch (error) {
      opened.push({ kind: "refused", path, error: withoutStack(error) });
    }
  }
  return opened;
}

function appInfo(): AppInfo {
  const { electron, chrome, node } = process.versions;
  const platform = process.platform as AppInfo["platform"];
  return {
    version: app.getVersion(),
    platform,
    versions: { electron, chrome, node },
    dataFolder: app.getPath("userData"),
  };
}
