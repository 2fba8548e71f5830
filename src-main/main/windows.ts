/** All windows: which there are, what they have open, what the menu shows for the one in front. */
import { app, BrowserWindow, type WebContents } from "electron";
import { existsSync, statSync } from "node:fs";
import { basename, extname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { LoadRequest } from "../api/engine.ts";
import { AppError } from "../wire/errors.ts";
import type { CommandName } from "../api/commands.ts";
import type { MainEvents, Opened } from "../api/main.ts";
import { placeOfModel } from "../api/machines.ts";
import { MODEL_PICTURES } from "../api/mainModels.ts";
import type { PictureSize, RecentProject } from "../api/store.ts";
import { isSameFile } from "../service/fileIdentity.ts";
import { DrawingTurns } from "../service/drawingTurns.ts";
import { showAbout, tellFailure } from "./dialogs.ts";
import { readSession, whatToOpen, writeSession, type Bounds, type Opening, type LastSession } from "./lastSession.ts";
import { askToLoseUnsaved } from "./lossDialogs.ts";
import { showMenu } from "./menu.ts";
import { openPicture } from "./openPictures.ts";
import { ENDING } from "./openProject.ts";
import { ProjectWindow } from "./projectWindow.ts";
import type { Shared } from "./shared.ts";
import { UnsavedWork } from "./unsavedWork.ts";
import { note } from "./log.ts";

type Common = Omit<
  Shared<ProjectWindow>,
  "unsaved" | "turns" | "drawingBeside" | "onChanged" | "onProject" | "mayClose" | "onClosing" | "openFile"
>;

/** Ends of the names of checkpoints, and of what people take for one: why that does not open is said where it is read. */
const WEIGHTS = [".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf"];
/** The same of pictures. */
const PICTURES = [".png", ".jpg", ".jpeg", ".webp", ".pdf", ".gif", ".heic", ".avif"];

/** Things whose change every window may show: they belong to the app. */
const APP_WIDE = ["recent", "models", "preferences"];

export class Windows {
  readonly unsaved = new UnsavedWork((projects) => this.tell("unsaved", { projects }));
  readonly #shared: Shared<ProjectWindow>;
  readonly #sessionFile: string;
  readonly #all = new Set<ProjectWindow>();
  #recent: RecentProject[] = [];
  /** What was open when the last window closed; it is opened again at the next start. */
  #lastOpen: { path: string; bounds?: Bounds }[] = [];
  #onOpened: ((window: ProjectWindow) => void) | undefined;

  constructor(common: Common, sessionFile: string) {
    this.#sessionFile = sessionFile;
    this.#shared = {
      ...common,
      unsaved: this.unsaved,
      turns: new DrawingTurns(() => performance.now(), placeOfModel),
      drawingBeside: (window) => this.drawingBeside(window).map(({ project }) => project.state.title),
      onChanged: (what) => this.#onChanged(what),
      onProject: (window) => this.#onProject(window),
      mayClose: (window) => this.#mayClose(window),
      onClosing: (window, reason) => this.#onClosing(window, reason),
      openFile: (window, path) => this.#openFile(window, path),
    };
    app.on("browser-window-focus", () => this.updateMenu());
  }

  get all(): readonly ProjectWindow[] {
    return [...this.#all];
  }

  /** Called with each window before its page is loaded. */
  onOpened(listener: (window: ProjectWindow) => void): void {
    this.#onOpened = listener;
  }

  /** The windows of the start: see `whatToOpen`. */
  async openFirst(files: readonly string[]): Promise<void> {
    const projects = files.filter(isProject);
    const openings = whatToOpen(projects, readSession(this.#sessionFile), existsSync);
    for (const opening of openings) await this.open(opening, "or empty");
    await this.openFiles(files.filter((file) => !isProject(file)));
  }

  /**
   * A new window. With a project that cannot be opened there is none and the reason is thrown, or, where a window is needed
   * all the same, an empty one that tells it.
   */
  async open(opening: Opening, otherwise: "throw" | "or empty" = "throw"): Promise<ProjectWindow> {
    const window = new ProjectWindow(this.#shared, { bounds: opening.bounds });
    this.#all.add(window);
    window.window.once("closed", () => this.#all.delete(window));
    this.#onOpened?.(window);
    try {
      await window.show(opening, otherwise);
    } catch (error) {
      await window.discard();
      throw error;
    }
    return window;
  }

  /** Opens files that the system or a menu asks for, or an empty window without any. No page waits for this, so a dialog tells of a failure. */
  openAsked(files: readonly string[]): void {
    const opened = files.length > 0 ? this.openFiles(files) : this.open({});
    opened.catch((error: unknown) => tellFailure(this.front?.window, error));
  }

  /** Files from outside: projects get their windows, everything else goes to the one in front. */
  async openFiles(files: readonly string[]): Promise<void> {
    for (const path of files) {
      const front = this.front ?? (await this.open({}));
      const [opened] = await front.openFiles([path]);
      if (opened) front.emit("opened", opened);
    }
  }

  /** The window in front, or the one that was. */
  get front(): ProjectWindow | undefined {
    const focused = BrowserWindow.getFocusedWindow();
    return this.all.find(({ window }) => window === focused) ?? this.all.at(-1);
  }

  of(contents: WebContents): ProjectWindow | undefined {
    return this.all.find(({ window, isGone }) => !isGone && window.webContents === contents);
  }

  withProject(path: string): ProjectWindow | undefined {
    return this.all.find(({ project, isGone }) => !isGone && project.isOpen && isSameFile(project.state.path, path));
  }

  /** Other windows that draw: what one asks for now comes after theirs. */
  drawingBeside(than: ProjectWindow): ProjectWindow[] {
    return this.all.filter((window) => window !== than && window.jobs.areDrawing);
  }

  /** Another window that draws with another checkpoint: the engine has one open at a time. */
  drawingWithAnother(than: ProjectWindow, model: LoadRequest): ProjectWindow | undefined {
    return this.all.find(
      (window) =>
        window !== than &&
        window.jobs.areDrawing &&
        placeOfModel(window.model) === placeOfModel(model) &&
        !isDeepStrictEqual(window.model, model),
    );
  }

  /** Brings the window that has this project to the front, which says so; false where none has. */
  focusProject(path: string): boolean {
    const found = this.withProject(path);
    if (found?.window.isMinimized()) found.window.restore();
    found?.window.show();
    found?.window.focus();
    found?.emit("opened", { kind: "project", path: found.project.state.path, here: true });
    return found !== undefined;
  }

  tell<Name extends keyof MainEvents>(name: Name, payload: MainEvents[Name]): void {
    for (const window of this.#all) window.emit(name, payload);
  }

  async readPicture(key: string, id: number, size: PictureSize): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (key === MODEL_PICTURES) return (await this.#shared.atHome.models.api.thumbnail({ id })) ?? undefined;
    const window = this.all.find(({ project }) => project.isOpen && project.state.key === key);
    return window?.store.readPicture({ id, size });
  }

  /** Closes all; false when one would rather stay. */
  async closeAll(): Promise<boolean> {
    if (this.#all.size === 0) return true; // closed one by one: the last of them is what was open
    if (this.front && !(await this.#mayEnd(this.front))) return false;
    this.#remember();
    const open = this.#lastOpen;
    for (const window of this.all) if (!(await window.close("quit"))) return false;
    this.#lastOpen = open;
    return true;
  }

  /** The program ends in order. */
  endSession(): void {
    this.#note({ clean: true, open: this.#lastOpen.filter(({ path }) => existsSync(path)) });
  }

  updateMenu(): void {
    const front = this.front;
    showMenu(
      {
        ...(front?.commands ?? { disabled: [], checked: [] }),
        recent: this.#recent,
        isMac: process.platform === "darwin",
        isPackaged: app.isPackaged,
      },
      {
        run: (command) => this.#run(command),
        openRecent: (path) => this.openAsked([path]),
        showAbout: () => showAbout(this.front?.window),
      },
    );
  }

  #run(command: CommandName): void {
    if (command === "file.newWindow") this.openAsked([]);
    else this.front?.emit("command", { command });
  }

  async #openFile(window: ProjectWindow, path: string): Promise<Opened> {
    if (isProject(path)) {
      if (!this.focusProject(path)) await this.open({ path });
      return { kind: "project", path, here: false };
    }
    const status = statSync(path, { throwIfNoEntry: false });
    const isFile = status?.isFile() && extname(path).toLowerCase() === ".safetensors";
    if (isFile && (await window.workshop.api.isLora({ path }))) {
      return { kind: "lora", path, lora: await window.loras.add(path, window.model?.path ?? null) };
    }
    if (status?.isDirectory() || WEIGHTS.includes(extname(path).toLowerCase())) {
      return { kind: "model", path, model: await window.models.add(path) };
    }
    if (status && !PICTURES.includes(extname(path).toLowerCase())) {
      const message = `${basename(path)} is nothing that opens here. What does: a project (.diorama), a picture or a sheet with its settings (PNG, JPEG, WebP, PDF), a checkpoint (a .safetensors file, or a folder as diffusers saves it).`;
      throw new AppError("file-unreadable", message, { path });
    }
    return openPicture(window, path);
  }

  #onChanged(what: string): void {
    if (what === "recent") void this.#readRecent();
    if (APP_WIDE.includes(what)) this.tell("changed", { what: what as MainEvents["changed"]["what"] });
  }

  async #readRecent(): Promise<void> {
    const recent = await this.front?.store.recentProjects().catch(() => undefined);
    if (!recent) return;
    this.#recent = recent;
    this.updateMenu();
  }

  #onProject({ project }: ProjectWindow): void {
    if (!project.state.untitled) app.addRecentDocument(project.state.path);
    this.#remember();
  }

  async #mayClose(window: ProjectWindow): Promise<boolean> {
    return this.#all.size > 1 || this.#mayEnd(window);
  }

  /** What is kept in memory goes with the program. */
  async #mayEnd({ window }: ProjectWindow): Promise<boolean> {
    const { projects } = this.unsaved;
    return projects.length === 0 || askToLoseUnsaved(window, projects);
  }

  #onClosing(window: ProjectWindow, reason: "window" | "quit"): void {
    if (reason === "window" && this.#all.size > 1) this.#remember(window);
  }

  /** Notes what is open, for the next start: also for one after a crash. */
  #remember(except?: ProjectWindow): void {
    this.#lastOpen = this.all
      .filter((window) => window !== except && !window.isGone && window.project.isOpen)
      .map(({ project, window }) => ({ path: project.state.path, bounds: window.getNormalBounds() }));
    this.#note({ clean: false, open: this.#lastOpen });
  }

  /** A disk that cannot be written takes the next start's convenience away, and nothing else. */
  #note(session: LastSession): void {
    try {
      writeSession(this.#sessionFile, session);
    } catch (error) {
      note("main", `what is open could not be noted: ${String(error)}`);
    }
  }
}

function isProject(path: string): boolean {
  return extname(path).toLowerCase() === `.${ENDING}`;
}
