/**
 * The pool that this machine's windows draw in: its address with the password, in a file that only its owner may read, as the key of this
 * machine is kept; nothing else ever has the password.
 */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import * as v from "valibot";
import { LONGEST_CERTIFICATES } from "../api/poolCalls.ts";
import { writePrivate } from "../service/privateFile.ts";
import { AppError } from "../wire/errors.ts";
import { LONGEST_ADDRESS, type PoolAddress, shownAddress } from "./address.ts";
import { type Access, accessOf } from "./connection.ts";

const schema = v.object({
  address: v.pipe(v.string(), v.maxLength(LONGEST_ADDRESS)),
  ca: v.nullable(v.pipe(v.string(), v.maxLength(LONGEST_CERTIFICATES))),
});

/** How a pool is called in paths of its checkpoints. Whoever asks is nothing of it: another user's password leads to the same pool. */
export function idOf({ host, port, database }: PoolAddress): string {
  return createHash("sha256").update(`${host.toLowerCase()}:${port}/${database}`).digest("hex").slice(0, 16);
}

export class KnownPool {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined where there is none. */
  read(): Access | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw this.#unreadable(error);
    }
    try {
      const { address, ca } = v.parse(schema, JSON.parse(text));
      return accessOf(address, ca ?? undefined);
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  write(address: string, ca: string | null): void {
    writePrivate(this.#path, { address, ca });
  }

  forget(): void {
    rmSync(this.#path, { force: true });
  }

  /** Not with what was read: the password may be in it. */
  #unreadable(error: unknown): AppError {
    const code = (error as NodeJS.ErrnoException).code;
    const message = `${this.#path} cannot be read${code === undefined ? "" : ` (${code})`}: the pool's address is in it. Forget the pool, and enter its address again.`;
    return new AppError("file-unreadable", message, { path: this.#path });
  }
}

/** As people say it: `redis://host:6379`. */
export const whereIs = (access: Access) => shownAddress(access.address);
