/** How the hub is asked: at which address, and with which token, which the system keeps where it can. */
import { safeStorage } from "electron";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { AppError, messageOf } from "../wire/errors.ts";
import { type HubState, mirrorSchema, tokenSchema } from "../api/mainModels.ts";
import { HUB_ADDRESS } from "../api/models.ts";
import type { Client } from "../wire/rpc.ts";
import type { StoreApi } from "../api/store.ts";
import { note } from "./log.ts";

export type Preferences = Pick<Client<StoreApi>, "readPreferences" | "writePreferences">;

/** Electron's, in the form that the oldest one has, too. */
interface Secrets {
  isEncryptionAvailable(): boolean;
  getSelectedStorageBackend(): string;
  encryptString(text: string): Buffer;
  decryptString(bytes: Buffer): string;
}
const secrets: Secrets = safeStorage;

/** In the preferences. */
const MIRROR = "hubMirror";

export class HubAccess {
  readonly #file: string;
  #mirror: string | null = null;
  #token: string | null;
  #isRestored = false;

  constructor(dataFolder: string) {
    this.#file = join(dataFolder, "hub-token");
    this.#token = this.#readToken();
  }

  /** Reads the mirror's address with the first store that there is. */
  async restore(store: Preferences): Promise<void> {
    if (this.#isRestored) return;
    this.#isRestored = true;
    const mirror = (await store.readPreferences())[MIRROR];
    if (v.is(mirrorSchema, mirror)) this.#mirror = mirror;
  }

  get address(): { url: string; token: string | null } {
    return { url: this.#mirror ?? HUB_ADDRESS, token: this.#token };
  }

  get state(): HubState {
    return { mirror: this.#mirror, hasToken: this.#token !== null, whyNotKept: whyNotKept() };
  }

  async setMirror(mirror: string | null, store: Preferences): Promise<void> {
    await store.writePreferences({ [MIRROR]: mirror });
    this.#mirror = mirror;
  }

  /** Where the system has nothing to keep it in, it is known until the program ends. */
  setToken(token: string | null): void {
    this.#token = token;
    try {
      if (token === null) rmSync(this.#file, { force: true });
      else if (whyNotKept() === null) writeFileSync(this.#file, secrets.encryptString(token), { mode: 0o600 });
    } catch (error) {
      const message = `The token is known until Diorama is closed, but cannot be kept: ${messageOf(error)}.`;
      throw new AppError("file-unreadable", message, { path: this.#file }, { cause: error });
    }
  }

  #readToken(): string | null {
    try {
      if (!existsSync(this.#file) || whyNotKept() !== null) return null;
      const token = secrets.decryptString(readFileSync(this.#file));
      return v.is(tokenSchema, token) ? token : null;
    } catch (error) {
      note("hub", `the token cannot be read: ${messageOf(error)}`);
      return null;
    }
  }
}

function whyNotKept(): string | null {
  if (!secrets.isEncryptionAvailable()) return "This system has no keyring that is open.";
  const isPlain = process.platform === "linux" && secrets.getSelectedStorageBackend() === "basic_text";
  return isPlain ? "This system has no keyring, so that it would lie there for everybody to read." : null;
}
