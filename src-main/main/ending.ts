/** Ends the program in order: every window saves and closes, then the services stop, then the session is marked as ended. */
import { app } from "electron";
import type { Windows } from "./windows.ts";
import { note } from "./log.ts";

/** Gives what ends the program and then does one thing more, unless somebody would rather go on. */
export function endInOrder(windows: Windows, stopServices: () => Promise<unknown>): (last: () => void) => void {
  let last = () => app.quit();
  let closing: Promise<void> | undefined;
  let state: "running" | "closed" | "stopped" = "running";

  const closeAll = async () => {
    if (!(await windows.closeAll())) {
      last = () => app.quit();
      return; // somebody would rather go on
    }
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
    last();
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
  return (then) => {
    last = then;
    app.quit();
  };
}
