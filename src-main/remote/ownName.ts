/** What this machine is called where it is met. */
import { hostname } from "node:os";
import { plainLine } from "../wire/plainLine.ts";
import { LONGEST_NAME } from "./protocol.ts";

/** Its host name, as people read it. */
export function ownName(): string {
  return plainLine(hostname().replace(/\.(local|lan|home)$/i, "")).slice(0, LONGEST_NAME) || "Computer";
}
