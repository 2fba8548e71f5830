/** `npm run serve`: an HTTP server that draws the scenes of scripts on this machine. */
import { readdirSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { describeOptions, readArguments, usageProblem, type Option } from "../cli/arguments.ts";
import { dataFolder } from "../cli/dataFolder.ts";
import { deafToInterrupts, DEMO_FOLDER } from "../cli/render.ts";
import { appVersion, describeError, EXIT, runCommand, type ExitCode, type Terminal } from "../cli/terminal.ts";
import { startEngine } from "../engine/host.ts";
import { usableProvider } from "../api/usableProvider.ts";
import { openModels } from "../models/host.ts";
import { PROVIDERS, type ProviderName } from "../scene/scene.ts";
import { suggestion } from "../scene/nearest.ts";
import { DrawingTurns } from "../service/drawingTurns.ts";
import { isAppError } from "../wire/errors.ts";
import { isLocalHost } from "../wire/loopback.ts";
import { Access } from "./access.ts";
import { Bodies } from "./body.ts";
import { Pictures } from "./pictures.ts";
import { Runs } from "./runs.ts";
import { listen } from "./server.ts";
import { tokenOf } from "./token.ts";

const DEFAULT = { host: "127.0.0.1", port: 7531 };
const GIB = 2 ** 30;
/** Pictures that are kept, and what they may take, unless `--keep` says otherwise. */
const MOST_PICTURES = 10_000;
const KEEP_GIB = 4;
/** Milliseconds that a client may take nothing of a stream. */
const PATIENCE = 30_000;

const OPTIONS = {
  listen: {
    value: "HOST:PORT",
    about: `Where to listen; ${DEFAULT.host}:${DEFAULT.port}, this machine alone, by default.`,
  },
  name: {
    value: "NAME",
    many: true,
    about: "A name that the server may be asked by, such as a proxy’s; once for each.",
  },
  "token-file": { value: "FILE", about: "Where the token is kept; made at the first start." },
  pictures: { value: "DIR", about: "Where pictures are kept." },
  keep: { value: "GIB", about: `The oldest pictures are deleted beyond so many GiB; ${KEEP_GIB} by default.` },
  provider: { value: "NAME", about: `auto (a GPU that works, else cpu), ${PROVIDERS.join(", ")}; auto by default.` },
  help: { about: "This text." },
} as const satisfies Record<string, Option>;

const HELP = `Draws the scenes of scripts, by HTTP.

Usage: npm run serve -- [options]

${describeOptions(OPTIONS)}

  curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" --data-binary @scene.json \\
    "http://${DEFAULT.host}:${DEFAULT.port}/v1/scenes?seeds=1-4"

answers with a run. GET /v1/runs/ID says how far it is, GET /v1/runs/ID/events tells it as it happens, GET /v1/pictures/HASH is a
picture, DELETE /v1/runs/ID cancels, GET /v1/models lists checkpoints, GET /v1/openapi.json describes all of it.

Exit codes: 0 ended by Ctrl-C, 1 it failed, 2 the command is wrong.
`;

export interface ServeCommandOptions {
  host: string;
  port: number;
  names: string[];
  tokenFile: string;
  pictures: string;
  mostBytes: number;
  provider: ProviderName | "auto";
}

export function readServeOptions(argv: readonly string[], { env, cwd }: Terminal): ServeCommandOptions | "help" {
  const { given, words } = readArguments("serve", argv, OPTIONS);
  if (given.help) return "help";
  if (words.length > 0) throw usageProblem("serve", `serve takes no words, got ${words.join(" ")}`);
  const provider = given.provider ?? "auto";
  if (provider !== "auto" && !(PROVIDERS as readonly string[]).includes(provider)) {
    throw usageProblem("serve", `--provider: there is no "${provider}"${suggestion(provider, ["auto", ...PROVIDERS])}`);
  }
  const keep = Number(given.keep ?? KEEP_GIB);
  if (!(keep > 0 && keep <= 1e6)) throw usageProblem("serve", `--keep: expected GiB above 0, got "${given.keep!}"`);
  const data = dataFolder(env);
  return {
    ...readAddress(given.listen),
    names: given.name ?? [],
    tokenFile: given["token-file"] === undefined ? join(data, "server-token") : resolve(cwd, given["token-file"]),
    pictures: given.pictures === undefined ? join(data, "server-pictures") : resolve(cwd, given.pictures),
    mostBytes: keep * GIB,
    provider: provider as ProviderName | "auto",
  };
}

/** `host:port`, `[::1]:7531`, or `:7531` for this machine alone. */
function readAddress(text: string | undefined): { host: string; port: number } {
  if (text === undefined) return DEFAULT;
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw usageProblem("serve", `--listen: expected host:port such as ${DEFAULT.host}:${DEFAULT.port}, got "${text}"`);
  }
  return { host: host === "" ? DEFAULT.host : host, port };
}

