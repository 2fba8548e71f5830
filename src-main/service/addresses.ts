/** Addresses of others as they stand in sockets, and which of them are one place. */
import { isIP } from "node:net";

/** IPv4 in IPv6's clothes is IPv4. */
export function plainAddress(address = ""): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
}

/** Where an address counts as being: whoever has one of IPv6 has its whole network of 2^64. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [before = "", after] = address.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const filled = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0"), ...tail];
  return filled.slice(0, 4).join(":");
}
