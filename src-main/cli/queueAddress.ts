/** Which pool a command means: `--queue`, and the certificate of its server. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Access, accessOf } from "../pool/connection.ts";
import { isAppError, messageOf } from "../wire/errors.ts";
import { usageProblem } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

/** An address with a password need not stand where every list of processes shows it: `env` means this variable. */
const VARIABLE = "DIORAMA_QUEUE";

export function queueAccess(
  program: string,
  { queue, ca }: { queue: string | undefined; ca: string | undefined },
  { env, cwd }: Pick<Terminal, "env" | "cwd">,
): Access {
  const address = queue === undefined || queue === "env" ? env[VARIABLE] : queue;
  if (address === undefined) {
    throw usageProblem(program, `--queue redis://user:password@host is missing, and ${VARIABLE} says no address`);
  }
  if (ca === undefined) return accessOf(address);
  const path = resolve(cwd, ca);
  try {
    return accessOf(address, readFileSync(path, "utf8"));
  } catch (error) {
    if (isAppError(error)) throw error;
    throw usageProblem(program, `--queue-ca: ${path} cannot be read: ${messageOf(error)}`);
  }
}
