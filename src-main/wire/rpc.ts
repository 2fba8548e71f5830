/**
 * Typed calls, events and cancellation over anything that carries messages between two processes. One side `serve`s an
 * interface of one-argument methods, the other `connect`s to it; errors arrive as the `AppError` that was thrown.
 */
import * as v from "valibot";
import { AppError, fromWire, toWire, type ErrorCode, type WireError } from "./errors.ts";

/** A way to send structured-cloneable messages to one peer; ports.ts makes them. */
export interface Port {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Tells once that no more messages will come, and why. */
  onClose(listener: (why: AppError) => void): void;
}

/** An interface that can be served: every method takes one argument or none, and may be late. */
type Service<Api> = { [M in keyof Api]: (request: never) => Promise<unknown> };
type Request<Method> = Method extends (request: infer R) => Promise<unknown> ? R : never;
type Reply<Method> = Method extends (...args: never) => Promise<infer R> ? R : never;

export interface CallOptions {
  /** Aborting asks the serving side to stop; the call settles when it has. */
  signal?: AbortSignal;
}

/** The methods of `Api` as the caller sees them. */
export type Client<Api> = {
  readonly [M in keyof Api]: Api[M] extends () => Promise<unknown>
    ? (request?: undefined, options?: CallOptions) => Promise<Reply<Api[M]>>
    : (request: Request<Api[M]>, options?: CallOptions) => Promise<Reply<Api[M]>>;
};

/** The methods of `Api` as the serving side writes them. */
export type Handlers<Api> = {
  readonly [M in keyof Api]: (
    request: Request<Api[M]>,
    context: { signal: AbortSignal },
  ) => Reply<Api[M]> | Promise<Reply<Api[M]>>;
};

/** One schema per method: what a request must look like before a handler sees it. */
export type Schemas<Api> = {
  readonly [M in keyof Api]: v.GenericSchema<
    unknown,
    Api[M] extends () => Promise<unknown> ? undefined : Request<Api[M]>
  >;
};

export interface Connection<Api, Events> {
  readonly api: Client<Api>;
  /** Listens to an event; the function returned stops that. */
  readonly on: <Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void) => () => void;
  /** Asks the serving side to end, gracefully. */
  readonly close: () => void;
}

export interface Server<Events> {
  readonly emit: <Name extends keyof Events>(name: Name, payload: Events[Name]) => void;
  /** Aborts when the caller is gone or has said goodbye. */
  readonly closed: AbortSignal;
}

const idSchema = v.pipe(v.number(), v.safeInteger());
const toServer = v.variant("kind", [
  v.object({ kind: v.literal("call"), id: idSchema, method: v.string(), request: v.unknown() }),
  v.object({ kind: v.literal("abort"), id: idSchema }),
  v.object({ kind: v.literal("close") }),
]);
type ToServer = v.InferOutput<typeof toServer>;
type ToClient =
  | { kind: "result"; id: number; value: unknown }
  | { kind: "error"; id: number; error: WireError }
  | { kind: "event"; name: PropertyKey; payload: unknown };

interface Pending {
  resolve(value: unknown): void;
  reject(error: AppError): void;
}

