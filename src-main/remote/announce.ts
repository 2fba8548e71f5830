/** Finding each other on the local network by mDNS. What is found is hearsay: pairing and the certificate say who it is. */
import type { EventEmitter } from "node:events";
import { Bonjour, type Browser } from "bonjour-service";
import type { FoundMachine } from "../api/machines.ts";
import { idOf } from "./knownMachines.ts";
import { showAddress } from "./dial.ts";
import { LONGEST_NAME, SERVICE_TYPE } from "./protocol.ts";
import { plainLine } from "../wire/plainLine.ts";

/** More are an attack or a fair. */
const MOST_FOUND = 50;
/** Services that are looked through for them: the network may be full of what only has the type of ours. */
const MOST_HEARD = 500;
/** Milliseconds between two questions who is there. */
const ASK_EVERY = 20_000;

interface Network {
  /** Another one than mDNS has, for tests. */
  port?: number;
}

/** A port that another program keeps to itself, or a sandbox, is a problem that is told, and no more than that. */
function open(onProblem: (problem: string) => void, network: Network): Bonjour {
  const bonjour = new Bonjour(network, (error: Error) => onProblem(error.message));
  // The library listens to the answers of its socket alone; without a listener an error of the socket itself ends the program.
  const { mdns } = (bonjour as unknown as { server: { mdns: EventEmitter } }).server;
  mdns.on("error", (error: Error) => onProblem(error.message));
  return bonjour;
}

/** Says that an engine listens here; the function returned takes it back. */
export function announce(
  { name, port, fingerprint }: { name: string; port: number; fingerprint: string },
  onProblem: (problem: string) => void,
  network: Network = {},
): () => Promise<void> {
  const bonjour = open(onProblem, network);
  bonjour.publish({
    name: `${name} (${fingerprint.slice(0, 4)})`,
    type: SERVICE_TYPE,
    port,
    txt: { id: idOf(fingerprint), name },
  });
  return () =>
    new Promise((resolve) => {
      const done = () => bonjour.destroy(() => resolve());
      bonjour.unpublishAll(done);
    });
}

/** Looks for engines until the function returned is called. `askEvery`: milliseconds. */
export function lookAround(
  onFound: (found: (Omit<FoundMachine, "id"> & { print: string })[]) => void,
  onProblem: (problem: string) => void,
  network: Network = {},
  askEvery = ASK_EVERY,
): () => void {
  const bonjour = open(onProblem, network);
  // What is found is good for one round of asking and the next: a machine that is switched off says no goodbye.
  const find = () => {
    const browser = bonjour.find({ type: SERVICE_TYPE });
    for (const change of ["up", "down", "txt-update", "srv-update"] as const) {
      (browser as EventEmitter).on(change, () => tell());
    }
    return browser;
  };
  let before: Browser | undefined;
  const tell = () => {
    for (const { services } of [now, before].filter((browser) => browser !== undefined)) services.splice(MOST_HEARD);
    const heard = new Map([...(before?.services ?? []), ...now.services].map((service) => [service.fqdn, service]));
    const found = [...heard.values()].flatMap(({ port, addresses = [], host, txt }) => {
      const { id, name } = (txt ?? {}) as { id?: unknown; name?: unknown };
      if (typeof id !== "string" || typeof name !== "string" || !/^[0-9a-f]{16}$/.test(id)) return [];
      // Most home networks route one, and people read it more easily.
      const address = addresses.find((one) => one.includes(".")) ?? addresses[0] ?? host;
      const shown = plainLine(name).slice(0, LONGEST_NAME);
      return shown === "" ? [] : [{ name: shown, address: showAddress({ host: address, port }), print: id }];
    });
    onFound(found.slice(0, MOST_FOUND));
  };
  let now = find();
  const asking = setInterval(() => {
    before?.stop();
    [before, now] = [now, find()];
    tell();
  }, askEvery);
  asking.unref();
  return () => {
    clearInterval(asking);
    for (const browser of [before, now]) browser?.stop();
    bonjour.destroy();
  };
}
