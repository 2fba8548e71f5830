/** Tips: elements say theirs in attributes, and one tip for the whole window shows it (Tips.svelte). */

export type Side = "top" | "bottom" | "left" | "right";

/** The attributes of an element that has a tip. */
export function tip(text: string, shortcut?: string, side?: Side): Record<`data-${string}`, string | undefined> {
  return { "data-tip": text, "data-tip-keys": shortcut, "data-tip-side": side };
}

interface Size {
  width: number;
  height: number;
}
type Box = Pick<DOMRect, "top" | "bottom" | "left" | "right">;

/** Pixels between a tip and what it is about, and at least between it and the window's edge. */
const DISTANCE = 6;
const MARGIN = 8;
const OPPOSITE: Record<Side, Side> = { top: "bottom", bottom: "top", left: "right", right: "left" };

/** Where a tip of this size stands, in pixels of the window: at the side that is wished or, where there is no room, at the opposite one. */
export function placeTip(about: Box, size: Size, room: Size, wished: Side): { left: number; top: number } {
  const at: Record<Side, number> = {
    top: about.top - DISTANCE - size.height,
    bottom: about.bottom + DISTANCE,
    left: about.left - DISTANCE - size.width,
    right: about.right + DISTANCE,
  };
  const fits: Record<Side, boolean> = {
    top: at.top >= MARGIN,
    bottom: at.bottom + size.height <= room.height - MARGIN,
    left: at.left >= MARGIN,
    right: at.right + size.width <= room.width - MARGIN,
  };
  const side = !fits[wished] && fits[OPPOSITE[wished]] ? OPPOSITE[wished] : wished;
  const isBeside = side === "left" || side === "right";
  const inside = (start: number, length: number, whole: number) =>
    Math.max(MARGIN, Math.min(start, whole - MARGIN - length));
  return {
    left: inside(isBeside ? at[side] : (about.left + about.right - size.width) / 2, size.width, room.width),
    top: inside(isBeside ? (about.top + about.bottom - size.height) / 2 : at[side], size.height, room.height),
  };
}
