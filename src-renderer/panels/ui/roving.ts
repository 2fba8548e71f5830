/** One stop of the Tab key for a toolbar: arrows, Home and End go from control to control inside it. */

const CONTROLS = "button, input";

/** Attached to the element with `role="toolbar"`. */
export function roving(toolbar: HTMLElement): () => void {
  const controls = () => [...toolbar.querySelectorAll<HTMLElement>(CONTROLS)];
  // Not by `offsetParent`, for which the page is laid out at once, and again a moment later.
  const usable = () => controls().filter((control) => !control.matches(":disabled") && control.checkVisibility());
  let stop: HTMLElement | undefined;

  const settle = () => {
    const all = usable();
    if (!stop || !all.includes(stop)) stop = all[0];
    for (const control of controls()) control.tabIndex = control === stop ? 0 : -1;
  };
  const focus = (event: FocusEvent) => {
    const control = event.target as HTMLElement;
    if (!control.matches(CONTROLS)) return;
    stop = control;
    settle();
  };
  const key = (event: KeyboardEvent) => {
    const all = usable();
    const at = all.indexOf(event.target as HTMLElement);
    // A slider wants the arrows for itself; Home and End too.
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey || (event.target as HTMLElement).matches("input"))
      return;
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next =
      by !== undefined
        ? all[(at + by + all.length) % all.length]
        : event.key === "Home"
          ? all[0]
          : event.key === "End"
            ? all.at(-1)
            : undefined;
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    next.focus();
  };

  // Controls come, go, and are disabled while the toolbar stands there.
  const observer = new MutationObserver(settle);
  observer.observe(toolbar, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
  toolbar.addEventListener("focusin", focus);
  toolbar.addEventListener("keydown", key);
  settle();
  return () => {
    observer.disconnect();
    toolbar.removeEventListener("focusin", focus);
    toolbar.removeEventListener("keydown", key);
  };
}
