/** What a window's page is told. It has no listeners before it asked for its state: what happens until then is kept for it. */
import type { BrowserWindow } from "electron";
import type { MainEvents } from "../api/main.ts";

export class PageEvents {
  readonly #window: BrowserWindow;
  /** Undefined while the page listens. */
  #early: { name: string; payload: unknown }[] | undefined = [];

  constructor(window: BrowserWindow) {
    this.#window = window;
    window.webContents.on("did-start-navigation", ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) this.#early ??= [];
    });
  }

  /** The page has asked for its state, and its process lives. */
  get isListening(): boolean {
    return this.#early === undefined && !this.#window.webContents.isCrashed();
  }

  emit<Name extends keyof MainEvents>(name: Name, payload: MainEvents[Name]): void {
    if (this.#window.isDestroyed()) return;
    if (this.#early) this.#early.push({ name, payload });
    else this.#window.webContents.send("app:event", name, payload);
  }

  /** From now on the page hears events; those that it missed come right after the answer that it waits for. */
  begin(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    setImmediate(() => {
      for (const { name, payload } of early) this.#window.webContents.send("app:event", name, payload);
    });
  }
}
