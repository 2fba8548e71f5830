/** One window and what belongs to it: its project, its store process, its jobs, its checkpoint. */
import type { BrowserWindow } from "electron";
import type { CommandName } from "../api/commands.ts";
import type { LoadRequest } from "../api/engine.ts";
import type { MainEvents, Opened, WindowState } from "../api/main.ts";
import type { Client } from "../wire/rpc.ts";
import type { Scene } from "../scene/scene.ts";
import type { Draft, ProjectInfo, StoreApi } from "../api/store.ts";
import type { ServiceExit } from "../service/supervisor.ts";
import { startStore, type Store } from "../store/host.ts";
import { START_PAGE } from "./addresses.ts";
import { withoutStack } from "./calls.ts";
import { askToStopDrawing } from "./dialogs.ts";
import { emptyDraft, sampleDraft } from "./drafts.ts";
import { Exports } from "./exports.ts";
import { createFrame } from "./frame.ts";
import { Jobs } from "./jobs.ts";
import { note } from "./log.ts";
import type { Bounds, Opening } from "./lastSession.ts";
import { letGo } from "./letGo.ts";
import { LiveDrawing } from "./liveDrawing.ts";
import type { Embeddings } from "./embeddings.ts";
import type { Loras } from "./loras.ts";
import { Models } from "./models.ts";
import { OpenProject } from "./openProject.ts";
import { keepPage } from "./pageDeaths.ts";
import { PageEvents } from "./pageEvents.ts";
import { PageSaving } from "./pageSaving.ts";
import type { Workshop } from "../workshop/host.ts";
import type { Shared } from "./shared.ts";
import { estimateOf } from "./estimates.ts";
import { askAboutSilence } from "./silence.ts";
import { serveTextMenu } from "./textMenu.ts";
import { within } from "./within.ts";

/** How long the jobs of a window may take to stop before it closes, in milliseconds. */
const PATIENCE = 5_000;

export class ProjectWindow {
  readonly window: BrowserWindow;
  readonly store: Client<StoreApi>;
  readonly project: OpenProject;
  readonly jobs: Jobs;
  readonly live: LiveDrawing;
  readonly models: Models;
  readonly exports: Exports;
  readonly workshop: Workshop;
  readonly loras: Loras;
  readonly embeddings: Embeddings;
  /** The checkpoint that this window works with. */
  model: LoadRequest | undefined;
  commands: { disabled: readonly CommandName[]; checked: readonly CommandName[] } = { disabled: [], checked: [] };

  readonly #shared: Shared<ProjectWindow>;
  readonly #service: Store;
  #firstStart = false;
  #recovered = false;
  readonly #page: PageEvents;
  readonly #saving: PageSaving;
  #closing: Promise<boolean> | undefined;
  #isGone = false;

