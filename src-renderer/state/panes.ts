/** F6 goes from one part of the window to the next, and with Shift to the one before, as in other desktop programs. */

const PANES = "nav, footer, [role=application], section[aria-label], section[aria-labelledby], aside[aria-label]";
const STOPS = "button, input, textarea, a[href], [tabindex]";

/** Puts the focus into the part of the window after the one that has it. False when there is none that can take it. */
export function nextPane(root: HTMLElement, by: 1 | -1): boolean {
  const panes = [...root.querySelectorAll<HTMLElement>(PANES)].flatMap((pane) => firstStop(pane) ?? []);
  const focused = document.activeElement ?? root;
  const inside = panes.findLastIndex(({ pane }) => pane.contains(focused));
  // Between parts, such as on what holds them all: the next one in the order of the window.
  const isLater = (other: Node) => (focused.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  const after = panes.findIndex(({ pane }) => isLater(pane));
  const between = by > 0 ? Math.max(0, after) : after - 1;
  const to = inside < 0 ? between : inside + by;
  const next = panes.at(to % panes.length)?.stop;
  next?.focus();
  return next !== undefined;
}

/** Where the Tab key would come in, but for explanations; parts inside a part are on their own. */
function firstStop(pane: HTMLElement): { pane: HTMLElement; stop: HTMLElement } | undefined {
  const stops = pane.matches("[role=application]") ? [pane] : [...pane.querySelectorAll<HTMLElement>(STOPS)];
  const stop = stops.find(
    (one) =>
      one.tabIndex >= 0 && !one.matches(":disabled, .help") && one.checkVisibility() && one.closest(PANES) === pane,
  );
  return stop && { pane, stop };
}
