/**
 * A conversation that outlives its connection. Messages that must arrive are numbered and kept until the other side has them; after a
 * cut each side sends again what the other lacks, so that nothing is lost and nothing comes twice. What may be lost (steps and their
 * previews) is sent only where there is a connection that keeps up. To `serve` and `connect` it is a port like any other.
 */
import * as v from "valibot";
import type { AppError } from "../wire/errors.ts";
import type { Port } from "../wire/rpc.ts";
import { decode, encode, LARGEST_MESSAGE } from "./codec.ts";
import { type Frame, frameSchema } from "./protocol.ts";
import { FrameError } from "./scan.ts";

/** A connection, as far as a session needs one. */
export interface Line {
  send(frame: Uint8Array): void;
  /** Bytes that wait to be sent. */
  readonly waiting: number;
}

export interface SessionOptions {
  /** Bytes of what is not acknowledged yet; more ends the session. */
  mostKept: number;
  /** Whether a message may be lost. */
  isFleeting: (message: unknown) => boolean;
  /** Called with what cannot be kept any more, before the session ends by itself. */
  onOverflow: () => void;
}

/** Above so many bytes that wait for the connection, what may be lost is left out. */
const BUSY = 64 * 1024;

export class Session {
  readonly #options: SessionOptions;
  #line: Line | undefined;
  /** Sent and not acknowledged, by their numbers. */
  readonly #kept = new Map<number, Uint8Array>();
  #keptBytes = 0;
  #sent = 0;
  #acknowledged = 0;
  #received = 0;
  #told = 0;
  #listeners: ((message: unknown) => void)[] = [];
  #closeListeners: ((why: AppError) => void)[] = [];
  #roomListeners: (() => void)[] = [];
  #ended: AppError | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  readonly port: Port = {
    post: (message) => this.#post(message),
    onMessage: (listener) => void this.#listeners.push(listener),
    onClose: (listener) => {
      if (this.#ended) listener(this.#ended);
      else this.#closeListeners.push(listener);
    },
  };

  /** The number of the last message that came. */
  get received(): number {
    return this.#received;
  }

  get isConnected(): boolean {
    return this.#line !== undefined;
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Whether what the other side says to have can be true. */
  canResume(received: number): boolean {
    return !this.#ended && received >= this.#acknowledged && received <= this.#sent;
  }

  /** Goes on over a new connection: the other side has `received` of our messages, and gets the rest. More than there are is believed of nobody. */
  attach(line: Line, received: number): void {
    this.#line = line;
    this.#told = this.#received; // the greeting said so
    this.#acknowledge(Math.min(received, this.#sent));
    for (const frame of this.#kept.values()) line.send(frame);
  }

  /** The connection is gone; the session waits for another one. */
  detach(line: Line): void {
    if (this.#line === line) this.#line = undefined;
  }

  /** Takes a frame from the connection; throws `FrameError` where it is none. */
  take(bytes: Uint8Array): void {
    const parsed = v.safeParse(frameSchema, decode(bytes));
    if (!parsed.success) throw new FrameError(`no frame of ours: ${parsed.issues[0].message}`);
    const frame = parsed.output;
    if (frame.received > this.#sent)
      throw new FrameError(`${frame.received} messages cannot have come of ${this.#sent}`);
    this.#acknowledge(frame.received);
    if (frame.kind === "data") this.#deliver(frame);
  }

  /** Resolves when less than `bytes` wait to be acknowledged, or nothing more will be. */
  async room(bytes: number): Promise<void> {
    while (!this.#ended && this.#keptBytes >= bytes) {
      await new Promise<void>((resolve) => this.#roomListeners.push(resolve));
    }
  }

  /** Ends for good: what waits for an answer hears `why`. */
  end(why: AppError): void {
    if (this.#ended) return;
    this.#ended = why;
    this.#line = undefined;
    this.#kept.clear();
    this.#keptBytes = 0;
    for (const listener of this.#closeListeners.splice(0)) listener(why);
    this.#listeners = [];
    this.#tellRoom();
  }

  #deliver({ number, message }: Extract<Frame, { kind: "data" }>): void {
    if (number > 0) {
      if (number > this.#received + 1) throw new FrameError(`message ${number} came after ${this.#received}`);
      this.#acknowledgeSoon();
      if (number <= this.#received) return; // it came before the cut
      this.#received = number;
    }
    const whole = withAbsent(message);
    for (const listener of this.#listeners) listener(whole);
  }

  #post(message: unknown): void {
    if (this.#ended) return;
    if (this.#options.isFleeting(message)) {
      if (this.#line && this.#line.waiting < BUSY) this.#line.send(this.#frame(0, message));
      return;
    }
    const frame = this.#frame(this.#sent + 1, message);
    if (frame.length > LARGEST_MESSAGE || this.#keptBytes + frame.length > this.#options.mostKept) {
      this.#options.onOverflow();
      return;
    }
    this.#sent++;
    this.#kept.set(this.#sent, frame);
    this.#keptBytes += frame.length;
    this.#line?.send(frame);
  }

  #frame(number: number, message: unknown): Uint8Array {
    this.#told = this.#received;
    return encode({ kind: "data", number, received: this.#received, message } satisfies Frame);
  }

  #acknowledge(received: number): void {
    if (received <= this.#acknowledged) return;
    for (let number = this.#acknowledged + 1; number <= received; number++) {
      this.#keptBytes -= this.#kept.get(number)?.length ?? 0;
      this.#kept.delete(number);
    }
    this.#acknowledged = received;
    this.#tellRoom();
  }

  /** One word for all that came in this turn of the loop, where no answer has said it meanwhile. */
  #acknowledgeSoon(): void {
    setImmediate(() => {
      if (!this.#line || this.#told === this.#received) return;
      this.#told = this.#received;
      this.#line.send(encode({ kind: "ack", received: this.#received } satisfies Frame));
    });
  }

  #tellRoom(): void {
    for (const listener of this.#roomListeners.splice(0)) listener();
  }
}

/** Fields of calls that are undefined are not sent; `serve` and `connect` look for them all the same. */
function withAbsent(message: unknown): unknown {
  const kind = (message as { kind?: unknown } | null)?.kind;
  if (kind === "call") return { request: undefined, ...(message as object) };
  return kind === "result" ? { value: undefined, ...(message as object) } : message;
}

/** Steps and the opening of a checkpoint are news, and soon old: `event`s of these names may be lost. */
export function fleetingEvents(...names: readonly string[]): SessionOptions["isFleeting"] {
  return (message) => {
    const { kind, name } = message as { kind?: unknown; name?: unknown };
    return kind === "event" && typeof name === "string" && names.includes(name);
  };
}
