/**
 * The ports that rpc.ts runs over: Node's child-process channel, Electron's utility process and message ports, and a pair in
 * memory. The types say only what is needed of each, so that neither Node nor Electron is imported here.
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

/** A `MessagePortMain`. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  on(name: "message", listener: (event: { data: unknown }) => void): unknown;
  on(name: "close", listener: () => void): unknown;
  start?(): void;
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

/** The other end of an Electron message port. */
export function messagePort(port: MessagePortLike): Port {
  return {
    post: (message) => port.postMessage(message),
    onMessage: (listener) => {
      port.on("message", (event) => listener(event.data));
      port.start?.();
    },
    onClose: (listener) => void port.on("close", () => listener(gone("The other end of the port"))),
  };
}

/** Two ends that pass copies to each other, late, as processes do; `close` ends both. */
export function memoryPorts(): { near: Port; far: Port; close: (why?: AppError) => void } {
  const near = memoryEnd();
  const far = memoryEnd();
  const post = (to: ReturnType<typeof memoryEnd>) => (message: unknown) => {
    const copy: unknown = structuredClone(message);
    queueMicrotask(() => to.receive(copy));
  };
  return {
    near: { ...near.port, post: post(far) },
    far: { ...far.port, post: post(near) },
    close: (why = gone("The other end")) => {
      near.close(why);
      far.close(why);
    },
  };
}

function memoryEnd() {
  const onMessage: ((message: unknown) => void)[] = [];
  const onClose: ((why: AppError) => void)[] = [];
  let open = true;
  return {
    port: {
      onMessage: (listener: (message: unknown) => void) => void onMessage.push(listener),
      onClose: (listener: (why: AppError) => void) => void onClose.push(listener),
    },
    receive: (message: unknown) => {
      if (open) for (const listener of onMessage) listener(message);
    },
    close: (why: AppError) => {
      open = false;
      for (const listener of onClose.splice(0)) listener(why);
    },
  };
}

function gone(what: string): AppError {
  return new AppError("service-crashed", `${what} is gone.`, { service: what, exitCode: null, signal: null });
}
