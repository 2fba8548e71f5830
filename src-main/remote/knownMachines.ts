/** The machines that this one may draw on, with the certificates to know them by; a small file in the data folder. */
import { existsSync, readFileSync } from "node:fs";
import * as v from "valibot";
import { AppError } from "../wire/errors.ts";
import type { KnownMachine } from "./machine.ts";
import { machineName } from "./protocol.ts";
import { changeAlone, writePrivate } from "../service/privateFile.ts";

const schema = v.array(
  v.object({
    name: machineName,
    address: v.pipe(v.string(), v.maxLength(300)),
    fingerprint: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  }),
);

/** How a machine is called in paths of its checkpoints. */
export const idOf = (fingerprint: string) => fingerprint.slice(0, 16);

export class KnownMachines {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  list(): KnownMachine[] {
    if (!existsSync(this.#path)) return [];
    try {
      const known = v.parse(schema, JSON.parse(readFileSync(this.#path, "utf8")));
      return known.map((machine) => ({ ...machine, id: idOf(machine.fingerprint) }));
    } catch (error) {
      const message = `${this.#path} cannot be read: the machines that were paired are in it. Remove the file and pair them again.`;
      throw new AppError("file-unreadable", message, { path: this.#path }, { cause: error });
    }
  }

  /** A machine that is known already is known by its new name and address. */
  add(machine: Omit<KnownMachine, "id">): KnownMachine {
    const known = { ...machine, id: idOf(machine.fingerprint) };
    changeAlone(this.#path, () => {
      const others = this.list().filter(({ fingerprint }) => fingerprint !== machine.fingerprint);
      this.#write([...others, known]);
    });
    return known;
  }

  forget(id: string): void {
    changeAlone(this.#path, () => this.#write(this.list().filter((machine) => machine.id !== id)));
  }

  #write(machines: readonly KnownMachine[]): void {
    writePrivate(
      this.#path,
      machines.map(({ name, address, fingerprint }) => ({ name, address, fingerprint })),
    );
  }
}
