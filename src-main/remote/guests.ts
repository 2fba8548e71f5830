/** The machines that are let in: each has a session, which outlives its connections, and what it asks for is done in it. */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import type { WebSocket } from "ws";
import { AppError, messageOf } from "../wire/errors.ts";
import { decode, encode, GREETING_BOUNDS } from "./codec.ts";
import { FLEETING } from "./contract.ts";
import type { Hosting } from "./hosting.ts";
import type { Limits } from "./limits.ts";
import type { PairedMachines } from "./pairedMachines.ts";
import { CLOSED, greetingSchema, helloSchema, PROTOCOL, type Refusal, type Welcome } from "./protocol.ts";
import { fleetingEvents, type Line, Session } from "./session.ts";
import { bytesOf, lineOf, nextMessage } from "./wait.ts";

export interface GuestsOptions {
  app: string;
  paired: PairedMachines;
  hosting: Pick<Hosting, "serve">;
  limits: Limits;
  say: (line: string) => void;
  /** Why a machine with this certificate may not come in; undefined where it may. */
  refusalOf: (fingerprint: string) => Refusal | undefined;
}

/** One machine's conversation, with a connection or without. */
interface Guest {
  id: string;
  fingerprint: string;
  name: string;
  session: Session;
  socket: WebSocket | undefined;
  leaving: NodeJS.Timeout | undefined;
}

/** Sessions that one machine may have at a time; the oldest gives way. */
const MOST_SESSIONS = 4;

export class Guests {
  readonly #options: GuestsOptions;
  readonly #guests = new Map<string, Guest>();

  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  /** Names of the machines that are connected. */
  get connected(): string[] {
    return [...this.#guests.values()].filter(({ socket }) => socket).map(({ name }) => name);
  }

  /** The engine here ends. */
  close(): void {
    for (const guest of this.#guests.values()) this.#end(guest, "The other machine's engine was ended.");
  }

  /** Greets a machine that is known, and goes on with its session or begins one. */
  async welcome(socket: WebSocket, client: string): Promise<void> {
    const { app, paired, limits } = this.#options;
    const word = decode(await nextMessage(socket, limits.greeting), GREETING_BOUNDS);
    if (v.parse(greetingSchema, word).protocol !== PROTOCOL) {
      socket.send(encode({ kind: "refused", why: "version" satisfies Refusal, protocol: PROTOCOL, app }));
      socket.close(CLOSED.refused, "version");
      return;
    }
    const hello = v.parse(helloSchema, word);
    const refusal = this.#options.refusalOf(client);
    if (refusal) {
      socket.close(CLOSED.refused, refusal); // it was revoked while it said nothing
      return;
    }
    const old = hello.session === null ? undefined : this.#guests.get(hello.session);
    const resumed = old?.fingerprint === client && old.session.canResume(hello.received);
    const guest = resumed ? old : this.#newGuest(client);
    paired.seen(client);
    clearTimeout(guest.leaving);
    guest.socket?.close(CLOSED.replaced); // cut off without having noticed
    guest.socket = socket;
    const line = lineOf(socket);
    const welcome: Welcome = {
      ...{ kind: "welcome", protocol: PROTOCOL, app, session: guest.id, resumed },
      received: guest.session.received,
    };
    socket.send(encode(welcome));
    socket.on("message", (data, isBinary) => {
      if (guest.session.hasEnded) return; // it was told so, and is being closed
      try {
        guest.session.take(bytesOf(data, isBinary));
      } catch (error) {
        this.#options.say(`“${guest.name}” sent what is no message: ${messageOf(error)}. It was disconnected.`);
        this.#end(guest, "It sent what is no message.", CLOSED.foreign);
      }
    });
    socket.once("close", () => this.#onClose(guest, socket, line));
    guest.session.attach(line, resumed ? hello.received : 0); // of a session that is gone it may have heard much
    this.#options.say(`“${guest.name}” is connected${resumed ? " again" : ""}.`);
  }

  #newGuest(fingerprint: string): Guest {
    const own = [...this.#guests.values()].filter((guest) => guest.fingerprint === fingerprint);
    for (const guest of own.slice(0, Math.max(0, own.length - MOST_SESSIONS + 1))) {
      this.#end(guest, "The same machine began another session.", CLOSED.replaced);
    }
    const id = randomUUID();
    const name = this.#options.paired.find(fingerprint)?.name ?? fingerprint.slice(0, 16);
    const session = new Session({
      mostKept: this.#options.limits.owed,
      isFleeting: fleetingEvents(...FLEETING),
      onOverflow: () => this.#end(guest, "It did not take what it had asked for."),
    });
    const guest: Guest = { id, fingerprint, name, session, socket: undefined, leaving: undefined };
    this.#guests.set(id, guest);
    const room = () => session.room(this.#options.limits.enough);
    this.#options.hosting.serve({ port: this.#goodbyeOf(guest), machine: fingerprint, id, room });
    return guest;
  }

  /** The session's port; a guest that says goodbye is forgotten at once. */
  #goodbyeOf(guest: Guest): Session["port"] {
    guest.session.port.onMessage((message) => {
      if ((message as { kind?: unknown } | null)?.kind !== "close") return;
      setImmediate(() => this.#end(guest, "It has left.", CLOSED.leaving));
    });
    return guest.session.port;
  }

  #onClose(guest: Guest, socket: WebSocket, line: Line): void {
    guest.session.detach(line);
    if (guest.socket !== socket) return;
    guest.socket = undefined;
    if (guest.session.hasEnded) return;
    this.#options.say(`“${guest.name}” is disconnected.`);
    guest.leaving = setTimeout(() => this.#end(guest, "It did not come back."), this.#options.limits.absence);
    guest.leaving.unref();
  }

  /** Ends a session for good, and what was drawn for it. */
  #end(guest: Guest, why: string, code: number = CLOSED.leaving): void {
    this.#guests.delete(guest.id);
    clearTimeout(guest.leaving);
    guest.session.end(new AppError("service-crashed", why, { service: "session", exitCode: null, signal: null }));
    guest.socket?.close(code);
  }

  /** The list of machines has changed. */
  cutRevoked(): void {
    for (const guest of this.#guests.values()) {
      const refusal = this.#options.refusalOf(guest.fingerprint);
      if (refusal !== "revoked" && refusal !== "unpaired") continue;
      this.#options.say(`“${guest.name}” was revoked, and is cut off.`);
      guest.socket?.close(CLOSED.refused, "revoked");
      guest.socket = undefined;
      this.#end(guest, "It was revoked.");
    }
  }
}
