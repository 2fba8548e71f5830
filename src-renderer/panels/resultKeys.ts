/** Keys on a result, the same wherever results are shown: those of the commands about results, and those that go from one to the next. */
import { COMMAND_NAMES, command } from "@api/commands.ts";
import type { Commands } from "../state/commandContext.ts";
import type { Results } from "../state/results.svelte.ts";
import { matches } from "../state/shortcuts.ts";

/** True when the key was one of these; `columns` is how many results stand in a row. */
export function resultKey(commands: Commands, results: Results, event: KeyboardEvent, columns: number): boolean {
  const focused = Number((event.target as HTMLElement).closest<HTMLElement>("[data-result]")?.dataset["result"]);
  if (event.key === " " && (event.ctrlKey || event.metaKey)) {
    results.selection.pick(focused, { toggle: true });
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  const by = steps[event.key];
  if (by !== undefined) return step(results, by, event.shiftKey);
  const name = COMMAND_NAMES.find((one) => {
    const { shortcut, windowKey } = command(one);
    const isOurs = windowKey === "result" || one === "edit.delete";
    return isOurs && shortcut !== undefined && matches(event, shortcut, false);
  });
  if (name === undefined) return false;
  // It is about the one that has the focus, also where that came by other ways than a click or an arrow.
  if (focused !== results.selection.current && !results.selection.has(focused)) results.selection.pick(focused);
  else results.selection.current = focused;
  // With a result focused, Delete is about it, though boxes may be selected on the canvas.
  commands.run(name === "edit.delete" ? "result.bin" : name);
  return true;
}

function step(results: Results, by: number, extend: boolean): boolean {
  const at = results.rows.findIndex((row) => row?.id === results.selection.current);
  const next = results.rows[Math.min(results.rows.length - 1, Math.max(0, at + by))];
  if (!next) return true;
  const selected = extend ? [...results.selection.ids.filter((id) => id !== next.id), next.id] : [next.id];
  results.selection.pick(next.id);
  results.selection.ids = selected;
  // At once: the next key may come before the next frame, and is about the card that has the focus.
  if (!focusCard(next.id)) requestAnimationFrame(() => focusCard(next.id));
  return true;
}

/** False when the result has no card yet: the list has still to scroll to it. */
function focusCard(id: number): boolean {
  const card = document.querySelector<HTMLElement>(`[data-result="${id}"]`);
  card?.focus();
  return card !== null;
}
