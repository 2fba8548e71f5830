/** A window of the system, before there is anything in it. */
import { BrowserWindow, nativeTheme } from "electron";
import type { Bounds } from "./lastSession.ts";
import { webPreferences } from "./security.ts";

const DEFAULT_SIZE = { width: 1360, height: 880 };
const LEAST_SIZE = { minWidth: 900, minHeight: 600 };
/** As `--bg` of the page: nothing flashes before it is painted. */
const BACKGROUND = { light: "#e9ebf0", dark: "#0f1014" };

/** Shows itself when its page is painted. */
export function createFrame(bounds: Bounds | undefined): BrowserWindow {
  const window = new BrowserWindow({
    ...DEFAULT_SIZE,
    ...LEAST_SIZE,
    ...bounds,
    show: false,
    title: "Diorama",
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: webPreferences(),
  });
  window.once("ready-to-show", () => window.show());
  window.on("page-title-updated", (event) => event.preventDefault()); // the title is the project's name
  return window;
}
