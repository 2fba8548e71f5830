/**
 * What an address of our two protocols may name: `app://diorama/...` a file of the bundle, `img://<project key>/<id>/<size>` a picture
 * that the store knows by its number. No path on disk is ever taken from an address.
 */
import type { PictureSize } from "../api/store.ts";

export const APP_SCHEME = "app";
export const IMAGE_SCHEME = "img";
export const APP_ORIGIN = "app://diorama";
export const START_PAGE = `${APP_ORIGIN}/index.html`;

/** Kinds of file that the bundle has; nothing else is served. */
const CONTENT_TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  webp: "image/webp",
  woff2: "font/woff2",
};

export interface Asset {
  /** Below the bundle's folder, with forward slashes. */
  path: string;
  contentType: string;
}

/**
 * The file that an address names, or undefined. Names are spelt out letter by letter: no `..`, no hidden file, no escape such as `%2e`,
 * no drive, stream or device of Windows can be written with them.
 */
export function assetOf(address: string): Asset | undefined {
  const url = parse(address);
  if (url?.protocol !== `${APP_SCHEME}:` || url.host !== "diorama") return undefined;
  const path = /^((?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+)$/.exec(url.pathname)?.[1]?.slice(1);
  const contentType = CONTENT_TYPES[/\.([a-z0-9]+)$/.exec(path ?? "")?.[1] ?? ""];
  return path === undefined || contentType === undefined ? undefined : { path, contentType };
}

export interface PictureAddress {
  key: string;
  id: number;
  size: PictureSize;
}

export function pictureOf(address: string): PictureAddress | undefined {
  const url = parse(address);
  if (url?.protocol !== `${IMAGE_SCHEME}:` || !/^[a-z0-9-]{16,64}$/.test(url.host)) return undefined;
  const match = /^\/([1-9]\d{0,14})\/(full|thumbnail|small)$/.exec(url.pathname);
  return match ? { key: url.host, id: Number(match[1]), size: match[2] as PictureSize } : undefined;
}

/** Whether a frame shows our own page. `origin` is what the browser says, not what the page does. */
export function isOurs(frame: { origin: string; url: string } | null): boolean {
  return frame?.origin === APP_ORIGIN && frame.url.startsWith(`${APP_ORIGIN}/`);
}

/**
 * Whether anything here may load this address: our own files, pictures of projects, what a page has made itself. In development also
 * the tools of the browser, and the socket of Vite's server.
 */
export function mayLoad(address: string, isDevelopment: boolean): boolean {
  if (/^(?:blob:)?app:\/\/diorama\//.test(address)) return true;
  if (parse(address)?.protocol === `${IMAGE_SCHEME}:`) return true;
  return isDevelopment && /^(?:devtools:\/\/|ws:\/\/localhost:5180\/)/.test(address);
}

/** Sites that the app itself links to. */
const LINKED_HOSTS = ["arxiv.org", "github.com", "huggingface.co"];

/** The address to hand to the system's browser, or undefined: `file:`, `smb:`, `ms-msdt:` and the like start programs. */
export function linkOf(address: string): string | undefined {
  const url = parse(address);
  const isLinked = url?.protocol === "https:" && LINKED_HOSTS.includes(url.host) && !url.username && !url.password;
  return isLinked ? url.href : undefined;
}

function parse(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}
