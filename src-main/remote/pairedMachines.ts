/** The machines that may draw on this one, by the fingerprints of their certificates; those that were revoked stay on the list, and out. */
import { existsSync, readFileSync, unwatchFile, watchFile } from "node:fs";
import * as v from "valibot";
import { AppError } from "../wire/errors.ts";
import { suggestion } from "../scene/nearest.ts";
import { LONGEST_NAME, machineName } from "./protocol.ts";
import { changeAlone, writePrivate } from "../service/privateFile.ts";

const fingerprint = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const schema = v.array(
  v.object({
    name: machineName,
    fingerprint,
    /** Times as ISO 8601 has them. */
    paired: v.string(),
    seen: v.nullable(v.string()),
    revoked: v.nullable(v.string()),
  }),
);
export type PairedMachine = v.InferOutput<typeof schema>[number];

/** How often a change that another program made is looked for, in milliseconds. */
const LOOK_EVERY = 500;

export class PairedMachines {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** As they stand on the disk: `--revoke` is another process. */
  list(): PairedMachine[] {
    if (!existsSync(this.#path)) return [];
    try {
      return v.parse(schema, JSON.parse(readFileSync(this.#path, "utf8")));
    } catch (error) {
      const message = `${this.#path} cannot be read: the machines that may draw on this one are in it. Remove the file and pair them again.`;
      throw new AppError("file-unreadable", message, { path: this.#path }, { cause: error });
    }
  }

  find(print: string): PairedMachine | undefined {
    return this.list().find((machine) => machine.fingerprint === print);
  }

  /** Takes a machine in, under a name that no other has; gives that name. */
  add(name: string, print: string, now = new Date()): string {
    return changeAlone(this.#path, () => {
      const others = this.list().filter((machine) => machine.fingerprint !== print);
      const free = freeName(name, new Set(others.map((machine) => machine.name)));
      const machine = { name: free, fingerprint: print, paired: now.toISOString(), seen: null, revoked: null };
      writePrivate(this.#path, [...others, machine]);
      return free;
    });
  }

  seen(print: string, now = new Date()): void {
    this.#change(print, { seen: now.toISOString() });
  }

  /** Shuts a machine out; `not-found` where there is none of that name. */
  revoke(name: string, now = new Date()): PairedMachine {
    const all = this.list();
    const found = all.find((machine) => machine.name === name && machine.revoked === null);
    if (!found) {
      const names = all.filter(({ revoked }) => revoked === null).map((machine) => machine.name);
      const message = `No machine called “${name}” is paired${suggestion(name, names)}. --paired lists them.`;
      throw new AppError("not-found", message, { what: "machine", id: name });
    }
    this.#change(found.fingerprint, { revoked: now.toISOString() });
    return found;
  }

  /** Calls `onChange` after the list has changed; the function returned stops that. */
  watch(onChange: () => void): () => void {
    const look = () => onChange();
    watchFile(this.#path, { interval: LOOK_EVERY, persistent: false }, look);
    return () => unwatchFile(this.#path, look);
  }

  /** Alone: a revocation by another process must not be written over by what stood there before. */
  #change(print: string, change: Partial<PairedMachine>): void {
    changeAlone(this.#path, () => {
      const all = this.list().map((machine) => (machine.fingerprint === print ? { ...machine, ...change } : machine));
      writePrivate(this.#path, all);
    });
  }
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) {
    const next = `${name.slice(0, LONGEST_NAME - 8)} (${number})`;
    if (!taken.has(next)) return next;
  }
}
