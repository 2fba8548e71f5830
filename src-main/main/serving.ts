/** The answers to requests for our own files and for pictures: what is sent, under which headers, and what is refused. */
import { readFile, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { PictureSize } from "../api/store.ts";
import { APP_ORIGIN, assetOf, pictureOf } from "./addresses.ts";
import { messageOf } from "../wire/errors.ts";
import { CONTENT_POLICY } from "./policy.ts";

/** The bytes of a picture; undefined when there is no such project or picture. */
export type ReadPicture = (key: string, id: number, size: PictureSize) => Promise<Uint8Array<ArrayBuffer> | undefined>;

export function isReading({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

/** A file of the bundle. A window that lacks one of its own is broken: `note` is told, so that whoever looks for why finds it in the log. */
export async function serveFile(bundle: string, address: string, note: (line: string) => void): Promise<Response> {
  const missing = (why: string) => {
    note(`${address.slice(0, 200)} is not there: ${why}`);
    return refuse(404);
  };
  const asset = assetOf(address);
  if (!asset) return missing("it is no file of the window");
  try {
    const root = await realpath(bundle);
    const file = await realpath(join(root, asset.path));
    if (!file.startsWith(root + sep)) return missing("it is a link that leads out of the window's files");
    return new Response(await readFile(file), { headers: headersOf(asset.contentType, CONTENT_POLICY) });
  } catch (error) {
    return missing(messageOf(error));
  }
}

/** Pictures that are asked for and not there yet; a page that asks for more gets none until some are. */
const MOST_WAITING = 2_000;
let waiting = 0;

/** A picture of an open project. Whatever the project has in its place is sent as a PNG, and is no page. */
export async function servePicture(readPicture: ReadPicture, address: string): Promise<Response> {
  const picture = pictureOf(address);
  if (!picture || waiting >= MOST_WAITING) return refuse(404);
  waiting++;
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
  } finally {
    waiting--;
  }
}

export function headersOf(contentType: string, policy: string): Record<string, string> {
  return {
    "Content-Type": contentType,
    "Content-Security-Policy": policy,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": contentType === "image/png" ? "cross-origin" : "same-origin",
  };
}

export function refuse(status: 404 | 405): Response {
  return new Response("", { status, headers: headersOf("text/plain; charset=utf-8", "default-src 'none'") });
}