/** Calls and listens to what the other end of `port` serves. */
export function connect<Api extends Service<Api>, Events>(port: Port): Connection<Api, Events> {
  const pending = new Map<number, Pending>();
  const listeners = new Map<PropertyKey, Set<(payload: unknown) => void>>();
  let lastId = 0;
  let closed: AppError | undefined;

  port.onMessage((data) => {
    const message = data as ToClient;
    if (message.kind === "event") {
      for (const listener of listeners.get(message.name) ?? []) listener(message.payload);
      return;
    }
    const call = pending.get(message.id);
    pending.delete(message.id);
    if (message.kind === "result") call?.resolve(message.value);
    else call?.reject(fromWire(message.error));
  });
  port.onClose((why) => {
    closed = why;
    for (const call of pending.values()) call.reject(why);
    pending.clear();
  });

  const call = (method: string, request: unknown, { signal }: CallOptions = {}): Promise<unknown> => {
    if (signal?.aborted) return Promise.reject(new AppError("cancelled", `Cancelled before "${method}" was sent.`, {}));
    if (closed) return Promise.reject(closed);
    const id = ++lastId;
    const abort = () => port.post({ kind: "abort", id } satisfies ToServer);
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject });
      signal?.addEventListener("abort", abort);
      port.post({ kind: "call", id, method, request } satisfies ToServer);
    }).finally(() => {
      pending.delete(id);
      signal?.removeEventListener("abort", abort);
    });
  };

  const methods = new Map<string, unknown>();
  const api = new Proxy(Object.create(null) as Client<Api>, {
    get(_target, method) {
      // A promise that resolves to this object asks it for `then`; no service has such a method.
      if (typeof method === "symbol" || method === "then") return undefined;
      if (!methods.has(method)) {
        methods.set(method, (request: unknown, options?: CallOptions) => call(method, request, options));
      }
      return methods.get(method);
    },
  });

  return {
    api,
    on(name, listener) {
      const known = listeners.get(name) ?? new Set();
      listeners.set(name, known.add(listener as (payload: unknown) => void));
      return () => known.delete(listener as (payload: unknown) => void);
    },
    close: () => {
      if (!closed) port.post({ kind: "close" } satisfies ToServer);
    },
  };
}

/** Answers calls from the other end of `port`. Every request is checked against its schema first. */
export function serve<Api extends Service<Api>, Events>(
  port: Port,
  handlers: Handlers<Api>,
  schemas: Schemas<Api>,
): Server<Events> {
  const running = new Map<number, AbortController>();
  const closing = new AbortController();
  const post = (message: ToClient) => {
    if (!closing.signal.aborted) port.post(message);
  };
  const close = () => {
    closing.abort();
    for (const controller of running.values()) controller.abort();
  };

  const answer = async (id: number, method: string, request: unknown) => {
    const controller = new AbortController();
    try {
      if (running.has(id)) throw badRequest(method, `Call ${id} is already running.`);
      running.set(id, controller);
      const value = await handle(handlers, schemas, method, request, controller.signal);
      running.delete(id);
      post({ kind: "result", id, value });
    } catch (error) {
      if (running.get(id) === controller) running.delete(id);
      post({ kind: "error", id, error: toWire(asCancelled(error, controller.signal)) });
    }
  };

  port.onClose(close);
  port.onMessage((data) => {
    const parsed = v.safeParse(toServer, data);
    if (!parsed.success) return; // not one of ours, and without an id there is no one to tell
    const message = parsed.output;
    if (message.kind === "call") void answer(message.id, message.method, message.request);
    else if (message.kind === "abort") running.get(message.id)?.abort();
    else close();
  });
  return { emit: (name, payload) => post({ kind: "event", name, payload }), closed: closing.signal };
}

async function handle<Api extends Service<Api>>(
  handlers: Handlers<Api>,
  schemas: Schemas<Api>,
  method: string,
  request: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (!hasMethod(handlers, schemas, method)) throw badRequest(method, `There is no method "${method}".`);
  const parsed = v.safeParse(schemas[method], request, { abortEarly: true });
  if (!parsed.success)
    throw badRequest(method, `The request to "${method}" is not valid: ${describe(parsed.issues[0])}`);
  return handlers[method](parsed.output as Request<Api[typeof method]>, { signal });
}

function hasMethod<Api>(handlers: Handlers<Api>, schemas: Schemas<Api>, method: PropertyKey): method is keyof Api {
  return Object.hasOwn(handlers, method) && Object.hasOwn(schemas, method);
}

/** An error thrown because of our own abort signal is the caller's cancellation, whatever its class. */
function asCancelled(error: unknown, signal: AbortSignal): unknown {
  const isAbort = signal.aborted && error instanceof Error && error.name === "AbortError";
  return isAbort ? new AppError("cancelled", "Cancelled.", {}) : error;
}

/** A request that the contract does not allow. */
export function badRequest(method: string, message: string): AppError<Extract<ErrorCode, "bad-request">> {
  return new AppError("bad-request", message, { method });
}

/** `scene.regions[1].box: expected ..., received ...` */
export function describe(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  const path = keys.join("").replace(/^\./, "");
  return path ? `${path}: ${issue.message}` : issue.message;
}
