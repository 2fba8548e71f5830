/** When a picture that was large goes back into its list, the list shows it and gives it the focus. */
import { untrack } from "svelte";
import type { Session } from "../../state/session.svelte.ts";

/** Called in an effect; `scrollTo` shows a place of the list. What is returned ends it. */
export function backFromLarge(session: Session, scrollTo: (place: number) => void): (() => void) | undefined {
  if (!session.view.looking.large) return undefined;
  // The effect runs anew, or its list goes, when that changes.
  return () => {
    const id = untrack(() => session.results.selection.current);
    const place = untrack(() => session.results.rows.findIndex((row) => row?.id === id));
    if (place < 0) return;
    scrollTo(place);
    focusWhenThere(id!);
  };
}

/** A list that was scrolled makes its cards a frame or two later. */
function focusWhenThere(id: number, frames = 10): void {
  const card = document.querySelector<HTMLElement>(`[data-result="${id}"]`);
  if (card) card.focus();
  else if (frames > 0) requestAnimationFrame(() => focusWhenThere(id, frames - 1));
}
