/** What a wheel or two fingers on a trackpad ask of the canvas. */

/** Pixels from which one event is a notch of a wheel; a trackpad sends many small ones, and says by Ctrl that it is a pinch. */
const NOTCH = 50;

/** Zooms by a factor, or moves what is seen by pixels of the screen. */
export function turned(event: WheelEvent): { zoom: number } | { x: number; y: number } {
  const { deltaX, deltaY, deltaMode, shiftKey, ctrlKey } = event;
  const isNotch = deltaX === 0 && (deltaMode !== 0 || Math.abs(deltaY) >= NOTCH);
  if (shiftKey && isNotch) return { x: -deltaY, y: 0 };
  if (isNotch) return { zoom: deltaY < 0 ? 1.2 : 1 / 1.2 };
  if (ctrlKey) return { zoom: Math.exp(-deltaY / 100) };
  return { x: -deltaX, y: -deltaY };
}
