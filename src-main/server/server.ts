/** The server for scripts: who may ask (access.ts), what for (routes.ts), and how long it may take. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError, messageOf } from "../wire/errors.ts";
import type { Access } from "./access.ts";
import { asRefusal } from "./errors.ts";
import { answer, sendJson, type Parts } from "./routes.ts";

const MOST_CONNECTIONS = 256;
/** Milliseconds: for the head of a request, for all of it, and for taking an answer that is not a stream. */
const TIMES = { head: 10_000, request: 60_000, answer: 120_000 };

export interface ServeOptions {
  host: string;
  port: number;
  access: Access;
  parts: Parts;
  /** Gets what a person who looks after the server should know. */
  note: (message: string) => void;
  /** Shorter ones for tests. */
  times?: Partial<typeof TIMES>;
}

export interface Listening {
  /** `http://127.0.0.1:7531` */
  url: string;
  /** Takes no request more, and resolves when nothing is drawn any more. */
  close(): Promise<void>;
}

export async function listen({ host, port, access, parts, note, times: own }: ServeOptions): Promise<Listening> {
  const times = { ...TIMES, ...own };
  const server = createServer(
    {
      headersTimeout: times.head,
      requestTimeout: times.request,
      connectionsCheckingInterval: Math.min(2_000, times.head),
    },
    (request, response) => void respond(request, response),
  );
  server.maxConnections = MOST_CONNECTIONS;
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    response.setHeader("X-Content-Type-Options", "nosniff");
    request.on("error", () => undefined); // whoever is gone is told nothing
    response.on("error", () => undefined);
    let late: NodeJS.Timeout | undefined;
    const limit = () => {
      if (response.getHeader("Content-Type")?.toString().startsWith("text/event-stream")) return;
      late ??= setTimeout(() => response.destroy(), times.answer);
    };
    response.on("close", () => clearTimeout(late));
    try {
      access.check(request);
      await answer(parts, request, response);
    } catch (error) {
      const refusal = asRefusal(error);
      if (refusal.status >= 500) note(`${request.method ?? ""}: ${messageOf(error)}`);
      if (response.headersSent || response.destroyed) response.destroy();
      // What is left of a body that nobody reads is not waited for.
      else sendJson(response, refusal.status, refusal.body, { ...refusal.headers, ...(request.complete ? {} : { Connection: "close" }) }); // prettier-ignore
    }
    limit();
  };
  await begin(server, host, port);
  // Such as no more files that may be open: that connection is lost, the others go on.
  server.on("error", (error) => note(`A connection could not be taken: ${error.message}.`));
  const { address, port: taken, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${taken}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await parts.runs.stop();
      server.closeAllConnections();
      await closed;
    },
  };
}

function begin(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EADDRINUSE"
          ? "another program listens there already"
          : error.code === "EADDRNOTAVAIL"
            ? "this machine does not have that address"
            : error.message;
      const message = `--listen ${host}:${port}: ${why}. Name another one.`;
      reject(new AppError("bad-request", message, { method: "serve" }, { cause: error }));
    };
    server.once("error", fail);
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", fail);
      resolve();
    });
  });
}
