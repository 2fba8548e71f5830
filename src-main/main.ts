/** The main process, as a table of contents: windows, menus, dialogs, protocols, routing. It does no work of its own. */
import { app, dialog, session } from "electron";
import { join } from "node:path";
import { messageOf } from "./wire/errors.ts";
import { startEngine } from "./engine/host.ts";
import { filesOf } from "./main/arguments.ts";
import { runEngineHere } from "./main/engineHere.ts";
import { commandWords } from "./main/terminalHere.ts";
import { Engines } from "./main/engines.ts";
import { Embeddings } from "./main/embeddings.ts";
import { endInOrder } from "./main/ending.ts";
import { findFolders, isWritable, removeDragged, useDataFolderOfCommandLine } from "./main/folders.ts";
import { serveCalls } from "./main/ipc.ts";
import { beginLog, note } from "./main/log.ts";
import { Loras } from "./main/loras.ts";
import { Manual } from "./main/manual.ts";
import { HubAccess } from "./main/hubAccess.ts";
import { ModelHashes } from "./main/modelHashes.ts";
import { nameProtocols, serveProtocols } from "./main/protocols.ts";
import { routeEngine } from "./main/routeEngine.ts";
import { hardenContents, hardenSession } from "./main/security.ts";
import { findServices } from "./main/services.ts";
import { Themes } from "./main/themes.ts";
import { Updates } from "./main/updates.ts";
import { updateSource } from "./main/updateSource.ts";
import { windowCalls } from "./main/windowCalls.ts";
import { Windows } from "./main/windows.ts";
import { openModels } from "./models/host.ts";
import { PoolHost } from "./pool/host.ts";
import { Machines } from "./remote/host.ts";
import { BACKGROUND } from "./service/priority.ts";
import { openWorkshop } from "./workshop/host.ts";

app.setName("Diorama");
// As root, in development, Chromium cannot have its sandbox: tools/start.ts says so when it gives this switch.
if (!app.commandLine.hasSwitch("no-sandbox")) app.enableSandbox();
nameProtocols();
hardenContents();
useDataFolderOfCommandLine();

const asked = commandWords(process.argv);
// Where the data folder cannot be written, there is no lock to be had; the projects' own locks keep two programs apart.
if (asked?.command === "engine") {
  void runEngineHere(asked.words); // beside a window with the same data, or without one
} else if (asked) {
  // Large, and of no use to a window: what speaks with Redis is loaded for a worker alone.
  void import("./main/workerHere.ts").then(({ runWorkerHere }) => runWorkerHere(asked.words));
} else if (app.requestSingleInstanceLock() || !isWritable(app.getPath("userData"))) {
  beginLog(app.getPath("userData"));
  start().catch((error: unknown) => {
    const message = messageOf(error);
    note("main", message, "error");
    dialog.showErrorBox("Diorama cannot start", message);
    app.exit(1);
  });
} else {
  app.quit(); // the one that runs already is told what to open
}

async function start(): Promise<void> {
  const waiting = filesOf(process.argv, process.cwd());
  let openLater = (path: string): void => void waiting.push(path);
  app.on("open-file", (event, path) => {
    event.preventDefault();
    openLater(path);
  });
  await app.whenReady();

  const folders = findFolders();
  const services = findServices();
  const { fork, entry } = services;
  removeDragged(folders.dragged);
  const env = { [BACKGROUND]: "1" }; // a step takes all processors: a drag goes first
  const own = await startEngine({
    fork,
    env,
    timings: join(folders.data, "timings.json"),
    entry: entry("engine"),
    probeEntry: entry("engineProbe"),
    demoModel: folders.demoModel,
  });
  const machines = new Machines({ dataFolder: folders.data, app: app.getVersion(), fork, entry: entry("machines") });
  machines.on("machines", (told) => windows.tell("machines", told));
  machines.on("foundMachines", (found) => windows.tell("foundMachines", found));
  machines.on("log", ({ message }) => note("machines", message));
  const pool = new PoolHost({
    ...{ dataFolder: folders.data, app: app.getVersion(), demoModel: folders.demoModel, fork, entry: entry("pool") },
  });
  pool.on("pool", (told) => windows.tell("pool", told));
  pool.on("log", ({ message }) => note("pool", message));
  const engine = new Engines(own, machines, pool);
  const workshop = openWorkshop({ fork, entry: entry("workshop") });
  const models = openModels({ dataFolder: folders.data, lasting: true, fork, entry: entry("models") });
  models.on("changed", () => windows.tell("homeModels", {}));
  models.on("downloads", (downloads) => windows.tell("downloads", downloads));
  models.on("log", ({ message }) => note("models", message));
  const atHome = { models, hub: new HubAccess(folders.data) };
  const hashes = new ModelHashes(workshop, (message) => note("models", message));
  const loras = new Loras({
    file: join(folders.data, "loras.json"),
    workshop,
    demoModel: folders.demoModel,
    note: (message) => note("loras", message),
    findAtHome: async (name) => (await models.api.find({ kind: "lora", name })).path,
  });
  const embeddings = new Embeddings({ home: models.api, note: (message) => note("embeddings", message) });
  const themes = new Themes((event) => windows.tell("theme", event));
  const common = {
    folders,
    services,
    engine,
    pool,
    workshop,
    hashes,
    loras,
    embeddings,
    atHome,
    theme: () => themes.current,
  };
  const windows = new Windows(common, join(folders.data, "session.json"));

  hardenSession(session.defaultSession);
  serveProtocols(session.defaultSession, {
    bundle: folders.bundle,
    readPicture: (...picture) => windows.readPicture(...picture),
    developmentServer: app.isPackaged ? undefined : process.env["DIORAMA_DEV_SERVER"],
  });
  const restartEngine = routeEngine(own, windows);
  serveCalls(windows, (window) =>
    windowCalls(window, { windows, engine, machines, pool, restartEngine, themes, atHome, updates, manual }),
  );
  const endWith = endInOrder(windows, () =>
    Promise.all([own.stop(), workshop.stop(), models.stop(), machines.stop(), pool.stop()]),
  );
  const updates = new Updates({
    source: updateSource(),
    tell: (state) => windows.tell("update", state),
    endWith,
    endSaying: (message) => {
      note("updates", message);
      dialog.showErrorBox("Diorama was not updated", message);
      app.quit();
    },
    note: (message) => note("updates", message),
  });
  const manual = new Manual();
  windows.onOpened(({ store, window }) => {
    window.once("closed", () => (windows.all.length === 0 ? manual.close() : undefined));
    void themes.restore(store).catch(() => undefined); // the system's theme will do
    void updates.restore(store).catch(() => undefined); // the next start looks
  });

  openLater = (path) => windows.openAsked([path]);
  app.on("second-instance", (_event, argv, cwd) => {
    const files = filesOf(argv, cwd);
    if (files.length > 0) windows.openAsked(files);
    else windows.front?.window.focus();
  });
  app.on("activate", () => {
    if (windows.all.length === 0) windows.openAsked([]);
  });
  await windows.openFirst(waiting);
}
