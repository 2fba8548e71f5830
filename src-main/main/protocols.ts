/** Serves the window's own files and the pictures of projects. What an address may name is decided in addresses.ts. */
import { protocol, type Session } from "electron";
import { APP_SCHEME, IMAGE_SCHEME } from "./addresses.ts";
import { note } from "./log.ts";
import { DEVELOPMENT_POLICY } from "./policy.ts";
import { headersOf, isReading, refuse, serveFile, servePicture, type ReadPicture } from "./serving.ts";

/** Must run before Electron is ready. */
export function nameProtocols(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
    { scheme: IMAGE_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true } },
  ]);
}

export interface Served {
  bundle: string;
  readPicture: ReadPicture;
  /** Where Vite serves the window while it is being developed. */
  developmentServer?: string | undefined;
}

const toLog = (line: string) => note("window", line);

export function serveProtocols(session: Session, { bundle, readPicture, developmentServer }: Served): void {
  session.protocol.handle(APP_SCHEME, (request) => {
    if (!isReading(request)) return refuse(405);
    return developmentServer ? fetchFrom(developmentServer, request) : serveFile(bundle, request.url, toLog);
  });
  session.protocol.handle(IMAGE_SCHEME, (request) => {
    return isReading(request) ? servePicture(readPicture, request.url) : refuse(405);
  });
}

async function fetchFrom(server: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const reply = await fetch(new URL(pathname + search, server));
  const type = reply.headers.get("content-type") ?? "text/plain";
  return new Response(await reply.arrayBuffer(), {
    status: reply.status,
    headers: headersOf(type, DEVELOPMENT_POLICY),
  });
}
