/** Keys and the clipboard of the whole window. What a focused control wants for itself never gets here. */
import { COMMAND_NAMES, command } from "@api/commands.ts";
import { readBoxes, writeBoxes } from "./clipboard.ts";
import { runCommand } from "./commands.ts";
import { pasteBoxes, removeBoxes } from "./edits.ts";
import type { Session } from "./session.svelte.ts";
import { nextPane } from "./panes.ts";
import { matches } from "./shortcuts.ts";

/** Listens until the function returned is called. */
export function listenToKeys(session: Session, target: Window): () => void {
  const isMac = target.navigator.platform.startsWith("Mac");
  const keydown = (event: KeyboardEvent) => press(session, event, isMac);
  const copy = (event: ClipboardEvent) => copyBoxes(session, event);
  const cut = (event: ClipboardEvent) => {
    if (!copyBoxes(session, event)) return;
    session.editor.apply("Cut", removeBoxes(session.editor.selection), { select: [] });
  };
  const paste = (event: ClipboardEvent) => pasteInto(session, event);
  target.addEventListener("keydown", keydown);
  target.addEventListener("copy", copy);
  target.addEventListener("cut", cut);
  target.addEventListener("paste", paste);
  return () => {
    target.removeEventListener("keydown", keydown);
    target.removeEventListener("copy", copy);
    target.removeEventListener("cut", cut);
    target.removeEventListener("paste", paste);
  };
}

function press(session: Session, event: KeyboardEvent, isMac: boolean): void {
  if (event.defaultPrevented) return;
  const inText = isTextField(event.target);
  const { editor, view } = session;
  const name = COMMAND_NAMES.find((one) => {
    const { shortcut, windowKey } = command(one);
    const isHeard = windowKey === undefined || (windowKey === true && !inText);
    return shortcut !== undefined && isHeard && matches(event, shortcut, isMac);
  });
  if (view.dialog !== undefined && name !== "view.palette") return;
  if (name) {
    event.preventDefault();
    runCommand(session, name);
    return;
  }
  // Also Ctrl+Y, as on Windows, and Ctrl+A for boxes.
  const isPlain = !event.altKey && (isMac ? event.metaKey : event.ctrlKey);
  if (isPlain && event.key === "y") runCommand(session, "edit.redo");
  else if (isPlain && event.key === "a" && !inText && view.mode === "compose") {
    editor.select(editor.document.boxes.filter(({ hidden }) => !hidden).map(({ id }) => id));
  } else if (event.key === "F6" && !event.altKey && !isPlain) {
    if (!nextPane(document.body, event.shiftKey ? -1 : 1)) return;
  } else if (event.key === "v" && !inText && !isPlain && view.mode === "compose") editor.tool = "select";
  // As in Figma; the command has a shortcut of its own.
  else if (event.code === "Digit1" && event.shiftKey && !inText && !isPlain && !event.altKey) {
    runCommand(session, "view.fit");
  }
  // In a text a letter is a letter; there Ctrl+B binds.
  else if (event.key === "b" && !inText && !isPlain && !event.altKey) runCommand(session, "box.bind");
  else return;
  event.preventDefault();
}

export function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=range]):not([type=checkbox]), textarea");
}

function copyBoxes({ editor, view }: Session, event: ClipboardEvent): boolean {
  const boxes = editor.selectedBoxes;
  if (isTextField(event.target) || view.mode !== "compose" || boxes.length === 0) return false;
  event.clipboardData?.setData("text/plain", writeBoxes(boxes, editor.document.prompt));
  event.preventDefault();
  return true;
}

function pasteInto(session: Session, event: ClipboardEvent): void {
  const { editor, view } = session;
  const data = event.clipboardData;
  if (!data || isTextField(event.target)) return;
  if (data.files.length > 0) {
    event.preventDefault();
    void session.openFiles([...data.files]);
    return;
  }
  const boxes = view.mode === "compose" ? readBoxes(data.getData("text/plain"), editor.document.prompt) : undefined;
  if (!boxes || boxes.length === 0) return;
  event.preventDefault();
  const ids = boxes.map(() => crypto.randomUUID());
  editor.apply(boxes.length === 1 ? "Paste box" : `Paste ${boxes.length} boxes`, pasteBoxes(boxes, ids), {
    select: ids,
  });
}
