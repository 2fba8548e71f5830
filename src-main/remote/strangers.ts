/** Connections that have not shown yet who they are: so many from one network, and so many in all, that they take nobody's place. */
import type { Socket } from "node:net";
import { networkOf, plainAddress } from "../service/addresses.ts";

type End = Pick<Socket, "remoteAddress" | "remotePort">;

export class Strangers {
  readonly #most: { each: number; all: number };
  /** Ports, by network and address. */
  readonly #known = new Map<string, Set<string>>();
  #count = 0;

  constructor(most: { each: number; all: number }) {
    this.#most = most;
  }

  /** Counts one more; false where there are too many, and it should be ended. */
  admit(end: End): boolean {
    const { network, name } = placeOf(end);
    const others = this.#known.get(network) ?? new Set();
    if (others.size >= this.#most.each || this.#count >= this.#most.all) return false;
    this.#known.set(network, others.add(name));
    this.#count++;
    return true;
  }

  /** It is none any more: it has gone, or shown who it is. */
  release(end: End): void {
    const { network, name } = placeOf(end);
    const others = this.#known.get(network);
    if (!others?.delete(name)) return;
    this.#count--;
    if (others.size === 0) this.#known.delete(network);
  }
}

function placeOf({ remoteAddress, remotePort = 0 }: End): { network: string; name: string } {
  const address = plainAddress(remoteAddress);
  return { network: networkOf(address), name: `${address} ${remotePort}` };
}
