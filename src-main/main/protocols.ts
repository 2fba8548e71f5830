/** Serves the window's own files and the pictures of projects. What an address may name is decided in addresses.ts. */
import { protocol, type Session } from "electron";
import { readFile, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { PictureSize } from "../api/main.ts";
import { APP_ORIGIN, APP_SCHEME, assetOf, IMAGE_SCHEME, pictureOf } from "./addresses.ts";
import { CONTENT_POLICY, DEVELOPMENT_POLICY } from "./policy.ts";

/** Must run before Electron is ready. */
export function nameProtocols(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
    { scheme: IMAGE_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true } },
  ]);
}

/** The bytes of a picture; undefined when there is no such project or picture. */
export type ReadPicture = (key: string, id: number, size: PictureSize) => Promise<Uint8Array<ArrayBuffer> | undefined>;

export interface Served {
  bundle: string;
  readPicture: ReadPicture;
  /** Where Vite serves the window while it is being developed. */
  developmentServer?: string | undefined;
}

export function serveProtocols(session: Session, { bundle, readPicture, developmentServer }: Served): void {
  session.protocol.handle(APP_SCHEME, (request) => {
    if (!isReading(request)) return refuse(405);
    return developmentServer ? fetchFrom(developmentServer, request) : serveFile(bundle, request.url);
  });
  session.protocol.handle(IMAGE_SCHEME, (request) => {
    return isReading(request) ? servePicture(readPicture, request.url) : refuse(405);
  });
}

function isReading({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

async function serveFile(bundle: string, address: string): Promise<Response> {
  const asset = assetOf(address);
  if (!asset) return refuse(404);
  try {
    const root = await realpath(bundle);
    const file = await realpath(join(root, asset.path));
    if (!file.startsWith(root + sep)) return refuse(404); // a link that leads out
    return new Response(await readFile(file), { headers: headersOf(asset.contentType, CONTENT_POLICY) });
  } catch {
    return refuse(404);
  }
}

async function servePicture(readPicture: ReadPicture, address: string): Promise<Response> {
  const picture = pictureOf(address);
  if (!picture) return refuse(404);
  try {
    const png = await readPicture(picture.key, picture.id, picture.size);
    if (!png) return refuse(404);
    const headers = {
      ...headersOf("image/png", "default-src 'none'"),
      "Access-Control-Allow-Origin": APP_ORIGIN,
      "Cache-Control": "private, max-age=31536000, immutable",
    };
    return new Response(png, { headers });
  } catch {
    return refuse(404);
  }
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

function headersOf(contentType: string, policy: string): Record<string, string> {
  return {
    "Content-Type": contentType,
    "Content-Security-Policy": policy,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": contentType === "image/png" ? "cross-origin" : "same-origin",
  };
}

function refuse(status: 404 | 405): Response {
  return new Response("", { status, headers: headersOf("text/plain; charset=utf-8", "default-src 'none'") });
}
