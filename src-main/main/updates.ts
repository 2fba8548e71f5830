/**
 * When newer versions are looked for, and what becomes of them. What looks, fetches and installs is handed in (updateSource.ts): without
 * it, as in a Debian package, somebody else brings updates, and this says who.
 */
import type { UpdateCalls, UpdateState } from "../api/updates.ts";
import type { StoreApi } from "../api/store.ts";
import { AppError, messageOf } from "../wire/errors.ts";
import type { Client, Handlers } from "../wire/rpc.ts";

/** In the preferences: "off" where the program does not look by itself. */
const PREFERENCE = "updates";
/** Milliseconds: from the start to the first look, and from one to the next. */
const FIRST = 30_000;
const EVERY = 24 * 3_600_000;

/** A newer version, and the page that says what is new in it. */
export interface Newer {
  version: string;
  notes: string | null;
}

export interface UpdateSource {
  /** Asks the place where versions are published; null where this is the newest that is meant for this installation. */
  look(): Promise<Newer | null>;
  /** Fetches what was found, checked by its hash. */
  fetch(onProgress: (fraction: number) => void): Promise<void>;
  /** Puts it in place of the program, and starts it. Everything is saved and closed by then; `onFailed` hears why that cannot be done. */
  install(onFailed: (error: unknown) => void): void;
}

export interface UpdatesOptions {
  source: UpdateSource | { elsewhere: string };
  tell: (state: UpdateState) => void;
  /** Closes everything in order and then calls `last`; not where the person would rather stay. */
  endWith: (last: () => void) => void;
  /** Tells a person who has no window any more what went wrong, and ends the program. */
  endSaying: (message: string) => void;
  /** Gets what went wrong that nobody waits for. */
  note: (message: string) => void;
}

type Preferences = Pick<Client<StoreApi>, "readPreferences" | "writePreferences">;

export class Updates {
  readonly #options: UpdatesOptions;
  readonly #source: UpdateSource | undefined;
  #state: UpdateState;
  #looking: Promise<UpdateState> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: UpdatesOptions) {
    this.#options = options;
    const { source } = options;
    const elsewhere = "elsewhere" in source ? source.elsewhere : null;
    this.#source = "elsewhere" in source ? undefined : source;
    this.#state = { elsewhere, automatic: true, version: null, notes: null, doing: "nothing", fetched: 0 };
  }

  get state(): UpdateState {
    return this.#state;
  }

  /** Takes up what was chosen in an earlier session, and begins to look, unless that was to look never. */
  async restore(store: Pick<Preferences, "readPreferences">): Promise<void> {
    if (!this.#source || this.#timer) return;
    const { [PREFERENCE]: chosen } = await store.readPreferences();
    this.#change({ automatic: chosen !== "off" });
    this.#wait(FIRST);
  }

  /** What a window asks; `store` keeps what is chosen. */
  calls(store: Preferences): Handlers<UpdateCalls> {
    return {
      updates: () => this.#state,
      lookForUpdate: () => this.look(),
      setUpdates: async ({ automatic }) => {
        this.#change({ automatic });
        this.#wait(FIRST);
        await store.writePreferences({ [PREFERENCE]: automatic ? null : "off" });
      },
      installUpdate: () => this.install(),
    };
  }

  look(): Promise<UpdateState> {
    if (!this.#source) return Promise.reject(notHere(this.#state.elsewhere!));
    if (this.#state.doing !== "nothing" && !this.#looking) return Promise.resolve(this.#state); // it is being fetched
    this.#looking ??= this.#look(this.#source).finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(source: UpdateSource): Promise<UpdateState> {
    this.#change({ doing: "looking" });
    try {
      const newer = await source.look();
      this.#change({ doing: "nothing", version: newer?.version ?? null, notes: newer?.notes ?? null });
      return this.#state;
    } catch (error) {
      this.#change({ doing: "nothing" });
      const message = `Newer versions could not be looked for: ${firstLine(error)}. Try again when there is a network.`;
      throw new AppError("hub-failed", message, { repo: "updates" }, { cause: error });
    }
  }

  async install(): Promise<void> {
    const { version, doing } = this.#state;
    if (!this.#source || version === null)
      throw notHere(this.#state.elsewhere ?? "No newer version is known. Look for one first.");
    if (doing === "fetching" || doing === "installing") return;
    const source = this.#source;
    this.#change({ doing: "fetching", fetched: 0 });
    try {
      await source.fetch((fetched) => this.#change({ fetched }));
    } catch (error) {
      this.#change({ doing: "nothing" });
      const message = `Version ${version} could not be fetched: ${firstLine(error)}. Nothing was changed; try again.`;
      throw new AppError("hub-failed", message, { repo: "updates" }, { cause: error });
    }
    // Whoever would rather stay is offered it again: it is here, and fetched at once.
    this.#change({ doing: "nothing", fetched: 1 });
    this.#options.endWith(() => {
      this.#change({ doing: "installing" });
      source.install((error) => {
        this.#change({ doing: "nothing" });
        this.#options.endSaying(
          `Version ${version} is here, but could not be put in place of this one: ${firstLine(error)}. What you drew is saved. Start Diorama again and try once more, or install the new version as you installed this one.`,
        );
      });
    });
  }

  /** Looks after so long, and then once a day. */
  #wait(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (!this.#source || !this.#state.automatic) return;
    this.#timer = setTimeout(() => {
      this.look().catch((error: unknown) => this.#options.note(messageOf(error)));
      this.#wait(EVERY);
    }, milliseconds);
    this.#timer.unref();
  }

  #change(change: Partial<UpdateState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.tell(this.#state);
  }
}

function notHere(why: string): AppError<"not-found"> {
  return new AppError("not-found", why, { what: "update", id: "" });
}

/** Of what a library throws, with pages of headers behind it. */
function firstLine(error: unknown): string {
  return messageOf(error).split("\n")[0]!.replace(/\.$/, "").slice(0, 300);
}
