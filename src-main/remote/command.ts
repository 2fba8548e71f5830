/** What `npm run engine` and the packaged program with `--engine` do: the same, each with its own way to start processes. */
import { createInterface } from "node:readline";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Engine } from "../engine/host.ts";
import type { ModelsAtHome } from "../models/host.ts";
import { AppError } from "../wire/errors.ts";
import { isLocalHost } from "../wire/loopback.ts";
import { announce } from "./announce.ts";
import { readAddress, showAddress } from "./dial.ts";
import { machinesFolder } from "./host.ts";
import { Hosting } from "./hosting.ts";
import { identityIn } from "./identity.ts";
import { PairedMachines } from "./pairedMachines.ts";
import { LONGEST_NAME, PORT } from "./protocol.ts";
import { EngineServer } from "./server.ts";
import { ownName } from "./ownName.ts";

export const SERVER_OPTIONS = {
  listen: { about: `offer the engine to paired machines, on all addresses and port ${PORT} or on HOST:PORT` },
  pair: { about: "with --listen: show a code for one more machine" },
  name: { value: "NAME", about: "with --listen: what this machine is called elsewhere; by default its host name" },
  paired: { about: "list the machines that may draw on this one" },
  revoke: { value: "NAME", about: "shut one of them out; a running engine cuts it off at once" },
  data: {
    value: "FOLDER",
    about: "where certificate, machines and folders of models are kept; by default the program's data",
  },
  help: { about: "this text" },
} as const;

export interface Wished {
  /** Where to listen; empty for everywhere. */
  listen: string | undefined;
  paired: boolean;
  revoke: string | undefined;
  pair: boolean;
  name: string | undefined;
}

export interface Surroundings {
  stdout: { write(text: string): unknown; isTTY?: boolean };
  stderr: { write(text: string): unknown };
  dataFolder: string;
  app: string;
  startEngine: () => Promise<Engine>;
  openModels: () => ModelsAtHome;
  onInterrupt: (listener: () => void) => () => void;
}

/** Resolves when it is done, or interrupted. */
export async function runEngineServer(wished: Wished, at: Surroundings): Promise<void> {
  const folder = machinesFolder(at.dataFolder);
  const paired = new PairedMachines(join(folder, "paired.json"));
  if (wished.paired) {
    listPaired(paired, at);
    return;
  }
  if (wished.revoke !== undefined) {
    const { name } = paired.revoke(wished.revoke);
    at.stdout.write(`“${name}” may not draw on this machine any more.\n`);
    return;
  }
  const address = readListen(wished.listen ?? "");
  const name = readName(wished.name);
  const identity = await identityIn(folder);
  const engine = await at.startEngine();
  const models = at.openModels();
  const say = (line: string) => void at.stderr.write(`${line}\n`);
  const hosting = new Hosting({ engine, models, name, app: at.app });
  const server = new EngineServer({ identity, paired, hosting, name, app: at.app, address, say });
  try {
    const interrupted = new Promise<void>((done) => at.onInterrupt(done));
    const { port } = await server.listen();
    at.stdout.write(`${name} listens on ${reachable(address.host, port).join(", ")}.\n`);
    const takeBack = isLocalHost(address.host)
      ? () => Promise.resolve()
      : announce({ name, port, fingerprint: identity.fingerprint }, (problem) => {
          say(`It cannot be found by itself in this network (${problem}): type its address on the other machine.`);
        });
    const showCode = () => {
      const { code, until } = server.beginPairing();
      const minutes = Math.round((until - Date.now()) / 60_000);
      at.stdout.write(`Type this code on the other machine within ${minutes} minutes: ${code}\n`);
    };
    const isFirst = paired.list().every(({ revoked }) => revoked !== null);
    if (wished.pair || isFirst) showCode();
    const keys = at.stdout.isTTY && process.stdin.isTTY ? createInterface(process.stdin) : undefined;
    keys?.on("line", showCode).on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    if (keys) at.stdout.write("Enter shows a code for another machine, Ctrl-C ends.\n");
    void hosting.info().then(
      ({ device, provider, models: { length } }) => say(`It draws on ${device} (${provider}) with ${length} models.`),
      (error: unknown) => say(String(error)),
    );
    await interrupted;
    keys?.close();
    await takeBack();
  } finally {
    await server.close();
    await Promise.all([engine.stop(), models.stop()]);
  }
}

function listPaired(paired: PairedMachines, { stdout }: Surroundings): void {
  const all = paired.list();
  if (all.length === 0) stdout.write("No machine is paired. One is with: npm run engine -- --listen --pair\n");
  for (const { name, paired: since, seen, revoked, fingerprint } of all) {
    const state = revoked === null ? `last here ${seen?.slice(0, 16) ?? "never"}` : `revoked ${revoked.slice(0, 10)}`;
    stdout.write(`${name}  paired ${since.slice(0, 10)}, ${state}  ${fingerprint.slice(0, 16)}\n`);
  }
}

function readListen(text: string): { host: string; port: number } {
  if (text === "") return { host: "::", port: PORT };
  if (/^:?\d+$/.test(text)) return { host: "::", port: readAddress(`x:${text.replace(":", "")}`).port };
  return readAddress(text);
}

function readName(given: string | undefined): string {
  if (given === undefined) return ownName();
  const name = given.trim();
  if (name !== "" && name.length <= LONGEST_NAME && !/\p{C}/u.test(name)) return name;
  throw new AppError("bad-request", `--name: expected 1 to ${LONGEST_NAME} letters in one line.`, { method: "engine" });
}

/** Addresses that people on other machines can type. */
function reachable(host: string, port: number): string[] {
  if (host !== "::" && host !== "0.0.0.0") return [showAddress({ host, port })];
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = all.filter(({ internal, family }) => !internal && family === "IPv4").map(({ address }) => address);
  return (own.length > 0 ? own : ["localhost"]).map((address) => showAddress({ host: address, port }));
}
