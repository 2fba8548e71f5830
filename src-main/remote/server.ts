/**
 * The engine of this machine on a WebSocket with TLS, for machines that were paired. Whoever connects shows a certificate; one that
 * is not on the list gets no further than the code, and that only while one is shown. Connections come and go, sessions stay.
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:https";
import type { IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import { AppError, messageOf } from "../wire/errors.ts";
import { plainLine } from "../wire/plainLine.ts";
import type { Hosting } from "./hosting.ts";
import { decode, encode, GREETING_BOUNDS, LARGEST_GREETING, LARGEST_MESSAGE } from "./codec.ts";
import { FLEETING } from "./contract.ts";
import { fingerprintOf, type Identity } from "./identity.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { watchSilence } from "./liveness.ts";
import type { PairedMachines } from "./pairedMachines.ts";
import { type OpenPairing, Pairing } from "./pairing.ts";
import * as v from "valibot";
import {
  CLOSED,
  greetingSchema,
  helloSchema,
  PATHS,
  PROTOCOL,
  type Refusal,
  REFUSAL_HEADER,
  type Welcome,
} from "./protocol.ts";
import { fleetingEvents, type Line, Session } from "./session.ts";
import { bytesOf, nextMessage } from "./wait.ts";

export interface ServerOptions {
  identity: Identity;
  paired: PairedMachines;
  hosting: Pick<Hosting, "serve">;
  name: string;
  app: string;
  address: { host: string; port: number };
  /** What the person at this machine may want to know. */
  say: (line: string) => void;
  limits?: Partial<Limits>;
  now?: () => number;
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

