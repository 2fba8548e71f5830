/** One window at work: the editor, what the engine and the store tell it, and what the person can ask of them. */
import { messageOf } from "@api/errors.ts";
import type { App } from "@api/bridge.ts";
import { asWritten } from "@api/alternatives.ts";
import type { LoadRequest } from "@api/engine.ts";
import type { AppInfo, ProjectState, ServiceState, Theme, WindowState } from "@api/main.ts";
import { projectTitle } from "@api/projectTitle.ts";
import type { Scene } from "@api/scene.ts";
import { followModel } from "./checkpoint.ts";
import { fromDraft, fromScene, toDraft } from "./document.ts";
import { type AlreadyDrawn, drawComposed, offerInterrupted } from "./drawing.ts";
import { adoptSettings, changeRun } from "./edits.ts";
import { Editor } from "./editor.svelte.ts";
import { Exporting } from "./exporting.svelte.ts";
import { FilePlace } from "./filePlace.svelte.ts";
import { Jobs } from "./jobs.svelte.ts";
import { DEMO_REQUEST, Models } from "./models.svelte.ts";
import { Notices } from "./notices.svelte.ts";
import { takeOpened } from "./opened.ts";
import { Projects } from "./projects.svelte.ts";
import { Results } from "./results.svelte.ts";
import { Tries } from "./tries.svelte.ts";
import { View } from "./view.svelte.ts";

const SAVE_AFTER = 400;
const EXAMINE_AFTER = 150;

export class Session {
  readonly app: App;
  readonly editor = new Editor();
  readonly view = new View();
  readonly notices = new Notices();
  readonly jobs: Jobs;
  readonly results: Results;
  readonly models: Models;
  readonly tries: Tries;
  readonly projects: Projects;
  readonly exporting: Exporting;
  readonly place: FilePlace;
  project: ProjectState | undefined = $state.raw();
  info: AppInfo | undefined = $state.raw();
  /** False until the window knows what to show. */
  ready = $state(false);
  failed: string | undefined = $state();
  saving: "saved" | "waiting" | "saving" | "failed" = $state("saved");
  /** Differs from the version last named. */
  changed = $state(false);
  service: ServiceState | undefined = $state.raw();
  /** Why nothing can be written into the app's own folder. */
  unkept: string | undefined = $state();
  /** Something to know about this start, such as that the program had crashed. */
  greeting: string | undefined = $state();
  /** What is wrong with the last wish to generate, shown at the button. */
  problem: string | undefined = $state();
  starting = $state(false);
  /** Seeds of that wish which the project has already. */
  already: AlreadyDrawn | undefined = $state.raw();

  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  #examineTimer: ReturnType<typeof setTimeout> | undefined;
  #saved = 0;
  /** Why the last save failed, while `saving` is "failed". */
  #whyUnsaved = "";
  /** Done when the checkpoint of the project just opened is there, and its settings are taken over. */
  opened: Promise<void> = Promise.resolve();

