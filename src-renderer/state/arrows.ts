/** What arrows do to the boxes that are selected, on the canvas and in the list alike. */
import { growBoxes, moveBoxes } from "./edits.ts";
import type { Editor } from "./editor.svelte.ts";
import { groupOf, raise } from "./groups.ts";

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * Moves by a pixel of the picture, with Shift by eight; with Ctrl (Cmd) it changes the size by as much, and with Alt, up and down
 * change the order. False where the key means none of it. A run of presses is one step of undo.
 */
export function nudge(editor: Editor, event: KeyboardEvent): boolean {
  const arrow = ARROWS[event.key];
  const ids = editor.selection;
  const [first] = ids;
  if (!arrow || first === undefined) return false;
  const [x, y] = arrow;
  if (event.altKey) {
    if (y === 0 || (ids.length > 1 && !groupOf(editor.document, ids))) return false;
    editor.apply("Reorder boxes", raise(ids, y < 0 ? 1 : -1));
    return true;
  }
  const { width, height } = editor.document.settings;
  const by = event.shiftKey ? 8 : 1;
  const isSize = event.ctrlKey || event.metaKey;
  const change = (isSize ? growBoxes : moveBoxes)(ids, (x * by) / width, (y * by) / height);
  editor.apply(isSize ? "Resize box" : "Nudge box", change, { merge: `${isSize ? "grow" : "nudge"} ${ids.join()}` });
  return true;
}
