/** A server that speaks as much of the Hugging Face hub's protocol as a download needs, with faults on request. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

export interface HubRepo {
  files: Record<string, Buffer>;
  licence?: string;
  gated?: boolean;
}

export interface Asked {
  method: string;
  url: string;
  range: string | undefined;
  authorization: string | undefined;
}

/** Answers in place of the server, or leaves it to it by false. */
export type Fault = (request: IncomingMessage, response: ServerResponse, asked: Asked) => boolean;

export interface LocalHub {
  url: string;
  asked: Asked[];
  repos: Record<string, HubRepo>;
  /** The first that answers does. */
  faults: Fault[];
  close(): Promise<void>;
}

/** What is kept as LFS: weights, as on the hub. */
const isLarge = (path: string) => path.endsWith(".safetensors");

export function oidOf(bytes: Buffer, large: boolean): string {
  if (large) return createHash("sha256").update(bytes).digest("hex");
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

export async function startHub(repos: Record<string, HubRepo>): Promise<LocalHub> {
  const asked: Asked[] = [];
  const faults: Fault[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const one: Asked = { method, url, range: headers.range, authorization: headers.authorization };
    asked.push(one);
    if (faults.some((fault) => fault(request, response, one))) return;
    answer(repos, url, headers.range, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    ...{ asked, repos, faults },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

function answer(
  repos: Record<string, HubRepo>,
  url: string,
  range: string | undefined,
  response: ServerResponse,
): void {
  const { pathname } = new URL(url, "http://hub");
  const info = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(pathname);
  const tree = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/([^/]+)/.exec(pathname);
  const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
  const large = /^\/cdn\/([0-9a-f]{64})$/.exec(pathname);
  const repo = repos[info?.[1] ?? tree?.[1] ?? file?.[1] ?? ""];
  if (large) {
    const bytes = Object.values(repos)
      .flatMap(({ files }) => Object.values(files))
      .find((each) => oidOf(each, true) === large[1]);
    if (bytes) {
      sendBytes(response, bytes, range);
      return;
    }
  }
  if (repo && info) {
    sendJson(response, {
      ...{ _id: "1", id: info[1], sha: COMMIT, private: false, gated: repo.gated ? "auto" : false },
      ...{
        downloads: 1,
        likes: 1,
        lastModified: "2026-01-01T00:00:00.000Z",
        cardData: { license: repo.licence ?? "mit" },
      },
    });
    return;
  }
  if (repo && tree) {
    sendJson(
      response,
      Object.entries(repo.files).map(([path, bytes]) => entryOf(path, bytes)),
    );
    return;
  }
  const bytes = file && repo?.files[decodeURIComponent(file[3]!)];
  if (bytes && isLarge(file[3]!)) {
    response.writeHead(302, { Location: `/cdn/${oidOf(bytes, true)}` }).end();
    return;
  }
  if (bytes) {
    sendBytes(response, bytes, range);
    return;
  }
  const code = repo ? "EntryNotFound" : "RepoNotFound";
  response
    .writeHead(repo ? 404 : 401, { "X-Error-Code": code, "Content-Type": "application/json" })
    .end(`{"error":"${code}"}`);
}

export function entryOf(path: string, bytes: Buffer) {
  const large = isLarge(path);
  const lfs = large ? { lfs: { oid: oidOf(bytes, true), size: bytes.length, pointerSize: 130 } } : {};
  return { type: "file", path, size: bytes.length, oid: large ? "f".repeat(40) : oidOf(bytes, false), ...lfs };
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

function sendBytes(response: ServerResponse, bytes: Buffer, range: string | undefined): void {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  if (from >= bytes.length && from > 0) {
    response.writeHead(416, { "Content-Range": `bytes */${bytes.length}` }).end();
    return;
  }
  const part = bytes.subarray(from);
  const head = range === undefined ? {} : { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response
    .writeHead(range === undefined ? 200 : 206, { "Content-Length": part.length, "Accept-Ranges": "bytes", ...head })
    .end(part);
}

/** The files of a folder, as a repository has them. */
export function repoOf(folder: string): HubRepo {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const files = names.map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [path.slice(folder.length + 1).replaceAll("\\", "/"), readFileSync(path)] as const;
  });
  return { files: Object.fromEntries(files), licence: "mit" };
}
