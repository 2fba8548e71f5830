/** The colours of boxes, in the window and on sheets; styles.css states the same ones for the page (test/renderer/colors.test.ts). */

export type ThemeName = "light" | "dark";

/** `#rrggbb`, by place. Told apart with any kind of colour vision. */
export const BOX_COLORS: Record<ThemeName, readonly string[]> = {
  light: ["#c71e30", "#1352a6", "#b88000", "#35a177", "#9557f5", "#ea48a8", "#057d7f", "#5d6102"],
  dark: ["#f9604f", "#1f8dff", "#f2b626", "#9ff7d2", "#bf9dfe", "#c0759a", "#5cc7b6", "#f0ee3a"],
};

export const COLOR_COUNT = BOX_COLORS.light.length;
