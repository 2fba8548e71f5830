/** One window at work: its parts, made and connected; only what is at the top of the window knows all of them. */
import { messageOf } from "@wire/errors.ts";
import type { App } from "@api/bridge.ts";
import type { LoadRequest } from "@api/engine.ts";
import type { AppInfo, Theme, WindowState } from "@api/main.ts";
import { Advanced } from "./advanced.svelte.ts";
import { Checkpoint } from "./checkpoint.ts";
import { fromDraft } from "./document.ts";
import { adoptSettings, changeRun, changeSettingsOf } from "./edits.ts";
import { Editor } from "./editor.svelte.ts";
import { Exporting } from "./exporting.svelte.ts";
import { FilePlace } from "./filePlace.svelte.ts";
import { Grids } from "./grids.svelte.ts";
import { Health } from "./health.svelte.ts";
import { HomeState } from "./home.svelte.ts";
import { Jobs } from "./jobs.svelte.ts";
import { Labels } from "./labels.svelte.ts";
import { Live } from "./live.svelte.ts";
import { Loras } from "./loras.svelte.ts";
import { MachinesState } from "./machines.svelte.ts";
import { DEMO_REQUEST, Models } from "./models.svelte.ts";
import { Notices } from "./notices.svelte.ts";
import { takeOpened } from "./opened.ts";
import { PoolAccess } from "./pool.svelte.ts";
import { Presets } from "./presets.svelte.ts";
import { Projects } from "./projects.svelte.ts";
import { Queue } from "./queue.svelte.ts";
import { Restoring } from "./restoring.ts";
import { Results } from "./results.svelte.ts";
import { Runs } from "./runs.ts";
import { Saving } from "./saving.svelte.ts";
import { Starts } from "./starts.svelte.ts";
import { Tries } from "./tries.svelte.ts";
import { Updates } from "./updates.svelte.ts";
import { View } from "./view.svelte.ts";
import { Scouting } from "./scouting.svelte.ts";
import { Wishes } from "./wishes.svelte.ts";

export class Session {
  readonly app: App;
  readonly editor = new Editor();
  readonly view = new View();
  readonly notices = new Notices();
  readonly advanced: Advanced;
  readonly health: Health;
  readonly jobs: Jobs;
  readonly queue: Queue;
  readonly results: Results;
  readonly models: Models;
  readonly machines: MachinesState;
  readonly pool: PoolAccess;
  readonly checkpoint: Checkpoint;
  readonly loras: Loras;
  readonly home: HomeState;
  readonly saving: Saving;
  readonly projects: Projects;
  readonly place: FilePlace;
  readonly presets: Presets;
  readonly restoring: Restoring;
  readonly runs: Runs;
  readonly wishes: Wishes;
  readonly scouting: Scouting;
  readonly labels: Labels;
  readonly tries: Tries;
  readonly starts: Starts;
  readonly grids: Grids;
  readonly live: Live;
  readonly exporting: Exporting;
  readonly updates: Updates;
  info: AppInfo | undefined = $state.raw();
  /** False until the window knows what to show. */
  ready = $state(false);
  failed: string | undefined = $state();

