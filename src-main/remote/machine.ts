/**
 * Another machine as this one sees it: the connection, made again whenever it is lost, and the calls over it. A picture that was
 * asked for is waited for through any cut; a question is answered at once, if only by what is wrong.
 */
import * as v from "valibot";
import type { RawData, WebSocket } from "ws";
import type { Machine, MachineInfo, MachineState } from "../api/machines.ts";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";
import { encode } from "./codec.ts";
import { askOver, beginConversation, type Conversation, type OnEvent } from "./conversation.ts";
import { eventSchemas, type RemoteApi } from "./contract.ts";
import { answerOf, closedWhy, dial, type Dialled, machineFailed, readAddress } from "./dial.ts";
import type { Identity } from "./identity.ts";
import type { Limits } from "./limits.ts";
import { watchSilence } from "./liveness.ts";
import { CLOSED, PATHS, PROTOCOL, welcomeSchema } from "./protocol.ts";
import type { Line } from "./session.ts";
import { bytesOf, lineOf } from "./wait.ts";

export interface KnownMachine {
  id: string;
  name: string;
  address: string;
  fingerprint: string;
}

export interface MachineOptions {
  known: KnownMachine;
  identity: Identity;
  app: string;
  limits: Limits;
  /** Milliseconds from one try to the next. */
  retries: readonly number[];
  onChange: () => void;
  onEvent: OnEvent;
}

