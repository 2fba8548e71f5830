/** A page that goes where it should not, or whose process dies, comes back. */
import type { BrowserWindow } from "electron";
import { START_PAGE } from "./addresses.ts";
import { Deaths } from "./deaths.ts";
import { askToReload } from "./dialogs.ts";
import { note } from "./log.ts";

/** `close` is called when the page died too often, and the person would rather not see it again. */
export function keepPage(window: BrowserWindow, { isGone, close }: { isGone: () => boolean; close: () => void }): void {
  const deaths = new Deaths();
  const reload = async () => {
    if (deaths.add()) {
      if (!(await askToReload(window))) {
        close();
        return;
      }
      deaths.forget();
    }
    if (!isGone()) window.webContents.reload();
  };
  // A page goes to about:blank without asking anybody.
  window.webContents.on("did-navigate", (_event, url) => {
    if (url !== START_PAGE && !isGone()) void window.loadURL(START_PAGE);
  });
  window.webContents.on("render-process-gone", (_event, { reason }) => {
    note("window", `its process ended: ${reason}`, "error");
    if (!isGone() && reason !== "clean-exit") void reload();
  });
}
