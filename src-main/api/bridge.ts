/** The window's end of its contract: the typed client of what the preload exposes. */
import { fromWire } from "../wire/errors.ts";
import type { AppBridge, BridgeReply, MainApi, MainEvents, Opened } from "./main.ts";
import type { Client } from "../wire/rpc.ts";

export interface App {
  readonly api: Client<MainApi>;
  /** Listens to an event; the function returned stops that. */
  on<Name extends keyof MainEvents>(name: Name, listener: (payload: MainEvents[Name]) => void): () => void;
  /** Opens dropped or pasted files. */
  openFiles(files: File[]): Promise<Opened[]>;
}

/** `connectApp(window.app)` */
export function connectApp(bridge: AppBridge): App {
  const api = new Proxy(Object.create(null) as Client<MainApi>, {
    get(_target, method) {
      // A promise that resolves to this object asks it for `then`; main has no such method.
      if (typeof method === "symbol" || method === "then") return undefined;
      return async (request?: unknown) => unwrap(await bridge.call(method, request));
    },
  });
  return {
    api,
    on: (name, listener) => bridge.on(name, listener as (payload: unknown) => void),
    openFiles: async (files) => unwrap(await bridge.openFiles(files)) as Opened[],
  };
}

function unwrap(reply: BridgeReply): unknown {
  if (reply.ok) return reply.value;
  throw fromWire(reply.error);
}