export class EngineServer {
  readonly #options: ServerOptions;
  readonly #limits: Limits;
  readonly #server;
  readonly #pairing: Pairing;
  readonly #guests = new Map<string, Guest>();
  /** Ports of connections that have not shown yet who they are, by address. */
  readonly #strangers = new Map<string, Set<number>>();
  readonly #sockets = new Set<WebSocket>();
  readonly #greetings = new WebSocketServer({ noServer: true, maxPayload: LARGEST_GREETING, perMessageDeflate: false, clientTracking: false }); // prettier-ignore
  readonly #messages = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE, perMessageDeflate: false, clientTracking: false }); // prettier-ignore
  #stopWatching: (() => void) | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    const { identity, paired, name, app, now = Date.now } = options;
    const say = (line: string) => this.#say(line);
    const { greeting, connections } = this.#limits;
    this.#pairing = new Pairing({
      ...{ name, app, fingerprint: identity.fingerprint, paired, limits: this.#limits, now },
      onPaired: (called) => say(`“${called}” is paired, and may draw on this machine from now on.`),
      onWrong: (left) =>
        say(
          left > 0
            ? `A wrong code was typed. ${left} more tries.`
            : "Too many wrong codes: this one is void. Ask for another.",
        ),
    });
    this.#server = createServer(
      {
        ...{
          key: identity.key,
          cert: identity.cert,
          requestCert: true,
          rejectUnauthorized: false,
          minVersion: "TLSv1.3",
        },
        ...{ handshakeTimeout: greeting, connectionsCheckingInterval: Math.min(1_000, greeting) },
        ...{ headersTimeout: greeting, requestTimeout: greeting, maxHeaderSize: 8_192 },
      },
      (_request, response) => response.writeHead(404, { connection: "close" }).end(),
    );
    this.#server.maxConnections = connections;
    this.#server.on("connection", (socket: Socket) => {
      const { remoteAddress: from = "", remotePort: port = 0 } = socket;
      const others = this.#strangers.get(from) ?? new Set();
      if (others.size >= this.#limits.strangers) return socket.destroy();
      this.#strangers.set(from, others.add(port));
      socket.once("close", () => this.#noStranger(from, port));
    });
    this.#server.on("tlsClientError", () => undefined); // whoever is no machine of ours
    this.#server.on("upgrade", (request, socket, head) => this.#onUpgrade(request, socket, head));
  }

  async listen(): Promise<{ host: string; port: number }> {
    const { host, port } = this.#options.address;
    await new Promise<void>((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port));
      this.#server.once("error", fail);
      this.#server.listen(port, host, () => {
        this.#server.off("error", fail);
        // Such as no more files that may be open: that connection is lost, the others go on.
        this.#server.on("error", (error) => this.#say(`A connection could not be taken: ${error.message}.`));
        resolve();
      });
    });
    this.#stopWatching = this.#options.paired.watch(() => this.#cutRevoked());
    return { host, port: (this.#server.address() as AddressInfo).port };
  }

  /** Shows a code for one more machine. */
  beginPairing(): OpenPairing {
    return this.#pairing.begin();
  }

  get pairing(): OpenPairing | undefined {
    return this.#pairing.open;
  }

  /** Names of the machines that are connected. */
  get connected(): string[] {
    return [...this.#guests.values()].filter(({ socket }) => socket).map(({ name }) => name);
  }

  async close(): Promise<void> {
    this.#stopWatching?.();
    for (const guest of this.#guests.values()) this.#end(guest, "The other machine's engine was ended.");
    for (const socket of this.#sockets) socket.close(CLOSED.leaving);
    await new Promise<void>((resolve) => {
      const force = setTimeout(() => {
        for (const socket of this.#sockets) socket.terminate();
        this.#server.closeAllConnections();
      }, 500);
      this.#server.close(() => {
        clearTimeout(force);
        resolve();
      });
    });
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    if (!(socket instanceof TLSSocket)) return;
    const wire = socket;
    const client = fingerprintOf(wire);
    const isPairing = request.url === PATHS.pair;
    if (!isPairing && request.url !== PATHS.engine) {
      refuse(socket, "foreign");
      return;
    }
    const refusal = this.#refusalSafely(client, isPairing);
    if (refusal || client === undefined) {
      refuse(socket, refusal ?? "unpaired");
      return;
    }
    const server = isPairing ? this.#greetings : this.#messages;
    server.handleUpgrade(request, wire, head, (webSocket) => {
      this.#sockets.add(webSocket);
      webSocket.once("close", () => this.#sockets.delete(webSocket));
      webSocket.on("error", () => webSocket.terminate()); // too large, or no WebSocket's frame
      watchSilence(webSocket, wire, this.#limits.silence);
      if (!isPairing) this.#noStranger(wire.remoteAddress, wire.remotePort);
      const meeting = isPairing ? this.#pair(webSocket, client) : this.#welcome(webSocket, client);
      meeting.catch((error: unknown) => {
        if (webSocket.readyState !== webSocket.OPEN) return;
        this.#say(`A connection was refused: ${messageOf(error)}.`);
        webSocket.close(CLOSED.foreign, "foreign");
      });
    });
  }

  /** Where the list cannot be read, nobody is let in, and whoever sits here is told. */
  #refusalSafely(client: string | undefined, isPairing: boolean): Refusal | undefined {
    try {
      return this.#refusal(client, isPairing);
    } catch (error) {
      this.#say(messageOf(error));
      return "busy";
    }
  }

  #refusal(client: string | undefined, isPairing: boolean): Refusal | undefined {
    if (client === undefined) return "unpaired";
    if (isPairing) return this.#pairing.open ? undefined : "pairing-closed";
    const known = this.#options.paired.find(client);
    if (!known) return "unpaired";
    return known.revoked === null ? undefined : "revoked";
  }

  async #pair(socket: WebSocket, client: string): Promise<void> {
    const patience = setTimeout(() => socket.terminate(), this.#limits.greeting);
    try {
      await this.#pairing.meet(socket, client);
    } finally {
      clearTimeout(patience);
    }
  }

  /** Greets a machine that is known, and goes on with its session or begins one. */
  async #welcome(socket: WebSocket, client: string): Promise<void> {
    const { app, paired } = this.#options;
    const word = decode(await nextMessage(socket, this.#limits.greeting), GREETING_BOUNDS);
    if (v.parse(greetingSchema, word).protocol !== PROTOCOL) {
      socket.send(encode({ kind: "refused", why: "version" satisfies Refusal, protocol: PROTOCOL, app }));
      socket.close(CLOSED.refused, "version");
      return;
    }
    const hello = v.parse(helloSchema, word);
    const refusal = this.#refusalSafely(client, false);
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
    const line: Line = {
      send: (frame) => socket.send(frame),
      get waiting() {
        return socket.bufferedAmount;
      },
    };
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
        this.#say(`“${guest.name}” sent what is no message: ${messageOf(error)}. It was disconnected.`);
        this.#end(guest, "It sent what is no message.", CLOSED.foreign);
      }
    });
    socket.once("close", () => this.#onClose(guest, socket, line));
    guest.session.attach(line, resumed ? hello.received : 0); // of a session that is gone it may have heard much
    this.#say(`“${guest.name}” is connected${resumed ? " again" : ""}.`);
  }

  #newGuest(fingerprint: string): Guest {
    const own = [...this.#guests.values()].filter((guest) => guest.fingerprint === fingerprint);
    for (const guest of own.slice(0, Math.max(0, own.length - MOST_SESSIONS + 1))) {
      this.#end(guest, "The same machine began another session.", CLOSED.replaced);
    }
    const id = randomUUID();
    const name = this.#options.paired.find(fingerprint)?.name ?? fingerprint.slice(0, 16);
    const session = new Session({
      mostKept: this.#limits.owed,
      isFleeting: fleetingEvents(...FLEETING),
      onOverflow: () => this.#end(guest, "It did not take what it had asked for."),
    });
    const guest: Guest = { id, fingerprint, name, session, socket: undefined, leaving: undefined };
    this.#guests.set(id, guest);
    const room = () => session.room(this.#limits.enough);
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
    this.#say(`“${guest.name}” is disconnected.`);
    guest.leaving = setTimeout(() => this.#end(guest, "It did not come back."), this.#limits.absence);
    guest.leaving.unref();
  }

  /** Ends a session for good, and what was drawn for it. */
  #end(guest: Guest, why: string, code: number = CLOSED.leaving): void {
    this.#guests.delete(guest.id);
    clearTimeout(guest.leaving);
    guest.session.end(new AppError("service-crashed", why, { service: "session", exitCode: null, signal: null }));
    guest.socket?.close(code);
  }

  #cutRevoked(): void {
    for (const guest of this.#guests.values()) {
      const refusal = this.#refusalSafely(guest.fingerprint, false);
      if (refusal !== "revoked" && refusal !== "unpaired") continue;
      this.#say(`“${guest.name}” was revoked, and is cut off.`);
      guest.socket?.close(CLOSED.refused, "revoked");
      guest.socket = undefined;
      this.#end(guest, "It was revoked.");
    }
  }

  /** Words of others may stand in it. */
  #say(line: string): void {
    this.#options.say(plainLine(line));
  }

  /** A connection is no stranger's any more: it has gone, or shown who it is. */
  #noStranger(from = "", port = 0): void {
    const others = this.#strangers.get(from);
    others?.delete(port);
    if (others?.size === 0) this.#strangers.delete(from);
  }
}

function refuse(socket: Duplex, why: Refusal): void {
  socket.end(`HTTP/1.1 403 Forbidden\r\n${REFUSAL_HEADER}: ${why}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function cannotListen({ code, message }: NodeJS.ErrnoException, host: string, port: number): AppError {
  const why =
    code === "EADDRINUSE"
      ? `Something listens on port ${port} already, maybe another engine. End it, or give another port: --listen ${host}:${port + 1}.`
      : code === "EADDRNOTAVAIL" || code === "ENOTFOUND"
        ? `${host} is no address of this machine. Leave it out to listen on all.`
        : code === "EACCES"
          ? `Port ${port} is kept for the system. Choose one above 1023.`
          : message;
  return new AppError("bad-request", why, { method: "listen" });
}
