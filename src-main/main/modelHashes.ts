/**
 * What other programs know checkpoints by: the SHA-256 of the file that holds the network, computed once in the
 * background and kept in the library by the file's path, size and time. A picture drawn before it is known goes without.
 */
import { messageOf } from "../wire/errors.ts";
import type { Client } from "../wire/rpc.ts";
import type { StoreApi } from "../api/store.ts";
import type { Workshop } from "../workshop/host.ts";

type HashStore = Pick<Client<StoreApi>, "knownHash" | "rememberHash">;

export class ModelHashes {
  readonly #workshop: Pick<Workshop, "api">;
  readonly #onProblem: (message: string) => void;
  /** By checkpoint folder. */
  readonly #known = new Map<string, string>();
  readonly #learning = new Map<string, Promise<void>>();

  constructor(workshop: Pick<Workshop, "api">, onProblem: (message: string) => void) {
    this.#workshop = workshop;
    this.#onProblem = onProblem;
  }

  /** In hexadecimal; undefined while it is not known. */
  of(folder: string): string | undefined {
    return this.#known.get(folder);
  }

  /** Begins to find out, after a checkpoint was opened: its file may be another one than last time. Never rejects. */
  learn(folder: string, store: HashStore): Promise<void> {
    const running = this.#learning.get(folder);
    if (running) return running;
    const learning = this.#learn(folder, store)
      .catch((error: unknown) => {
        this.#known.delete(folder);
        this.#onProblem(`no SHA-256 of ${folder}: ${messageOf(error)}`);
      })
      .finally(() => this.#learning.delete(folder));
    this.#learning.set(folder, learning);
    return learning;
  }

  async #learn(folder: string, store: HashStore): Promise<void> {
    const file = await this.#workshop.api.networkFile({ path: folder });
    const known = file && (await store.knownHash(file));
    if (known !== null) {
      this.#known.set(folder, known);
      return;
    }
    this.#known.delete(folder);
    if (!file) return;
    const sha256 = await this.#workshop.api.hashFile(file);
    this.#known.set(folder, sha256);
    await store.rememberHash({ ...file, sha256 });
  }
}