export class RemoteMachine {
  readonly #options: MachineOptions;
  #state: MachineState = "off";
  #problem: string | null = null;
  #retryAt: number | null = null;
  /** When the connection was lost, in milliseconds since 1970. */
  #lostAt: number | undefined;
  #info: MachineInfo | null = null;
  #failure: AppError | undefined;
  #session: Conversation | undefined;
  #socket: WebSocket | undefined;
  /** What the other side said over this connection that the protocol does not allow. */
  #broken: AppError | undefined;
  #running: Promise<void> | undefined;
  readonly #ending = new AbortController();
  #wake: (() => void) | undefined;
  /** Called when a try has come to something. */
  #settled: (() => void)[] = [];

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  get told(): Machine {
    const { id, name, address } = this.#options.known;
    return { id, name, address, state: this.#state, retryAt: this.#retryAt, problem: this.#problem, info: this.#info };
  }

  /** Begins to connect, where nothing was tried yet. */
  begin(): void {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Tries again at once. */
  retry(): void {
    this.#wake?.();
    this.begin();
  }

  /** Forgets the other machine: says goodbye, and tells those that wait. */
  async end(): Promise<void> {
    this.#session?.api.close();
    this.#ending.abort();
    this.#wake?.();
    this.#endSession(new AppError("cancelled", `${this.#options.known.name} is not used any more.`, {}));
    const socket = this.#socket;
    socket?.close(1_000);
    setTimeout(() => socket?.terminate(), 500).unref();
    await this.#running;
  }

  /** Asks something that is answered at once: rejects where there is no connection. */
  async ask<Method extends "load" | "tokenize" | "check" | "estimate" | "atOnce">(
    method: Method,
    request: Parameters<RemoteApi[Method]>[0],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<RemoteApi[Method]>>> {
    await this.#firstTry();
    if (this.#state !== "connected" || !this.#session) throw this.#failed();
    return askOver(this.#session, this.#options.known.name, method, request, signal);
  }

  /** Asks for a picture, and waits for it through any cut, unless the session is lost with it. */
  async draw(request: Parameters<RemoteApi["draw"]>[0], signal?: AbortSignal): Promise<{ finished: number }> {
    await this.#firstTry();
    if (!this.#session) throw this.#failed();
    return askOver(this.#session, this.#options.known.name, "draw", request, signal);
  }

  /** Whether the other side hears now. */
  get isConnected(): boolean {
    return this.#state === "connected";
  }

  /** All that was asked for by a call, or one of several pictures. */
  cancel(call: string, keep: boolean, index?: number): void {
    this.#session?.api.api.cancel({ call, keep, ...(index === undefined ? {} : { index }) }).catch(() => undefined); // the picture's own call tells
  }

  /** Waits for the first try, where one is being made. */
  async #firstTry(): Promise<void> {
    this.begin();
    if (this.#state !== "connecting" || this.#session) return;
    await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  #failed(): AppError {
    return this.#failure ?? machineFailed(this.#options.known.name, "unreachable");
  }

  async #run(): Promise<void> {
    const { retries } = this.#options;
    for (let tries = 0; !this.#ending.signal.aborted; tries++) {
      try {
        this.#change("connecting");
        this.#broken = undefined;
        await this.#converse(() => (tries = 0));
        this.#failure = machineFailed(this.#options.known.name, "unreachable");
      } catch (error) {
        this.#failure = isAppError(error)
          ? error
          : machineFailed(this.#options.known.name, "foreign", messageOf(error));
        if (isFinal(this.#failure)) {
          this.#endSession(this.#failure);
          this.#change("refused", this.#failure.message);
          return;
        }
      }
      this.#giveUpLate();
      const delay = retries[Math.min(tries, retries.length - 1)]!;
      this.#retryAt = Date.now() + delay;
      this.#change("lost", this.#failure.message);
      await this.#rest(delay);
    }
    this.#change("off");
  }

  /** One connection, from its greeting to its end. */
  async #converse(onConnected: () => void): Promise<void> {
    const { known, identity, app, limits } = this.#options;
    const { signal } = this.#ending;
    const { name, fingerprint } = known;
    const dialled = await dial({
      ...readAddress(known.address),
      name,
      identity,
      fingerprint,
      path: PATHS.engine,
      limits,
      signal,
    });
    const { socket, wire } = dialled;
    this.#socket = socket;
    try {
      signal.throwIfAborted(); // it was forgotten while its WebSocket was opened
      const closed = new Promise<{ code: number; reason: string }>((resolve) => {
        socket.once("close", (code, reason) => resolve({ code, reason: reason.toString("utf8") }));
      });
      watchSilence(socket, wire, limits.silence);
      const line = await this.#greet(dialled, app);
      onConnected();
      void this.#session?.api.api.info().then(
        (answer) => this.#inform(answer),
        () => undefined, // the end of the connection tells
      );
      const { code, reason } = await closed;
      this.#session?.session.detach(line);
      if (this.#broken) throw this.#broken;
      const why = closedWhy(code, reason);
      if (why !== "unreachable") throw machineFailed(name, why);
    } finally {
      this.#socket = undefined;
      socket.terminate();
    }
  }

  async #greet({ socket }: Dialled, app: string): Promise<Line> {
    const { known, limits } = this.#options;
    const before = this.#session;
    const hello = { session: before?.id ?? null, received: before?.session.received ?? 0 };
    // What comes right behind the welcome belongs to the session.
    const early: [RawData, boolean][] = [];
    let take = (data: RawData, isBinary: boolean) => void early.push([data, isBinary]);
    socket.on("message", (data, isBinary) => take(data, isBinary));
    socket.send(encode({ kind: "hello", protocol: PROTOCOL, app, ...hello }));
    const welcome = await answerOf(socket, known.name, welcomeSchema, limits.greeting);
    const lost = before && !(welcome.resumed && before.session.canResume(welcome.received));
    if (lost) {
      const message = `${known.name} does not know any more what it was asked for: it was started again, or the connection was lost for too long.`;
      this.#endSession(new AppError("service-crashed", message, { service: known.name, exitCode: null, signal: null }));
    }
    const { session } = (this.#session ??= this.#begin(welcome.session));
    const line = lineOf(socket);
    take = (data, isBinary) => {
      try {
        session.take(bytesOf(data, isBinary));
      } catch (error) {
        this.#foreign(messageOf(error));
      }
    };
    session.attach(line, before && !lost ? welcome.received : 0);
    for (const frame of early.slice(1)) take(...frame);
    this.#change("connected");
    return line;
  }

  #begin(id: string): Conversation {
    const { limits, onEvent } = this.#options;
    return beginConversation(id, {
      ...{ mostKept: limits.owed, onEvent },
      onInfo: (info) => this.#inform(info),
      onForeign: (what) => this.#foreign(what),
      onOverflow: () => this.#overflow(),
    });
  }

  #inform(answer: unknown): void {
    const parsed = v.safeParse(eventSchemas.info, answer, { abortEarly: true });
    if (parsed.success) {
      this.#info = parsed.output;
      this.#options.onChange();
    } else this.#foreign(`info: ${parsed.issues[0].message}`);
  }

  /** It says what the protocol does not allow: that is told, and no more is heard. */
  #foreign(what: string): void {
    const error = machineFailed(this.#options.known.name, "foreign", `(${what})`);
    this.#broken = error;
    this.#endSession(error);
    this.#socket?.close(CLOSED.foreign);
    this.#socket?.terminate();
  }

  /** More was asked of it than can be kept until it has heard it: that is given up, and nothing of it is the other side's fault. */
  #overflow(): void {
    const { name } = this.#options.known;
    const message = `More waits for ${name} than can be kept while it does not take it. Ask again when it is connected.`;
    this.#endSession(new AppError("machine-failed", message, { machine: name, why: "busy" }));
    this.#socket?.close(CLOSED.leaving);
    this.#socket?.terminate();
  }

  /** The other side has forgotten by now what it was asked for: whoever waits for it may ask again. */
  #giveUpLate(): void {
    this.#lostAt ??= Date.now();
    if (Date.now() - this.#lostAt > this.#options.limits.absence) this.#endSession(this.#failed());
  }

  #endSession(why: AppError): void {
    const ended = this.#session;
    this.#session = undefined;
    ended?.session.end(why);
  }

  #change(state: MachineState, problem: string | null = null): void {
    this.#state = state;
    this.#problem = problem;
    if (state === "connected") this.#lostAt = undefined;
    if (state !== "lost") this.#retryAt = null;
    if (state !== "connecting") for (const listener of this.#settled.splice(0)) listener();
    this.#options.onChange();
  }

  /** Until the next try, which nobody waits for where the machine was forgotten meanwhile. */
  #rest(milliseconds: number): Promise<void> {
    if (this.#ending.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Nobody need try again: a person has to do something first. */
function isFinal(error: AppError): boolean {
  if (!isAppError(error, "machine-failed")) return false;
  return ["revoked", "unpaired", "certificate", "version"].includes(error.details.why);
}
