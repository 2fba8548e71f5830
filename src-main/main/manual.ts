/** The manual in a window of its own, to be read beside the work. It comes with the program and can do nothing but be read. */
import { BrowserWindow, nativeTheme } from "electron";
import { APP_ORIGIN } from "./addresses.ts";
import { webPreferences } from "./security.ts";

const PAGE = `${APP_ORIGIN}/manual.html`;

export class Manual {
  #window: BrowserWindow | undefined;

  /** Shows it at a chapter or section, by its id; at its beginning, or where it was left, without one. */
  async show(at: string | null): Promise<void> {
    const address = `${PAGE}${at === null ? "" : `#${at}`}`;
    const open = this.#window;
    if (open) {
      if (open.isMinimized()) open.restore();
      open.focus();
      if (at !== null) await open.loadURL(address);
      return;
    }
    const preferences = { ...webPreferences() };
    delete preferences.preload; // it asks main nothing
    const window = new BrowserWindow({
      width: 1080,
      height: 820,
      minWidth: 480,
      minHeight: 400,
      show: false,
      title: "Diorama manual",
      backgroundColor: nativeTheme.shouldUseDarkColors ? "#0f1014" : "#ffffff",
      webPreferences: preferences,
    });
    this.#window = window;
    window.removeMenu(); // that of the projects' windows would do nothing here
    window.once("closed", () => (this.#window = undefined));
    window.once("ready-to-show", () => window.show());
    await window.loadURL(address);
  }

  /** The last window of a project is gone: nobody works beside it any more. */
  close(): void {
    this.#window?.close();
  }
}
