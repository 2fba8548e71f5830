/** What can be asked for, address by address. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as v from "valibot";
import { countPictures, expandScene } from "../scene/alternatives.ts";
import { DEFAULT_SETTINGS } from "../scene/defaults.ts";
import type { ProviderName, Seed } from "../scene/scene.ts";
import { readSeeds } from "../scene/seeds.ts";
import { readAskedScene, type AskedScene } from "./askedScene.ts";
import { askedModel, modelsView, withHomeFiles } from "./atHome.ts";
import type { Bodies } from "./body.ts";
import { Refusal } from "./errors.ts";
import { streamEvents } from "./eventStream.ts";
import { askSchema, MOST_PICTURES, type Asked } from "./messages.ts";
import { openApi } from "./openapi.ts";
import type { RunParts } from "./run.ts";
import type { Runs } from "./runs.ts";

export interface Parts extends Pick<RunParts, "home" | "pictures"> {
  runs: Runs;
  bodies: Bodies;
  /** What checkpoints run on. */
  provider: ProviderName;
  /** Bytes of the demo model's weights. */
  demoBytes: number;
  version: string;
  /** Milliseconds that a client may take nothing of a stream. */
  patience: number;
}

interface Ask {
  request: IncomingMessage;
  response: ServerResponse;
  /** What stood in the address in place of `:name`. */
  word: string;
  query: URLSearchParams;
}
type Answer = (parts: Parts, ask: Ask) => Promise<void> | void;

interface Route {
  /** `:` is a word that the answer gets. */
  path: string;
  methods: Partial<Record<"GET" | "POST" | "DELETE", Answer>>;
}

export const ROUTES: readonly Route[] = [
  { path: "/v1/scenes", methods: { POST: beginRun } },
  {
    path: "/v1/runs/:",
    methods: {
      GET: ({ runs }, { word, response }) => sendJson(response, 200, runs.get(word).view),
      DELETE: ({ runs }, { word, response }) => {
        const run = runs.get(word);
        run.cancel();
        sendJson(response, 200, run.view);
      },
    },
  },
  {
    path: "/v1/runs/:/events",
    methods: {
      GET: ({ runs, patience }, { word, request, response }) => {
        const header = request.headers["last-event-id"];
        const lastSeen = Array.isArray(header) ? header[0] : header;
        streamEvents(runs.get(word).events, response, { lastSeen, patience });
      },
    },
  },
  { path: "/v1/pictures/:", methods: { GET: sendPicture } },
  {
    path: "/v1/models",
    methods: {
      GET: async ({ home, demoBytes }, { response }) => sendJson(response, 200, await modelsView(home, demoBytes)),
    },
  },
  {
    path: "/v1/openapi.json",
    methods: { GET: ({ version }, { response }) => sendJson(response, 200, openApi(version)) },
  },
];

/** Answers a request whose sender may ask. */
export async function answer(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams: query } = addressOf(request);
  const found = ROUTES.flatMap((route) => {
    const match = new RegExp(`^${route.path.replace(":", "([A-Za-z0-9-]{1,100})")}$`).exec(pathname);
    return match ? [{ route, word: match[1] ?? "" }] : [];
  })[0];
  if (!found)
    throw new Refusal(404, "not-found", "There is nothing at this address. GET /v1/openapi.json lists what there is.");
  const { methods } = found.route;
  const method = request.method === "HEAD" ? "GET" : (request.method ?? "");
  const asked = Object.hasOwn(methods, method) ? methods[method as keyof typeof methods] : undefined;
  if (!asked) {
    const allowed = Object.keys(methods).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name]));
    const headers = { Allow: allowed.join(", ") };
    throw new Refusal(405, "method", `${request.method ?? ""} is nothing that can be done here.`, { headers });
  }
  await asked(parts, { request, response, word: found.word, query });
}

/** Of the form `/path?query` alone: proxies and other servers are not spoken for. */
function addressOf({ url = "" }: IncomingMessage): URL {
  const address = url.startsWith("/") ? `http://server${url}` : "";
  if (URL.canParse(address)) return new URL(address);
  throw new Refusal(400, "bad-request", "This is no address.");
}

async function beginRun({ runs, home, bodies, provider }: Parts, { request, response, query }: Ask): Promise<void> {
  const asked = readQuery(query);
  const text = await bodies.text(request);
  const scene = readAskedScene(text, DEFAULT_SETTINGS);
  const seeds = seedsOf(asked, scene);
  const alternatives = expandScene(scene.scene).length;
  const total = countPictures(alternatives, seeds.length);
  if (total > MOST_PICTURES) {
    const message = `This makes ${total} pictures; a run draws at most ${MOST_PICTURES}. Ask for them in several runs.`;
    throw new Refusal(422, "too-many", message);
  }
  const model = await askedModel(home, asked.model, provider);
  await withHomeFiles(home, scene.scene, model); // what is not there is known before it is waited for
  const previews = Number(asked.previews ?? 0);
  const run = runs.begin({ scene, seeds, alternatives, model, previews });
  sendJson(response, 202, run.view, { Location: `/v1/runs/${run.id}` });
}

function readQuery(query: URLSearchParams): Asked {
  const names = [...query.keys()];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Refusal(400, "bad-request", `${twice}: it is given twice`);
  const read = v.safeParse(askSchema, Object.fromEntries(query));
  if (read.success) {
    const { seeds, count } = read.output;
    if (seeds === undefined || count === undefined) return read.output;
    throw new Refusal(400, "bad-request", "count: give seeds, or count for seeds by chance, not both");
  }
  const [issue] = read.issues;
  const name = v.getDotPath(issue) ?? "";
  const known = Object.keys(askSchema.entries);
  const message = known.includes(name) ? issue.message : `unknown; there are ${known.join(", ")}`;
  throw new Refusal(400, "bad-request", `${name}: ${message}`);
}

function seedsOf({ seeds, count }: Asked, scene: AskedScene): Seed[] {
  if (count !== undefined) {
    return Array.from({ length: Number(count) }, () => String(randomBytes(4).readUInt32BE()));
  }
  if (seeds === undefined) return scene.seeds ?? ["1"];
  const read = readSeeds(seeds);
  if ("problem" in read) throw new Refusal(400, "bad-request", `seeds: ${read.problem}`);
  return read.seeds;
}

async function sendPicture({ pictures }: Parts, { word, request, response }: Ask): Promise<void> {
  const known = /^[0-9a-f]{64}$/.test(word) && pictures.has(word);
  const etag = `"${word}"`;
  // A picture's bytes are what its address says: whoever has it has it for ever.
  const headers = { ETag: etag, "Cache-Control": "private, max-age=31536000, immutable" };
  const theirs = (request.headers["if-none-match"] ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known && (theirs.includes(etag) || theirs.includes("*"))) {
    response.writeHead(304, headers).end();
    return;
  }
  const png = known ? await pictures.read(word) : undefined;
  if (!png) throw new Refusal(404, "not-found", "This server keeps no such picture (any more).");
  const more = { "Content-Type": "image/png", "Content-Length": png.length };
  response.writeHead(200, { ...headers, ...more }).end(png);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(value));
  const own = { "Content-Type": "application/json; charset=utf-8", "Content-Length": bytes.length };
  response.writeHead(status, { ...own, "Cache-Control": "no-store", ...headers }).end(bytes);
}
