/** Short messages: what was done, with a way to take it back, and what went wrong, with what to do next. */
import { isAppError, messageOf } from "@wire/errors.ts";

export interface Notice {
  id: number;
  kind: "done" | "error";
  text: string;
  /** A button, such as "Undo". */
  action?: Action;
  /** Another way out. */
  other?: Action;
}

export interface Action {
  label: string;
  run: () => unknown;
  /** False when it is too late for it: the button goes. */
  stands?: () => boolean;
}

/** What was done that is shown at a time. */
const MOST_DONE = 2;
/** Errors that wait to be read: what drops hundreds of wrong files knows by then what is wrong with them. */
const MOST_ERRORS = 100;

/** What was done is shown as it comes; of errors one at a time, the newest first, so that they do not pile up over the canvas. */
export class Notices {
  /** Oldest first. */
  list: readonly Notice[] = $state.raw([]);
  #last = 0;

  done(text: string, action?: Action): void {
    this.#add({ kind: "done", text, ...(action ? { action } : {}) });
  }

  /** Shows what was thrown, but not that the person cancelled; gives the notice's id. */
  error(error: unknown, action?: Action, other?: Action): number | undefined {
    if (isAppError(error, "cancelled")) return undefined;
    return this.#add({
      kind: "error",
      text: messageOf(error),
      ...(action ? { action } : {}),
      ...(other ? { other } : {}),
    });
  }

  /** Says what happened without anybody's doing here. It stays until it was read. */
  warn(text: string): void {
    this.#add({ kind: "error", text });
  }

  get doings(): readonly Notice[] {
    return this.list.filter(({ kind }) => kind === "done");
  }

  get errors(): readonly Notice[] {
    return this.list.filter(({ kind }) => kind === "error");
  }

  /** Does something that may fail; the failure is shown. */
  async attempt(action: () => unknown): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.error(error);
    }
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  /** Another document is shown: what was done to the one before, and could be taken back there, is not told of over it. */
  dismissOfDocument(): void {
    this.list = this.list.filter(({ kind, action }) => kind !== "done" || action?.stands === undefined);
  }

  dismissErrors(): void {
    this.list = this.list.filter(({ kind }) => kind !== "error");
  }

  #add(notice: Omit<Notice, "id">): number {
    const rest = this.list.filter(({ text }) => text !== notice.text);
    const most = notice.kind === "error" ? MOST_ERRORS : MOST_DONE;
    const same = rest.filter(({ kind }) => kind === notice.kind).slice(1 - most);
    const kept = rest.filter((one) => one.kind !== notice.kind || same.includes(one));
    this.list = [...kept, { id: ++this.#last, ...notice }];
    return this.#last;
  }
}
