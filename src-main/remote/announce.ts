/** Finding each other on the local network by mDNS. What is found is hearsay: pairing and the certificate say who it is. */
import { Bonjour } from "bonjour-service";
import type { FoundMachine } from "../api/machines.ts";
import { idOf } from "./knownMachines.ts";
import { showAddress } from "./dial.ts";
import { LONGEST_NAME, SERVICE_TYPE } from "./protocol.ts";
import { plainLine } from "../wire/plainLine.ts";

/** More are an attack or a fair. */
const MOST_FOUND = 50;

/** Says that an engine listens here; the function returned takes it back. */
export function announce(
  { name, port, fingerprint }: { name: string; port: number; fingerprint: string },
  onProblem: (problem: string) => void,
): () => Promise<void> {
  const bonjour = new Bonjour({}, (error: Error) => onProblem(error.message));
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

/** Looks for engines until the function returned is called. */
export function lookAround(
  onFound: (found: (Omit<FoundMachine, "id"> & { print: string })[]) => void,
  onProblem: (problem: string) => void,
): () => void {
  const bonjour = new Bonjour({}, (error: Error) => onProblem(error.message));
  const browser = bonjour.find({ type: SERVICE_TYPE });
  const tell = () => {
    const found = browser.services.slice(0, MOST_FOUND).flatMap(({ port, addresses = [], host, txt }) => {
      const { id, name } = (txt ?? {}) as { id?: unknown; name?: unknown };
      if (typeof id !== "string" || typeof name !== "string" || !/^[0-9a-f]{16}$/.test(id)) return [];
      // Most home networks route one, and people read it more easily.
      const address = addresses.find((one) => one.includes(".")) ?? addresses[0] ?? host;
      const shown = plainLine(name).slice(0, LONGEST_NAME);
      return shown === "" ? [] : [{ name: shown, address: showAddress({ host: address, port }), print: id }];
    });
    onFound(found);
  };
  browser.on("up", tell);
  browser.on("down", tell);
  return () => {
    browser.stop();
    bonjour.destroy();
  };
}
