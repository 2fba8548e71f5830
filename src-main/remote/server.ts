/**
 * The engine of this machine on a WebSocket with TLS, for machines that were paired. Whoever connects shows a certificate; one that
 * is not on the list gets no further than the code, and that only while one is shown. Connections come and go, sessions stay.
 */
import { createServer } from "node:https";
import type { IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import { AppError, messageOf } from "../wire/errors.ts";
import { plainLine } from "../wire/plainLine.ts";
import { LARGEST_GREETING, LARGEST_MESSAGE } from "./codec.ts";
import { Guests } from "./guests.ts";
import type { Hosting } from "./hosting.ts";
import { fingerprintOf, type Identity } from "./identity.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { watchSilence } from "./liveness.ts";
import type { PairedMachines } from "./pairedMachines.ts";
import { type OpenPairing, Pairing } from "./pairing.ts";
import { CLOSED, PATHS, type Refusal, REFUSAL_HEADER } from "./protocol.ts";
import { Strangers } from "./strangers.ts";

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

export class EngineServer {
  readonly #options: ServerOptions;
  readonly #limits: Limits;
  readonly #server;
  readonly #pairing: Pairing;
  readonly #guests: Guests;
  readonly #strangers: Strangers;
  readonly #sockets = new Set<WebSocket>();
  readonly #greetings = new WebSocketServer({ noServer: true, maxPayload: LARGEST_GREETING, perMessageDeflate: false, clientTracking: false }); // prettier-ignore
  readonly #messages = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE, perMessageDeflate: false, clientTracking: false }); // prettier-ignore
  #stopWatching: (() => void) | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    const { identity, paired, name, app, now = Date.now } = options;
    const say = (line: string) => this.#say(line);
    const { greeting, connections, strangers } = this.#limits;
    this.#strangers = new Strangers({ each: strangers, all: Math.ceil(connections / 2) });
    this.#guests = new Guests({
      ...{ app, paired, say, limits: this.#limits, hosting: options.hosting },
      refusalOf: (client) => this.#refusalSafely(client, false),
    });
    this.#pairing = new Pairing({
      ...{ name, app, fingerprint: identity.fingerprint, paired, limits: this.#limits, now },
      onPaired: (called) => say(`“${called}” is paired, and may draw on this machine from now on.`),
      onFailed: (why, left) => {
        const what = why === "wrong" ? "A wrong code was typed." : "Somebody began to pair and left off.";
        const tries = left === 1 ? "1 more try." : `${left} more tries.`;
        say(left > 0 ? `${what} ${tries}` : `${what} That was the last try: the code is void. Show another one.`);
      },
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
      const { remoteAddress, remotePort } = socket; // forgotten by the socket when it is closed
      if (!this.#strangers.admit({ remoteAddress, remotePort })) return socket.destroy();
      socket.once("close", () => this.#strangers.release({ remoteAddress, remotePort }));
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
    this.#stopWatching = this.#options.paired.watch(() => this.#guests.cutRevoked());
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
    return this.#guests.connected;
  }

  async close(): Promise<void> {
    this.#stopWatching?.();
    this.#guests.close();
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
      if (!isPairing) this.#strangers.release(wire);
      const meeting = isPairing ? this.#pair(webSocket, client) : this.#guests.welcome(webSocket, client);
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

  /** Words of others may stand in it. */
  #say(line: string): void {
    this.#options.say(plainLine(line));
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
