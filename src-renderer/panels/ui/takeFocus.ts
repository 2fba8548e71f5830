/** Attached to what comes in the place of something that had the focus: it goes on from there, not from the top of the window. */
export function takeFocus(element: HTMLElement): void {
  if (document.activeElement === document.body) element.focus({ preventScroll: true });
}