/** Runs the command line `argv` until Ctrl-C and returns the exit code. Never throws. */
export async function serve(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { stdout, stderr, env } = terminal;
  const say = (line: string) => void stderr.write(`${line}\n`);
  try {
    const options = readServeOptions(argv, terminal);
    if (options === "help") {
      stdout.write(HELP);
      return EXIT.ok;
    }
    const interrupted = new Promise<void>((end) => {
      let count = 0;
      terminal.onInterrupt(() => (++count > 1 ? terminal.exitNow(EXIT.interrupted) : end()));
    });
    const token = tokenOf(options.tokenFile);
    const { host, port, mostBytes } = options;
    const pictures = await Pictures.open({ folder: options.pictures, mostBytes, mostPictures: MOST_PICTURES });
    const isDebug = env["DIORAMA_DEBUG"] === "1";
    const onLine = (line: string) => (isDebug ? say(line) : undefined);
    const deaf = { NODE_OPTIONS: deafToInterrupts(env["NODE_OPTIONS"]) };
    const engine = await startEngine({ demoModel: DEMO_FOLDER, env: deaf, onLine });
    const home = openModels({ dataFolder: dataFolder(env), lasting: true, env: { ...env, ...deaf }, onLine });
    try {
      const provider = options.provider === "auto" ? await usableProvider(engine.api) : options.provider;
      const runs = new Runs({ engine, turns: new DrawingTurns(), home: home.api, pictures });
      const names = [...options.names, ...(isIP(host) === 0 ? [host] : []), ...(isLocalHost(host) ? [] : [hostname()])];
      const access = new Access({ token, names });
      const rest = { provider, demoBytes: bytesUnder(DEMO_FOLDER), version: appVersion(), patience: PATIENCE };
      const parts = { runs, home: home.api, pictures, bodies: new Bodies(), ...rest };
      const listening = await listen({ host, port, access, parts, note: say });
      say(`Listening at ${listening.url}, drawing on ${provider}. Pictures are kept in ${options.pictures}.`);
      // Not where it is not a person who reads it: what services and containers say is kept in logs that others read.
      const isShown = token.made !== undefined && stderr.isTTY;
      say(
        isShown
          ? `Made a token, shown this once, kept in ${options.tokenFile}: ${token.made}`
          : `${token.made === undefined ? "The token is" : "Made a token, which is"} in ${options.tokenFile}.`,
      );
      if (!isLocalHost(host)) {
        say(
          "Others on the network can reach it, and what is sent can be read on the way: put a proxy with TLS in front, or use an SSH tunnel to 127.0.0.1.",
        );
      }
      await interrupted;
      say("Stopping after this step; press Ctrl-C again to stop at once.");
      await listening.close();
    } finally {
      await Promise.all([engine.stop(), home.stop()]);
    }
    return EXIT.ok;
  } catch (error) {
    say(describeError(error, env));
    return isAppError(error, "bad-request") ? EXIT.usage : EXIT.failed;
  }
}

function bytesUnder(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

if (import.meta.main) await runCommand(serve);
