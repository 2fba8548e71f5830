/** What the store process does with each request; process.ts gives it a port and a folder. */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError } from "../api/errors.ts";
import { serve, type Handlers, type Port, type Server } from "../api/rpc.ts";
import type { StoreApi, StoreEvents } from "../api/store.ts";
import { storeSchemas } from "../api/storeMessages.ts";
import { invalid } from "./database.ts";
import { putBack, removeDatabase, setAside } from "./files.ts";
import { Library } from "./library.ts";
import { exportPictures, importPicture } from "./pictures.ts";
import { ProjectFile } from "./project.ts";

/** Serves the store's calls; `dataFolder` holds the library. `onEnd` is called when the caller is gone and all is closed. */
export function runService(port: Port, dataFolder: string, onEnd: () => void): void {
  mkdirSync(dataFolder, { recursive: true });
  const note = (message: string) => void process.stderr.write(`warn: ${message}\n`);
  const library = new Library(join(dataFolder, "library.db"), note);
  let open: ProjectFile | undefined;

  /** Works on the open project, and tells what changed. */
  const onProject = <T>(action: (project: ProjectFile) => T, ...changed: StoreEvents["changed"]["what"][]): T => {
    const project = open;
    if (!project)
      throw new AppError("not-found", "No project is open. Open or make one first.", { what: "project", id: "" });
    const value = project.guard(() => action(project));
    for (const what of changed) server.emit("changed", { what });
    return value;
  };
  const use = (project: ProjectFile) => {
    open?.close();
    open = project;
    remember(project.path);
    for (const what of ["project", "recent"] as const) server.emit("changed", { what });
    return project.info();
  };
  /** A library that cannot be written is no reason not to open a project. */
  const remember = (path: string) => {
    try {
      library.rememberProject(path);
    } catch (error) {
      note(`${path} could not be noted as a recent project: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const onLibrary = (what: StoreEvents["changed"]["what"], action: () => void) => {
    action();
    server.emit("changed", { what });
  };

  const handlers: Handlers<StoreApi> = {
    createProject: ({ path, draft, replace }) => {
      if (!replace) return use(ProjectFile.create(resolve(path), draft));
      if (open?.path === resolve(path))
        throw invalid(path, `${path} is the project that is open. Choose another name.`);
      return replacing(resolve(path), () => use(ProjectFile.create(resolve(path), draft)));
    },
    openProject: ({ path }) => (open?.path === resolve(path) ? open.info() : use(ProjectFile.open(resolve(path)))),
    closeProject: () => {
      open?.close();
      open = undefined;
      server.emit("changed", { what: "project" });
    },
    currentProject: () => open?.info() ?? null,
    copyProject: ({ path, replace }) => onProject((project) => project.copyTo(resolve(path), replace)),
    verifyProject: () => onProject((project) => project.verify()),

    readDraft: () => onProject((project) => project.readDraft()),
    saveDraft: (draft) => onProject((project) => project.saveDraft(draft), "draft"),
    nameVersion: ({ name }) => onProject((project) => project.nameVersion(name), "versions"),
    listVersions: () => onProject((project) => project.listVersions()),
    readVersion: ({ id }) => onProject((project) => project.readVersion(id)),
    restoreVersion: ({ id }) => onProject((project) => project.restoreVersion(id), "draft", "versions"),
    renameVersion: ({ id, name }) => onProject((project) => project.renameVersion(id, name), "versions"),
    undeleteVersion: ({ id }) => onProject((project) => project.undeleteVersion(id), "versions"),
    deleteVersion: ({ id }) => onProject((project) => project.deleteVersion(id), "versions"),

    beginRun: ({ scene, model, asked }) => onProject(({ results }) => results.beginRun(scene, model, asked), "runs"),
    addResult: (result) => onProject(({ results }) => results.addResult(result), "results", "runs"),
    endRun: ({ runId, outcome, message }) =>
      onProject(({ results }) => results.endRun(runId, outcome, message), "runs"),
    listRuns: (query) => onProject(({ results }) => results.listRuns(query)),
    readRun: ({ id }) => onProject(({ results }) => results.readRun(id)),

    listResults: (query) => onProject(({ results }) => results.listResults(query)),
    readResult: ({ id }) => onProject(({ results }) => results.readResult(id)),
    readPicture: ({ id, size }) => onProject(({ results }) => results.readPicture(id, size)),
    markResults: ({ ids, starred, state }) =>
      onProject(({ results }) => results.markResults(ids, starred, state), "results"),
    readAttention: ({ id }) => onProject(({ results }) => results.readAttention(id)),
    refillBin: ({ ids }) => onProject(({ results }) => results.refillBin(ids), "results", "runs"),
    emptyBin: () => onProject(({ results }) => results.emptyBin(), "results", "runs"),
    exportPictures: ({ ids, folder }) => onProject(({ results }) => exportPictures(results, ids, resolve(folder))),
    importPicture: ({ path }) => onProject(({ results }) => importPicture(results, resolve(path)), "results", "runs"),

    recentProjects: () => library.recentProjects(),
    forgetProject: ({ path }) => onLibrary("recent", () => library.forgetProject(path)),
    knownModels: () => library.knownModels(),
    rememberModel: ({ request, name }) => onLibrary("models", () => library.rememberModel(request, name)),
    forgetModel: ({ path }) => onLibrary("models", () => library.forgetModel(path)),
    readPreferences: () => library.readPreferences(),
    writePreferences: (changes) => onLibrary("preferences", () => library.writePreferences(changes)),
  };

  const server: Server<StoreEvents> = serve<StoreApi, StoreEvents>(port, handlers, storeSchemas);
  server.closed.addEventListener("abort", () => {
    open?.close();
    library.close();
    onEnd();
  });
}

/** Makes a file where there may be one; the old one is gone only when the new one is whole. */
function replacing<T>(path: string, make: () => T): T {
  const aside = setAside(path, "replaced");
  try {
    const made = make();
    if (aside !== undefined) removeDatabase(aside);
    return made;
  } catch (error) {
    if (aside !== undefined) {
      removeDatabase(path);
      putBack(aside, path);
    }
    throw error;
  }
}
