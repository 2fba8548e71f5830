/** Keys on a result, the same wherever results are shown. */
import type { Session } from "../state/session.svelte.ts";

/** True when the key was one of these; `columns` is how many results stand in a row. */
export function resultKey(session: Session, event: KeyboardEvent, columns: number): boolean {
  const { results } = session;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const mark = (action: (ids: readonly number[]) => Promise<void>) =>
    void session.attempt(() => action(results.chosen));
  switch (event.key) {
    case "ArrowRight":
      return step(session, 1, event.shiftKey);
    case "ArrowLeft":
      return step(session, -1, event.shiftKey);
    case "ArrowDown":
      return step(session, columns, event.shiftKey);
    case "ArrowUp":
      return step(session, -columns, event.shiftKey);
    case "s":
      mark((ids) => results.star(ids));
      return true;
    case "x":
      mark((ids) => results.reject(ids));
      return true;
    case "Delete":
    case "Backspace":
      mark((ids) => results.bin(ids));
      return true;
    case "c":
      results.toggleTray(results.chosen);
      return true;
    case " ":
      if (results.current !== undefined) results.pick(results.current, { toggle: true });
      return true;
    case "Enter":
      if (results.current !== undefined) void session.restoreResult(results.current);
      return true;
    default:
      return false;
  }
}

function step({ results }: Session, by: number, extend: boolean): boolean {
  const at = results.rows.findIndex((row) => row?.id === results.current);
  const next = results.rows[Math.min(results.rows.length - 1, Math.max(0, at + by))];
  if (!next) return true;
  const selected = extend ? [...results.selection.filter((id) => id !== next.id), next.id] : [next.id];
  results.pick(next.id);
  results.selection = selected;
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-result="${next.id}"]`)?.focus());
  return true;
}
