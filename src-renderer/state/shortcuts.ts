/** Shortcuts as the command table writes them: matching key events, and showing them as this system does. */

export interface KeyPress {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

const NAMED: Record<string, string> = {
  Delete: "Delete",
  Enter: "Enter",
  F2: "F2",
  Space: " ",
  Left: "ArrowLeft",
  Right: "ArrowRight",
};

/** True when `press` is `shortcut`. On a Mac, `CmdOrCtrl` is the command key. */
export function matches(press: KeyPress, shortcut: string, mac: boolean): boolean {
  const parts = shortcut.split("+");
  const key = shortcut === "+" || shortcut.endsWith("++") ? "+" : parts.at(-1)!;
  const wants = (name: string) => parts.slice(0, -1).includes(name);
  const command = mac ? press.metaKey : press.ctrlKey;
  const other = mac ? press.ctrlKey : press.metaKey;
  if (other || command !== wants("CmdOrCtrl") || press.altKey !== wants("Alt")) return false;
  // "?" and "+" need Shift on some keyboards and not on others; letters and digits say it themselves.
  if (key !== "?" && key !== "+" && press.shiftKey !== wants("Shift")) return false;
  if (key in NAMED) return press.key === NAMED[key] || (key === "Delete" && press.key === "Backspace");
  if (press.key.toLowerCase() === key.toLowerCase()) return true;
  // With Shift or Alt the character is another one; the key's place still tells.
  const codes: Record<string, string> = {
    "[": "BracketLeft",
    "]": "BracketRight",
    "'": "Quote",
    "=": "Equal",
    "-": "Minus",
  };
  return press.code === codes[key] || press.code === `Key${key.toUpperCase()}` || press.code === `Digit${key}`;
}

/** The keys of a shortcut, each as its own word: `["Ctrl", "Shift", "Z"]`, `["⌘", "K"]`. */
export function keysOf(shortcut: string, mac: boolean): string[] {
  const names: Record<string, string> = mac
    ? { CmdOrCtrl: "⌘", Shift: "⇧", Alt: "⌥", Delete: "⌫", Enter: "↩", Left: "←", Right: "→" }
    : { CmdOrCtrl: "Ctrl", Delete: "Del", Left: "←", Right: "→" };
  // The last one may be "+" itself.
  return shortcut.split(/\+(?=.)/).map((part) => names[part] ?? part);
}
