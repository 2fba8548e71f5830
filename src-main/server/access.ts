/**
 * Who may ask: only who has the token, and only under a name of this machine. A page in a browser can make a name of its own point here
 * (DNS rebinding) and ask as if it were from here; the name that it asked for then stands in Host, and the page's own in Origin.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { LRUCache } from "lru-cache";
import { Refusal } from "./errors.ts";
import type { Token } from "./token.ts";
import { networkOf, plainAddress } from "../service/addresses.ts";
import { isLoopback } from "../wire/loopback.ts";

/** Wrong tokens that an address may send in a minute, before it is told no more than to wait. */
const MOST_FAILURES = 10;
const WINDOW = 60_000;
/** Addresses that are remembered. */
const MOST_ADDRESSES = 10_000;

export interface AccessOptions {
  token: Token;
  /** Names that the server may be asked by, besides its addresses and localhost. */
  names: readonly string[];
  /** Milliseconds. */
  now?: () => number;
}

export class Access {
  readonly #token: Token;
  readonly #names: ReadonlySet<string>;
  readonly #now: () => number;
  /** When each address sent wrong tokens lately. */
  readonly #failures = new LRUCache<string, number[]>({ max: MOST_ADDRESSES });

  constructor({ token, names, now = () => performance.now() }: AccessOptions) {
    this.#token = token;
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    this.#now = now;
  }

  /** Throws a `Refusal` unless the request may be served. */
  check(request: Pick<IncomingMessage, "headers" | "socket">): void {
    this.#checkHost(request);
    this.#checkToken(request);
  }

  #checkHost({ headers, socket }: Pick<IncomingMessage, "headers" | "socket">): void {
    const { host, origin } = headers;
    const local = plainAddress(socket.localAddress);
    const name = hostName(host);
    if (name === undefined || !this.#isOurs(name, local)) {
      const hint = "Ask for it by its address, or start the server with --name NAME.";
      throw new Refusal(421, "wrong-host", `This server does not answer to the name “${host ?? ""}”. ${hint}`);
    }
    if (origin !== undefined && origin !== `http://${host!}` && origin !== `https://${host!}`) {
      throw new Refusal(403, "wrong-origin", "Pages of other places may not ask this server.");
    }
  }

  #isOurs(name: string, local: string): boolean {
    if (isIP(name) !== 0) return name === local;
    if (name === "localhost") return isLoopback(local);
    return this.#names.has(name);
  }

  #checkToken({ headers, socket }: Pick<IncomingMessage, "headers" | "socket">): void {
    const given = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
    // Also where others sent wrong ones: behind a proxy, or on one machine, all come from one address, and any of them could keep the rest
    // out. A token of 24 signs or more is not found by trying, whatever the answers are.
    if (given !== undefined && this.#token.matches(given)) return;
    const from = networkOf(plainAddress(socket.remoteAddress));
    const time = this.#now();
    const lately = (this.#failures.get(from) ?? []).filter((at) => time - at < WINDOW);
    if (lately.length >= MOST_FAILURES) {
      const seconds = Math.ceil((lately[0]! + WINDOW - time) / 1_000);
      const headers = { "Retry-After": String(seconds) };
      throw new Refusal(429, "too-many-failures", `Too many wrong tokens. Wait ${seconds} s.`, { headers });
    }
    if (given !== undefined) this.#failures.set(from, [...lately, time]);
    const message =
      given === undefined
        ? "This server wants its token: Authorization: Bearer TOKEN. It stands in the file that the server named at its start."
        : "This is not the token of this server.";
    throw new Refusal(401, "wrong-token", message, { headers: { "WWW-Authenticate": 'Bearer realm="Diorama"' } });
  }
}

/** The name or address of a Host header without its port, in lower case and without brackets; undefined where it is none. */
function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/i.exec(host ?? "");
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? undefined : plainAddress(name.toLowerCase().replace(/\.$/, ""));
}
