/** When a picture that was large goes back into its list, the list shows it and gives it the focus. */
import { untrack } from "svelte";
import type { Results } from "../../state/results.svelte.ts";
import type { View } from "../../state/view.svelte.ts";

/** Called in an effect; `scrollTo` shows a place of the list. What is returned ends it. */
export function backFromLarge(
  { results, view }: { results: Results; view: View },
  scrollTo: (place: number) => void,
): (() => void) | undefined {
  if (!view.looking.large) return undefined;
  // The effect runs anew, or its list goes, when that changes.
  return () => {
    const id = untrack(() => results.selection.current);
    const place = untrack(() => results.rows.findIndex((row) => row?.id === id));
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
