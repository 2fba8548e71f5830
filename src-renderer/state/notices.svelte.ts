/** Short messages: what was done, with a way to take it back, and what went wrong, with what to do next. */
import { isAppError, messageOf } from "@api/errors.ts";

export interface Notice {
  id: number;
  kind: "done" | "error";
  text: string;
  /** A button, such as "Undo". */
  action?: Action;
  /** Another way out. */
  other?: Action;
}

interface Action {
  label: string;
  run: () => void;
}

export class Notices {
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

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #add(notice: Omit<Notice, "id">): number {
    const rest = this.list.filter(({ text }) => text !== notice.text).slice(-2);
    this.list = [...rest, { id: ++this.#last, ...notice }];
    return this.#last;
  }
}
