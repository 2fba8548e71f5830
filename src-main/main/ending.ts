/** Ends the program in order: every window saves and closes, then the services stop, then the session is marked as ended. */
import { app } from "electron";
import type { Windows } from "./windows.ts";
import { note } from "./log.ts";

export function endInOrder(windows: Windows, stopServices: () => Promise<unknown>): void {
  let closing: Promise<void> | undefined;
  let state: "running" | "closed" | "stopped" = "running";

  const closeAll = async () => {
    if (!(await windows.closeAll())) return; // somebody would rather go on
    state = "closed";
    app.quit();
  };
  const stop = async () => {
    try {
      await stopServices();
    } catch (error) {
      note("main", `a service did not stop in order: ${String(error)}`); // it ends with us
    }
    windows.endSession();
    state = "stopped";
    app.quit();
  };

  app.on("before-quit", (event) => {
    if (state !== "running") return;
    event.preventDefault();
    closing ??= closeAll().finally(() => (closing = undefined));
  });
  app.on("will-quit", (event) => {
    if (state === "stopped") return;
    event.preventDefault();
    void stop();
  });
  app.on("window-all-closed", () => {
    if (process.platform !== "darwin") app.quit();
  });
}
