/** Puts `window.app` into the page, and nothing else: no Node, no Electron, no event objects (api/main.ts says what it does). */
import { contextBridge, ipcRenderer, webUtils } from "electron";
import { isModest } from "./wire/lists.ts";
import type { AppBridge, BridgeReply } from "./api/main.ts";

const listeners = new Map<string, Set<(payload: unknown) => void>>();
ipcRenderer.on("app:event", (_event, name: string, payload: unknown) => {
  for (const listener of listeners.get(name) ?? []) listener(payload);
});

const TOO_LARGE: BridgeReply = {
  ok: false,
  error: { code: "bad-request", message: "The request is too large.", details: { method: "app" } },
};

const bridge: AppBridge = {
  call: (method, request) => {
    // What is not even looked at in main does not go there: that process has all windows.
    if (!isModest([method, request])) return Promise.resolve(TOO_LARGE);
    return ipcRenderer.invoke("app:call", method, request) as Promise<BridgeReply>;
  },
  on: (event, listener) => {
    const known = listeners.get(event) ?? new Set();
    listeners.set(event, known.add(listener));
    return () => void known.delete(listener);
  },
  // A path comes from a `File` that the person dropped here; a page cannot make one up.
  openFiles: (files) => {
    const paths = [...files].map((file) => webUtils.getPathForFile(file)).filter(Boolean);
    return ipcRenderer.invoke("app:files", paths) as Promise<BridgeReply>;
  },
};

contextBridge.exposeInMainWorld("app", bridge);