  constructor(shared: Shared<ProjectWindow>, { bounds }: { bounds?: Bounds | undefined } = {}) {
    this.#shared = shared;
    this.#service = startStore({
      dataFolder: shared.folders.data,
      fork: shared.services.fork,
      entry: shared.services.entry("store"),
      onExit: (exit) => this.#onStoreExit(exit),
      onSilence: (silence) => void askAboutSilence(this, silence),
    });
    this.store = this.#service.api;
    this.#service.on("changed", (changed) => {
      this.emit("changed", changed);
      shared.onChanged(changed.what);
    });
    this.#service.on("place", ({ project, note }) => this.#onPlace(project, note));
    this.#service.on("kept", (kept) => this.emit("kept", kept));
    this.project = new OpenProject(this.store, shared.folders.untitled);
    const { workshop, hashes, folders, atHome } = shared;
    this.models = new Models(this.store, workshop, hashes, folders.demoModel, atHome.models.api);
    this.jobs = new Jobs({
      engine: shared.engine,
      store: this.#service.api, // it does its own repeating: some of these calls must not be made twice
      turns: shared.turns,
      pool: shared.pool,
      estimate: (model, scenes) => estimateOf(shared.engine, model, scenes),
      others: () => shared.drawingBeside(this),
      resolve: (scene) => this.resolve(scene),
      note: (message) => note("jobs", message),
      sha256Of: (model) => shared.engine.sha256Of(model) ?? this.models.sha256Of(model.path),
      emit: (name, payload) => this.emit(name, payload),
    });
    this.live = new LiveDrawing({
      ...{ engine: shared.engine, turns: shared.turns },
      resolve: (scene) => this.resolve(scene),
      readStart: (hash) => this.store.readStart({ hash }),
      emit: (step) => this.emit("live", step),
    });
    this.window = createFrame(bounds);
    this.#page = new PageEvents(this.window);
    this.#saving = new PageSaving(this.#page);
    this.workshop = shared.workshop;
    this.loras = shared.loras;
    this.embeddings = shared.embeddings;
    this.exports = new Exports({
      window: this.window,
      store: this.store,
      workshop: shared.workshop,
      dragFolder: shared.folders.dragged,
      projectName: () => this.project.state.name,
    });
    serveTextMenu(this.window);
    this.window.on("focus", () => this.#lookAfterFile());
    this.window.on("close", (event) => {
      if (this.#isGone) return;
      event.preventDefault();
      void this.close("window");
    });
    keepPage(this.window, { isGone: () => this.#isGone, close: () => void this.close("window") });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Process id of the store, for tests and messages. */
  get storePid(): number | undefined {
    return this.#service.pid;
  }

  /** Opens the first project and shows the page. A project that cannot be opened is thrown, or gives way to an empty one with the reason told. */
  async show(opening: Opening, otherwise: "throw" | "or empty"): Promise<void> {
    const { folders } = this.#shared;
    this.#recovered = opening.recovered ?? false;
    try {
      if (opening.path !== undefined) await this.#open(opening.path);
    } catch (error) {
      if (otherwise === "throw") throw error;
      this.emit("opened", { kind: "refused", path: opening.path!, error: withoutStack(error) });
    }
    if (!this.project.isOpen) {
      const sample = sampleDraft(folders.sampleScene);
      this.#firstStart = opening.sample === true;
      await this.project.createUntitled(this.#firstStart ? sample : emptyDraft(sample));
    }
    await this.#takeUpJobs();
    this.#onProject();
    await this.window.loadURL(START_PAGE);
  }

  /** A scene as the engine takes it: with the files of its LoRAs and embeddings. */
  async resolve(scene: Scene): Promise<Scene> {
    return this.embeddings.resolve(await this.loras.resolve(scene), this.model);
  }

  emit<Name extends keyof MainEvents>(name: Name, payload: MainEvents[Name]): void {
    if (!this.#isGone) this.#page.emit(name, payload);
  }

  /** What the page shows; from now on it hears events. */
  async state(): Promise<WindowState> {
    const state = await this.#state();
    this.#page.begin();
    return state;
  }

  /** Opens another project in this window. Of one that cannot be opened, what was kept of it becomes a new one. */
  async openHere(path: string): Promise<void> {
    try {
      await this.#change(() => this.#open(path));
    } catch (error) {
      const draft = this.#shared.unsaved.draftOf(path);
      if (!draft) throw error;
      await this.createHere(draft);
      this.#shared.unsaved.take(path);
      const note = `${withoutStack(error).message} What was not saved of it is here, as a new project.`;
      this.emit("place", { project: this.project.state, note });
    }
  }

  async createHere(draft: Draft | null): Promise<void> {
    const fresh = draft ?? emptyDraft((await this.store.readDraft()).draft);
    await this.#change(async () => {
      const before = this.project.state;
      this.#keep(before, await this.project.createUntitled(fresh));
    });
  }

  /** Goes on in a copy; pictures that arrive meanwhile wait. */
  async moveTo(path: string, draft: Draft): Promise<void> {
    const note = await this.jobs.paused(() => this.project.moveTo(path, draft));
    await this.jobs.unkept.tryAgain();
    this.#onProject();
    this.emit("place", { project: this.project.state, note }); // what was typed meanwhile stays as it is
  }

  /** Opens a project, keeps what could not be saved of the one before, and takes up what was kept of this one. */
  async #open(path: string): Promise<void> {
    const { unsaved } = this.#shared;
    const before = this.project.isOpen ? this.project.state : undefined;
    const draft = await this.project.open(path);
    if (before) this.#keep(before, draft);
    const kept = unsaved.take(path);
    this.project.takeUp(kept?.draft);
    for (const picture of kept?.pictures ?? []) this.jobs.unkept.add(picture);
    await this.jobs.unkept.tryAgain();
  }

  #keep({ path, title: name }: ProjectInfo, draft: Draft | undefined): void {
    this.#shared.unsaved.keep({ path, name, draft, pictures: this.jobs.unkept.take() });
  }

  /** Opens the files that were dropped here, or came from outside. */
  async openFiles(paths: readonly string[]): Promise<Opened[]> {
    const opened: Opened[] = [];
    for (const path of paths) {
      try {
        opened.push(await this.#shared.openFile(this, path));
      } catch (error) {
        opened.push({ kind: "refused", path, error: withoutStack(error) });
      }
    }
    return opened;
  }

  /** The page has saved, or tells why it could not. */
  readyToClose(problem: string | null): void {
    this.#saving.answered(problem);
  }

  /** Saves, stops what is running, lets go of the project, and closes; false when the person would rather stay. */
  close(reason: "window" | "quit"): Promise<boolean> {
    this.#closing ??= this.#close(reason).finally(() => (this.#closing = undefined));
    return this.#closing;
  }

  async #close(reason: "window" | "quit"): Promise<boolean> {
    if (this.#isGone) return true;
    if (this.jobs.areDrawing && !(await askToStopDrawing(this.window, this.project.state.title))) return false;
    if (reason === "window" && !(await this.#shared.mayClose(this))) return false;
    const problem = await this.#saving.ask(reason);
    this.jobs.interruptAll();
    await within(PATIENCE, this.jobs.settled());
    if (this.project.isOpen && !(await this.#letGo(problem))) return false;
    this.#shared.onClosing(this, reason);
    await this.discard();
    return true;
  }

  #letGo(problem: string | null): Promise<boolean> {
    const { window, project, jobs, store } = this;
    const saveAt = async (path: string) => this.moveTo(path, project.unsaved ?? (await store.readDraft()).draft);
    return letGo({ window, project, unkept: jobs.unkept, problem, saveAt });
  }

  /** Goes away at once, saving nothing. */
  async discard(): Promise<void> {
    this.#isGone = true;
    this.live.stop();
    this.window.hide();
    await this.#service.stop();
    this.project.tidy();
    this.window.destroy();
  }

  async #change(change: () => Promise<void>): Promise<void> {
    await change();
    this.live.stop();
    this.jobs.clear();
    await this.#takeUpJobs();
    this.#recovered = this.#firstStart = false;
    this.#onProject();
    this.emit("project", { state: await this.#state() });
  }

  /** The queue as it was left. What can be collected from a pool is no reason not to open a project. */
  async #takeUpJobs(): Promise<void> {
    await this.jobs.restoreQueue();
    await this.jobs.collect().catch((error: unknown) => note("jobs", withoutStack(error).message));
  }

  async #state(): Promise<WindowState> {
    const draft = await this.store.readDraft();
    const project = this.project.state;
    return {
      project: { ...project, ...(await this.store.currentProject()), notes: project.notes },
      draft,
      unsavedDraft: this.project.unsaved ?? null,
      unsaved: this.#shared.unsaved.projects,
      jobs: this.jobs.list(),
      queue: this.jobs.queue,
      model: (this.model && this.#shared.engine.summaryOf(this.model)) ?? null,
      theme: this.#shared.theme(),
      firstStart: this.#firstStart,
      recovered: this.#recovered,
    };
  }

  /** Other programs may have done something to the file while another window was in front; what, the store tells as an event. */
  #lookAfterFile(): void {
    if (!this.project.isOpen || this.#isGone) return;
    this.store.currentProject().catch((error: unknown) => {
      note("window", `its project cannot be looked at: ${withoutStack(error).message}`);
    });
  }

  #onPlace(project: ProjectInfo, note: string | null): void {
    if (!this.project.isOpen) return;
    this.project.placed(project);
    this.#onProject();
    this.emit("place", { project: this.project.state, note });
  }

  /** A project without a name of its own is called by its prompt, which changes. */
  showTitle(): void {
    const title = `${this.project.state.title} – Diorama`;
    if (this.window.getTitle() !== title) this.window.setTitle(title);
  }

  #onProject(): void {
    const { path, untitled } = this.project.state;
    this.showTitle();
    this.window.setRepresentedFilename(untitled ? "" : path);
    this.#shared.onProject(this);
  }

  #onStoreExit({ expected, lastWords }: ServiceExit): void {
    if (expected || this.#isGone) return;
    const why = lastWords ? ` It said last: ${lastWords}` : "";
    const message = `The process that keeps the project ended and is started again. Nothing that was saved is lost.${why}`;
    this.emit("service", { service: "store", state: "ended", message });
    void this.store.currentProject().then(
      () => this.emit("service", { service: "store", state: "restarted", message: "The project is open again." }),
      (error: unknown) =>
        this.emit("service", { service: "store", state: "failed", message: withoutStack(error).message }),
    );
  }
}
