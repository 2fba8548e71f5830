/** What this machine is called where it is met. */
import { hostname } from "node:os";
import { LONGEST_NAME } from "./protocol.ts";

/** Its host name, as people read it. */
export function ownName(): string {
  return (
    hostname()
      .replace(/\.(local|lan|home)$/i, "")
      .replace(/[^\P{C}]/gu, "")
      .slice(0, LONGEST_NAME) || "Computer"
  );
}
