/** The channels between pages and main: two ways in, each shut to whoever is not our own page in a window of ours. */
import { ipcMain, type IpcMainInvokeEvent } from "electron";
import * as v from "valibot";
import type { BridgeReply, MainApi } from "../api/main.ts";
import { droppedFilesSchema, mainSchemas } from "../api/mainMessages.ts";
import { badRequest, type Handlers } from "../wire/rpc.ts";
import { isOurs } from "./addresses.ts";
import { answer, withoutStack } from "./calls.ts";
import type { ProjectWindow } from "./projectWindow.ts";
import type { Windows } from "./windows.ts";

/** Calls of a window that may wait for their answers; a window of ours has a few dozen. */
const MOST_CALLS = 1_000;

export function serveCalls(windows: Windows, handlersFor: (window: ProjectWindow) => Handlers<MainApi>): void {
  const handlers = new WeakMap<ProjectWindow, Handlers<MainApi>>();
  const calls = new WeakMap<ProjectWindow, number>();
  const sender = ({ sender: contents, senderFrame: frame }: IpcMainInvokeEvent): ProjectWindow => {
    const window = windows.of(contents);
    // A frame inside the page, a page of another origin, or one that is gone already has no say.
    if (!window || frame === null || frame !== contents.mainFrame || !isOurs(frame)) {
      throw badRequest("app", "This page may not call the app.");
    }
    return window;
  };

  ipcMain.handle("app:call", async (event, method: unknown, request: unknown): Promise<BridgeReply> => {
    let window: ProjectWindow | undefined;
    try {
      window = sender(event);
      if (!handlers.has(window)) handlers.set(window, handlersFor(window));
      const running = calls.get(window) ?? 0;
      if (running >= MOST_CALLS) throw badRequest("app", "Too many requests at once.");
      calls.set(window, running + 1);
    } catch (error) {
      return refused(error);
    }
    try {
      return await answer(handlers.get(window)!, mainSchemas, method, request);
    } finally {
      calls.set(window, calls.get(window)! - 1);
    }
  });

  ipcMain.handle("app:files", async (event, paths: unknown): Promise<BridgeReply> => {
    try {
      const window = sender(event);
      const parsed = v.safeParse(droppedFilesSchema, paths, { abortEarly: true });
      if (!parsed.success) throw badRequest("openFiles", "These are not files on this computer.");
      return { ok: true, value: await window.openFiles(parsed.output) };
    } catch (error) {
      return refused(error);
    }
  });
}

function refused(error: unknown): BridgeReply {
  return { ok: false, error: withoutStack(error) };
}
