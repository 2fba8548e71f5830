/** A run's events as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). A client that does not listen is let go. */
import type { ServerResponse } from "node:http";
import type { EventLog, LoggedEvent } from "./eventLog.ts";

/** Bytes that wait for a slow client: beyond the first it misses how far pictures are, beyond the second it is let go. */
const FALLS_BEHIND = 256 * 2 ** 10;
const MOST_BEHIND = 8 * 2 ** 20;
/** Milliseconds between signs of life. */
const HEARTBEAT = 15_000;
/** Milliseconds that a client waits before it comes back. */
const RETRY = 2_000;

export interface StreamOptions {
  /** What the client has seen already: the header `Last-Event-ID`. */
  lastSeen: string | undefined;
  /** Milliseconds that a client may take nothing. */
  patience: number;
}

export function streamEvents(log: EventLog, response: ServerResponse, { lastSeen, patience }: StreamOptions): void {
  const seen = /^\d{1,15}$/.test(lastSeen ?? "") ? Number(lastSeen) : 0;
  const from = seen > log.lastId ? 0 : seen; // an id of another run is none of this one
  if (log.isOver && from === log.lastId) {
    response.writeHead(204).end(); // tells a browser not to come back
    return;
  }
  response.setHeader("Content-Type", "text/event-stream; charset=utf-8"); // server.ts tells streams by it
  response.writeHead(200, {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no", // proxies hand it on as it comes
  });
  let stalled: NodeJS.Timeout | undefined;
  const write = (text: string) => {
    if (response.write(text)) return;
    stalled ??= setTimeout(() => response.destroy(), patience);
    if (response.writableLength > MOST_BEHIND) response.destroy();
  };
  response.on("drain", () => {
    clearTimeout(stalled);
    stalled = undefined;
  });
  const isPassing = ({ name }: LoggedEvent) => name === "step" || name === "loading";
  const send = (event: LoggedEvent) => {
    if (response.destroyed || (isPassing(event) && response.writableLength > FALLS_BEHIND)) return;
    const id = event.id === undefined ? "" : `id: ${event.id}\n`;
    write(`${id}event: ${event.name}\ndata: ${event.data}\n\n`);
    if (event.name === "end") response.end();
  };
  const heartbeat = setInterval(() => write(":\n\n"), HEARTBEAT);
  const stop = log.listen(send);
  response.on("close", () => {
    stop();
    clearInterval(heartbeat);
    clearTimeout(stalled);
  });
  write(`retry: ${RETRY}\n\n`);
  for (const event of log.after(from)) send(event);
}
