/** What a command of the table does, and when it can be done. */
import type { Session } from "./session.svelte.ts";

export interface Action {
  run: (session: Session) => void;
  enabled?: (session: Session) => boolean;
  checked?: (session: Session) => boolean;
}

/** The canvas is to be seen. */
export const composing = ({ view }: Session): boolean => view.mode === "compose" && !view.looking.large;
export const picturesChosen = ({ results }: Session): boolean => results.selection.chosen.length > 0;
