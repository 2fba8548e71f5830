/**
 * The port that a service process has to whoever started it: Node's child-process channel, or that of Electron's utility process. The
 * types say only what is needed of each, so that neither Node nor Electron is imported here.
 */
import { AppError } from "./errors.ts";
import type { Port } from "./rpc.ts";

/** `process` inside a child made by `child_process.fork(..., { serialization: "advanced" })`. */
interface ChildSide {
  send?: ((message: unknown) => boolean) | undefined;
  connected: boolean;
  on(name: "message", listener: (message: unknown) => void): unknown;
  once(name: "disconnect", listener: () => void): unknown;
}

/** `process.parentPort` inside an Electron utility process. It does not close: Electron ends the process with its parent. */
interface ParentPortLike {
  postMessage(message: unknown): void;
  on(name: "message", listener: (event: { data: unknown }) => void): unknown;
}

/** Whoever started this process, be it Node or Electron. Closes when that is gone. */
export function parentPort(self: ChildSide & { parentPort?: ParentPortLike }): Port {
  const { parentPort: port } = self;
  if (!port) return parentProcessPort(self);
  return {
    post: (message) => port.postMessage(message),
    onMessage: (listener) => void port.on("message", (event) => listener(event.data)),
    onClose: () => undefined,
  };
}

function parentProcessPort(self: ChildSide): Port {
  if (!self.send)
    throw new AppError("bad-request", "This is a service: another process starts it.", { method: "start" });
  return {
    post: (message) => {
      if (self.connected) self.send?.(message);
    },
    onMessage: (listener) => void self.on("message", listener),
    onClose: (listener) => void self.once("disconnect", () => listener(gone("The parent process"))),
  };
}

function gone(what: string): AppError {
  return new AppError("service-crashed", `${what} is gone.`, { service: what, exitCode: null, signal: null });
}