  constructor(app: App) {
    this.app = app;
    this.editor.onRefused = (why) => this.notices.error(new Error(why));
    this.jobs = new Jobs(app);
    this.results = new Results(app, this.editor, this.view);
    this.results.tray.say = (text) => this.notices.done(text);
    this.models = new Models(app);
    this.tries = new Tries(app, this.results, this.jobs);
    this.projects = new Projects(this);
    this.exporting = new Exporting(app, this.notices);
    this.place = new FilePlace(this);
    app.on("project", ({ state }) => void this.#show(state));
    app.on("opened", (opened) => void takeOpened(this, [opened]));
    app.on("job", ({ outcome, error }) => {
      if (outcome !== "failed" || !error) return; // told once, at the end
      const run = () => void (this.view.mode = "history");
      this.notices.error(new Error(error.message), { label: "Show in History", run });
    });
    app.on("service", (service) => this.#serviceChanged(service));
    app.on("kept", ({ why }) => (this.unkept = why ?? undefined));
    app.on("theme", ({ theme }) => (this.view.theme = theme));
    app.on("closing", () => void this.#close());
  }

  /** What the project is called, as long as it has no name of its own by what is written. */
  get title(): string {
    return this.project ? projectTitle(this.project.name, this.editor.document.prompt) : "";
  }

  async start(): Promise<void> {
    try {
      await this.#show(await this.app.api.windowState());
      this.info = await this.app.api.appInfo();
      await this.models.listProviders();
      await this.exporting.restore();
    } catch (error) {
      if (!this.ready) this.failed = messageOf(error);
      else this.notices.error(error);
    }
  }

  async #show(state: WindowState): Promise<void> {
    const { project, draft, jobs, model, theme, recovered, firstStart } = state;
    clearTimeout(this.#saveTimer);
    this.project = project;
    this.view.theme = theme;
    this.models.summary = model;
    this.jobs.show(jobs);
    this.editor.open(fromDraft(draft.draft));
    this.#saved = this.editor.revision;
    this.saving = "saved";
    this.changed = draft.changed;
    this.place.show(state); // which may bring back changes that are not saved yet
    this.problem = this.already = undefined;
    this.greeting = recovered
      ? "Diorama did not close in order last time. Everything saved until then is here, the draft included."
      : project.notes.join(" ") || undefined;
    this.view.mode = "compose";
    this.view.ask("fit");
    this.ready = true;
    this.view.newcomer = firstStart;
    const wanted = this.editor.document.model ?? DEMO_REQUEST;
    this.models.wanted = wanted;
    if (this.editor.document.model === null) this.#fillIn(changeRun({ model: wanted }));
    // A draft that no window has written yet leaves the settings to the checkpoint.
    const isFresh = Object.keys(draft.draft.editor).length === 0;
    this.opened = this.#openModel(model?.path === wanted.path ? undefined : wanted, isFresh);
    if (recovered) void this.attempt(() => offerInterrupted(this));
    await Promise.all([this.results.open(project), this.models.list(), this.opened]);
    this.examine();
  }

  async #openModel(request: LoadRequest | undefined, isFresh: boolean): Promise<void> {
    const { settings } = this.editor.document;
    if (request) await this.models.load(request);
    const { summary } = this.models;
    if (isFresh && summary && this.editor.document.settings === settings) {
      this.#fillIn(adoptSettings(summary.defaults));
    }
  }

  /** What the program itself fills in is no change of the person's: where nothing can be written, nothing of theirs is unsaved. */
  #fillIn(change: Parameters<Editor["adjust"]>[0]): void {
    const wasSaved = this.editor.revision === this.#saved;
    this.editor.adjust(change);
    if (wasSaved && this.project?.trouble?.kind === "read-only") this.#saved = this.editor.revision;
  }

  /** Called after every change of the document: saves it and has it looked at, a moment later. */
  documentChanged(): void {
    this.problem = undefined;
    this.already = undefined;
    followModel(this);
    this.examine();
    if (this.editor.revision === this.#saved) return;
    this.saving = "waiting";
    this.changed = true;
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => void this.saveNow(), SAVE_AFTER);
  }

  examine(): void {
    clearTimeout(this.#examineTimer);
    this.#examineTimer = setTimeout(() => void this.models.examine(this.editor.document), EXAMINE_AFTER);
  }

  /** Resolves when what is on the screen is on the disk. */
  async saveNow(): Promise<void> {
    clearTimeout(this.#saveTimer);
    const { revision } = this.editor;
    const { project } = this;
    if (revision === this.#saved || !project) return;
    const isOver = () => this.project?.key !== project.key;
    this.saving = "saving";
    try {
      const { changed } = await this.app.api.saveDraft({ key: project.key, draft: toDraft(this.editor.document) });
      if (isOver()) return;
      this.#saved = revision;
      this.changed = changed;
      this.saving = revision === this.editor.revision ? "saved" : "waiting";
    } catch (error) {
      if (isOver()) return;
      this.saving = "failed";
      this.#whyUnsaved = messageOf(error).slice(0, 2_000);
      this.place.saveFailed(error);
    }
  }

  async #close(): Promise<void> {
    await this.saveNow();
    await this.app.api.readyToClose({ problem: this.saving === "failed" ? this.#whyUnsaved : null });
  }

  /** Draws the scene once for each seed. What is wrong is said at the button. */
  generate(): Promise<void> {
    return drawComposed(this);
  }

  /** Draws results again with the same noise and settings, in the layout as it is now, and shows them side by side. */
  async tryLayout(ids: readonly number[] = this.results.selection.chosen): Promise<void> {
    await this.attempt(async () => {
      const model = this.editor.document.model ?? DEMO_REQUEST;
      if (await this.tries.begin(ids, this.editor.document, model)) {
        this.view.mode = "compare";
        return;
      }
      const [id] = ids;
      const compose = {
        label: "Put its boxes on the canvas",
        run: () => id !== undefined && void this.restoreResult(id),
      };
      this.notices.done("Its boxes are where they were. Move or resize one on the canvas, then try again.", compose);
    });
  }

  /** Puts a scene into the editor. The draft that was there is one undo away. */
  restore(scene: Scene, seeds: string, label = "Restore scene"): void {
    const { boxes, model } = this.editor.document;
    const looks = Object.fromEntries(boxes.map(({ id, name, color }) => [id, { name, color }]));
    if (!this.editor.open({ ...fromScene(scene, looks), seeds, model }, label)) return;
    this.view.mode = "compose";
    this.view.ask("fit");
    this.notices.done("The scene is back in the editor.", { label: "Undo", run: () => void this.editor.undo() });
  }

  async restoreResult(id: number): Promise<void> {
    await this.attempt(async () => {
      const { record } = await this.results.details.read(id);
      this.restore(asWritten(record.scene), record.seed);
      this.results.selection.current = id;
    });
  }

  async openFiles(files: File[]): Promise<void> {
    if (files.length === 0) return;
    await this.attempt(async () => takeOpened(this, await this.app.openFiles(files)));
  }

  async importPictures(): Promise<void> {
    await this.attempt(async () => takeOpened(this, (await this.app.api.importPictures()) ?? []));
  }

  /** What was on the screen at `revision` is on the disk, as a version or in another file. */
  isSaved(project: ProjectState, revision: number): void {
    this.project = project;
    this.#saved = revision;
    this.changed = revision !== this.editor.revision;
    this.saving = this.changed ? "waiting" : "saved";
  }

  async setTheme(theme: Theme): Promise<void> {
    this.view.theme = theme;
    await this.attempt(() => this.app.api.setTheme(theme));
  }

  /** Does something that may fail; the failure is shown. */
  async attempt(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.notices.error(error);
    }
  }

  #serviceChanged(service: ServiceState): void {
    this.service = service;
    if (service.state !== "restarted") return;
    this.examine();
    if (service.service === "store") void this.results.refresh();
    if (this.saving === "failed") void this.saveNow();
    setTimeout(() => {
      if (this.service === service) this.service = undefined;
    }, 6_000);
  }
}
