/** What the store process does with each request; process.ts gives it a port and a folder. */
import { join, resolve } from "node:path";
import { messageOf } from "../wire/errors.ts";
import { serve, type Handlers, type Port, type Server } from "../wire/rpc.ts";
import { projectTitle } from "../scene/projectTitle.ts";
import type { Draft, ProjectInfo, StoreApi, StoreEvents } from "../api/store.ts";
import { storeSchemas } from "../api/storeMessages.ts";
import { CurrentProject } from "./currentProject.ts";
import { glanceOf } from "./glance.ts";
import { beginGridRuns } from "./grids.ts";
import { Library } from "./library.ts";
import { findPictures, importPicture } from "./importPicture.ts";
import type { ProjectFile } from "./project.ts";
import { Unfinished } from "./unfinished.ts";

/** Serves the store's calls; `dataFolder` holds the library. `onEnd` is called when the caller is gone and all is closed. */
export function runService(port: Port, dataFolder: string, onEnd: () => void): void {
  const note = (message: string) => void process.stderr.write(`warn: ${message}\n`);
  const library = new Library(join(dataFolder, "library.db"), {
    onNote: note,
    onKept: (why) => setImmediate(() => server.emit("kept", { why })), // also from here, where nobody listens yet
  });
  const unfinished = new Unfinished(join(dataFolder, "unfinished"), note);
  for (const path of unfinished.clean()) note(`${path} was left half by a process that was cut off, and is removed`);
  /** As it was told to the library last. */
  let known: ProjectInfo | undefined;
  /** What was saved of it last. */
  let saved: Draft | undefined;
  const current = new CurrentProject({
    unfinished,
    warn: note,
    onPlace: (project, note) => {
      remember(project);
      server.emit("place", { project, note });
    },
  });

  /** Changes the open project, and tells what changed. */
  const change = <T>(action: (project: ProjectFile) => T, ...changed: StoreEvents["changed"]["what"][]): T =>
    telling(() => current.change(action), changed);
  const telling = <T>(action: () => T, changed: readonly StoreEvents["changed"]["what"][]): T => {
    const value = action();
    for (const what of changed) server.emit("changed", { what });
    return value;
  };
  const use = (project: ProjectInfo) => {
    remember(project);
    saved = current.read((file) => file.readDraft()).draft;
    for (const what of ["project", "recent"] as const) server.emit("changed", { what });
    return project;
  };
  /** A library that cannot be written is no reason not to open a project. */
  const remember = (project: ProjectInfo, how: "opened" | "retitled" = "opened") => {
    known = project;
    try {
      if (how === "opened") library.rememberProject(project);
      else library.retitleProject(project);
    } catch (error) {
      note(`${project.path} could not be noted as a recent project: ${messageOf(error)}`);
    }
  };
  /** A project without a name of its own is called by its prompt. */
  const retitle = ({ scene: { prompt } }: Draft) => {
    const title = known && projectTitle(known.name, prompt);
    if (!known || title === undefined || title === known.title) return;
    remember({ ...known, title }, "retitled");
    server.emit("changed", { what: "recent" });
  };
  /** Another project takes its place, or none: what it looks like is noted once, not with every save. */
  const leave = () => {
    try {
      if (known && saved) library.redrawProject(known.path, glanceOf(saved));
    } catch (error) {
      note(`what ${known?.path} looks like could not be noted: ${messageOf(error)}`);
    }
    saved = undefined;
  };
  const onLibrary = (what: StoreEvents["changed"]["what"], action: () => void) => {
    action();
    server.emit("changed", { what });
  };

  const handlers: Handlers<StoreApi> = {
    createProject: ({ path, draft, replace }) => {
      leave();
      return use(current.create(resolve(path), draft, replace));
    },
    openProject: ({ path, identity }) => {
      leave();
      return use(current.open(resolve(path), identity));
    },
    closeProject: () => {
      leave();
      current.close();
      server.emit("changed", { what: "project" });
    },
    currentProject: () => current.look(),
    copyProject: ({ path, replace, draft }) => current.copy(resolve(path), replace, draft),
    verifyProject: () => current.read((project) => project.verify()),

    readDraft: () => current.read((project) => project.readDraft()),
    saveDraft: (draft) => {
      const reply = telling(() => current.saveDraft(draft), ["draft"]);
      saved = draft;
      retitle(draft);
      return reply;
    },
    nameVersion: ({ name }) => telling(() => current.save((project) => project.nameVersion(name)), ["versions"]),
    listVersions: () => current.read((project) => project.listVersions()),
    restoreVersion: ({ id }) => change((project) => project.restoreVersion(id), "draft", "versions"),
    readVersion: ({ id }) => current.read((project) => project.readVersion(id)),
    renameVersion: ({ id, name }) => change((project) => project.renameVersion(id, name), "versions"),
    undeleteVersion: ({ id }) => change((project) => project.undeleteVersion(id), "versions"),
    deleteVersion: ({ id }) => change((project) => project.deleteVersion(id), "versions"),

    beginRun: ({ scene, model, asked, ...more }) =>
      change(({ results }) => results.beginRun(scene, model, asked, more), "runs"),
    saveGrid: (request) => change(({ results }) => results.grids.save(request), "grids"),
    listGrids: () => current.read(({ results }) => results.grids.list()),
    readGrid: ({ id }) => current.read(({ results }) => results.grids.read(id)),
    unfinishedGrids: () => current.read(({ results }) => results.grids.unfinished()),
    findCells: (request) => current.read(({ results }) => results.grids.find(request)),
    renameGrid: ({ id, name }) => change(({ results }) => results.grids.rename(id, name), "grids"),
    deleteGrid: ({ id }) => change(({ results }) => results.grids.delete(id, true), "grids"),
    undeleteGrid: ({ id }) => change(({ results }) => results.grids.delete(id, false), "grids"),
    beginGridRuns: ({ id, runs }) => change(({ results }) => beginGridRuns(results, id, runs), "runs"),
    setPooled: ({ runId, pooled }) => change(({ results }) => results.pooled.set(runId, pooled)),
    readPooled: ({ runId }) => current.read(({ results }) => results.pooled.read(runId)),
    readQueue: () => current.read(({ results }) => results.queue.read()),
    writeQueue: (queue) => change(({ results }) => results.queue.write(queue)),
    addResult: (result) => change(({ results }) => results.addResult(result), "results", "runs", "states"),
    finishResult: ({ id, ...picture }) =>
      change(({ results }) => results.finishResult(id, picture), "results", "states", "runs"),
    keepState: ({ step, state, ...picture }) =>
      change(({ results }) => results.allOrNothing(() => results.states.keep(picture, step, state))),
    readState: (picture) => current.read(({ results }) => results.states.read(picture)),
    dropState: (picture) => change(({ results }) => results.states.drop(picture), "states"),
    wantFinished: ({ ids, wanted }) => change(({ results }) => results.states.want(ids, wanted)),
    resumeRun: ({ id }) => change(({ results }) => results.resumeRun(id), "runs"),
    unfinishedRuns: () => current.read(({ results }) => results.unfinished()),
    leaveUnfinished: ({ runId }) => change(({ results }) => results.leaveUnfinished(runId), "runs", "states"),
    stateRoom: () => current.read(({ results }) => results.states.room()),
    letGoStates: () => change(({ results }) => results.states.letGo(), "results", "states"),
    takeBackStates: ({ ids }) => change(({ results }) => results.states.takeBack(ids), "results", "states"),
    endRun: ({ runId, outcome, message }) => change(({ results }) => results.endRun(runId, outcome, message), "runs"),
    listRuns: (query) => current.read(({ results }) => results.listRuns(query)),
    readRun: ({ id }) => current.read(({ results }) => results.readRun(id)),
    findDrawn: (query) => current.read(({ results }) => results.drawn.find(query)),

    keepStart: (of) =>
      change(({ results }) => results.starts.keep("png" in of ? of.png : results.readPicture(of.result, "full"))),
    readStart: ({ hash }) => current.read(({ results }) => results.starts.read(hash)),
    startThumbnail: ({ hash }) => current.read(({ results }) => results.starts.thumbnail(hash)),
    startInfo: ({ hash }) => current.read(({ results }) => results.starts.info(hash)),

    listResults: (query) => current.read(({ results }) => results.listResults(query)),
    readResult: ({ id }) => current.read(({ results }) => results.readResult(id)),
    readPicture: ({ id, size }) => current.read(({ results }) => results.readPicture(id, size)),
    markResults: ({ ids, starred, state }) =>
      change(({ results }) => results.markResults(ids, starred, state), "results"),
    readAttention: ({ id }) => current.read(({ results }) => results.readAttention(id)),
    refillBin: ({ ids }) => change(({ results }) => results.refillBin(ids), "results", "runs"),
    emptyBin: () => change(({ results }) => results.emptyBin(), "results", "runs"),
    listLabels: () => current.read(({ results }) => results.labels.list()),
    makeLabel: ({ kind, name }) => change(({ results }) => results.labels.make(kind, name), "labels"),
    renameLabel: ({ id, name }) => change(({ results }) => results.labels.rename(id, name), "labels"),
    deleteLabel: ({ id }) => change(({ results }) => results.labels.delete(id, true), "labels", "results"),
    undeleteLabel: ({ id }) => change(({ results }) => results.labels.delete(id, false), "labels", "results"),
    labelResults: ({ id, ids, on }) => change(({ results }) => results.labels.set(id, ids, on), "labels", "results"),
    labelsOf: ({ ids }) => current.read(({ results }) => results.labels.of(ids)),
    facets: () => current.read(({ results }) => results.finding.facets()),
    importPicture: ({ path, png }) =>
      change(({ results }) => importPicture(results, resolve(path), png), "results", "runs"),
    findPictures: ({ records }) => current.read(({ results }) => findPictures(results, records)),

    recentProjects: () => library.recentProjects(),
    knownModels: () => library.knownModels(),
    rememberModel: ({ request, name }) => onLibrary("models", () => library.rememberModel(request, name)),
    forgetModel: ({ path }) => onLibrary("models", () => library.forgetModel(path)),
    knownHash: (file) => library.knownHash(file),
    rememberHash: ({ sha256, ...file }) => library.rememberHash(file, sha256),
    readPreferences: () => library.readPreferences(),
    writePreferences: (changes) => onLibrary("preferences", () => library.writePreferences(changes)),
  };

  const server: Server<StoreEvents> = serve<StoreApi, StoreEvents>(port, handlers, storeSchemas);
  server.closed.addEventListener("abort", () => {
    leave();
    current.close();
    library.close();
    onEnd();
  });
}