  constructor(app: App) {
    const { editor, view, notices } = this;
    this.app = app;
    editor.onRefused = (why) => notices.error(new Error(why));
    this.advanced = new Advanced(app);
    this.health = new Health(app);
    this.updates = new Updates(app, notices);
    this.jobs = new Jobs(app);
    this.queue = new Queue({ app, editor, jobs: this.jobs, notices });
    this.results = new Results(app, editor, view);
    this.results.tray.say = (text) => notices.done(text);
    this.models = new Models(app);
    this.machines = new MachinesState(app, notices);
    this.pool = new PoolAccess(app, notices);
    this.pool.onBack = () => this.#isBack((model) => this.pool.has(model));
    this.models.nameElsewhere = (request) => this.machines.nameOf(request) ?? this.pool.nameOf(request);
    this.machines.onBack = (id) => this.#isBack((model) => this.machines.of(model)?.id === id);
    this.checkpoint = new Checkpoint(app, editor, this.models, notices);
    this.loras = new Loras(app, editor, this.models, notices);
    this.home = new HomeState(app, notices);
    this.saving = new Saving(app, editor);
    this.projects = new Projects(app, editor, this.saving, view, notices);
    this.presets = new Presets(app);
    this.place = new FilePlace(app, editor, this.saving, this.projects, notices);
    this.restoring = new Restoring(editor, this.results, view, notices);
    this.restoring.onDrawnWith = (model) => this.checkpoint.offer(model);
    this.runs = new Runs(app, this.results, view, this.restoring);
    this.wishes = new Wishes({ app, editor, jobs: this.jobs, results: this.results, view, notices });
    const model = () => editor.document.model ?? DEMO_REQUEST;
    this.labels = new Labels(app, editor, (action) => this.attempt(action));
    this.scouting = new Scouting({ app, editor, jobs: this.jobs, notices, model });
    this.starts = new Starts({ app, editor, results: this.results, restoring: this.restoring, notices });
    this.wishes.originOf = (scene) => this.starts.originOf(scene);
    this.tries = new Tries(app, this.results, this.jobs);
    this.exporting = new Exporting(app, notices);
    const { jobs, results, restoring } = this;
    this.grids = new Grids({ app, editor, jobs, results, view, notices, restoring });
    const { models } = this;
    this.live = new Live({ app, editor, models, notices, results, view });
    this.health.onRestarted = (service) => this.#restarted(service);
    app.on("project", ({ state }) => void this.#show(state));
    app.on("opened", (opened) => void takeOpened(this, [opened]));
    app.on("job", ({ outcome, error }) => {
      if (outcome) this.examine(); // how long the next one takes is known better now
      if (outcome !== "failed" || !error) return; // told once, at the end
      const run = () => void (view.mode = "history");
      notices.error(new Error(error.message), { label: "Show in History", run });
    });
    app.on("theme", ({ theme }) => (view.theme = theme));
    app.on("closing", () => void this.#close());
  }

  async start(): Promise<void> {
    try {
      const presets = this.attempt(() => this.presets.read());
      const state = await this.app.api.windowState();
      await presets; // a new project may begin with them
      await this.#show(state);
      this.info = await this.app.api.appInfo();
      await this.attempt(() => this.updates.start());
      await this.attempt(() => this.machines.read());
      await this.attempt(() => this.pool.read());
      await this.models.listProviders();
      await this.exporting.restore();
      await this.advanced.restore();
      await this.live.restore();
    } catch (error) {
      if (!this.ready) this.failed = messageOf(error);
      else this.notices.error(error);
    }
  }

  async #show(state: WindowState): Promise<void> {
    const { project, draft, jobs, queue, model, theme, recovered, firstStart } = state;
    this.view.theme = theme;
    this.models.summary = model;
    this.jobs.show(jobs);
    this.queue.show(queue);
    this.notices.dismissOfDocument();
    this.editor.open(fromDraft(draft.draft));
    this.saving.show(project, draft.changed);
    this.place.show(state); // which may bring back changes that are not saved yet
    this.wishes.dismiss();
    this.live.open();
    this.health.greeting = recovered
      ? "Diorama did not close in order last time. Everything saved until then is here, the draft included."
      : project.notes.join(" ") || undefined;
    this.view.mode = "compose";
    // What a project has is to be seen; whether rulers are wished else is the person's.
    if (this.editor.document.guides.length > 0) this.view.rulers = true;
    this.view.ask("fit");
    this.ready = true;
    this.view.newcomer = firstStart;
    const wanted = this.editor.document.model ?? DEMO_REQUEST;
    this.models.wanted = wanted;
    if (this.editor.document.model === null) this.saving.fillIn(changeRun({ model: wanted }));
    // A draft that no window has written yet leaves the settings to the checkpoint.
    const isFresh = Object.keys(draft.draft.editor).length === 0;
    this.wishes.opened = this.#openModel(model?.path === wanted.path ? undefined : wanted, isFresh);
    void this.#offerInterrupted();
    void this.attempt(() => this.scouting.look());
    this.labels.forget();
    await Promise.all([this.results.open(project), this.models.list(), this.wishes.opened]);
    this.examine();
  }

  /** Runs of a grid are offered with it; where grids cannot be read, like the others. */
  async #offerInterrupted(): Promise<void> {
    let inGrids: ReadonlySet<number> | undefined;
    await this.attempt(async () => (inGrids = await this.grids.open()));
    await this.attempt(() => this.wishes.offerInterrupted(inGrids));
  }

  async #openModel(request: LoadRequest | undefined, isFresh: boolean): Promise<void> {
    const { settings } = this.editor.document;
    if (request) await this.models.load(request);
    const { summary } = this.models;
    if (isFresh && summary && this.editor.document.settings === settings) {
      const { standard } = this.presets;
      this.saving.fillIn(standard ? changeSettingsOf(standard) : adoptSettings(summary.defaults));
    }
  }

  /** Called after every change of the document: saves it and has it looked at, a moment later. */
  documentChanged(): void {
    this.wishes.documentChanged();
    this.live.documentChanged();
    this.checkpoint.follow();
    this.loras.follow();
    this.examine();
    this.saving.documentChanged();
  }

  examine(): void {
    this.models.examineSoon(() => this.editor.document);
  }

  async #close(): Promise<void> {
    await this.saving.now();
    await this.app.api.readyToClose({ problem: this.saving.problem });
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
        run: () => id !== undefined && void this.restoring.result(id),
      };
      this.notices.done("Its boxes are where they were. Move or resize one on the canvas, then try again.", compose);
    });
  }

  async openFiles(files: File[]): Promise<void> {
    if (files.length === 0) return;
    await this.attempt(async () => takeOpened(this, await this.app.openFiles(files), files));
  }

  async importPictures(): Promise<void> {
    await this.attempt(async () => takeOpened(this, (await this.app.api.importPictures()) ?? []));
  }

  async setTheme(theme: Theme): Promise<void> {
    this.view.theme = theme;
    await this.attempt(() => this.app.api.setTheme(theme));
  }

  /** Does something that may fail; the failure is shown. */
  async attempt(action: () => Promise<unknown>): Promise<void> {
    await this.notices.attempt(action);
  }

  /** What could not be opened on it, or looked at, can be now. */
  #isBack(has: (model: LoadRequest) => boolean): void {
    const { model } = this.editor.document;
    if (!model || !has(model)) return;
    if (this.models.summary?.path === model.path) this.examine();
    else void this.models.load(model).then(() => this.examine());
  }

  #restarted(service: "engine" | "store"): void {
    this.examine();
    if (service === "store") void this.results.refresh();
    if (this.saving.state === "failed") void this.saving.now();
  }
}
