/** Keys and the clipboard of the whole window. What a focused control wants for itself never gets here. */
import { COMMAND_NAMES, command, type CommandName } from "@api/commands.ts";
import { readBoxes, writeBoxes } from "./clipboard.ts";
import { isEnabled, runCommand } from "./commands.ts";
import { pasteBoxes, removeBoxes } from "./edits.ts";
import type { Session } from "./session.svelte.ts";
import { nextPane } from "./panes.ts";
import { matches } from "./shortcuts.ts";

/** Listens until the function returned is called. */
export function listenToKeys(session: Session, target: Window): () => void {
  const isMac = target.navigator.platform.startsWith("Mac");
  const keydown = (event: KeyboardEvent) => press(session, event, isMac);
  const copy = (event: ClipboardEvent) => copyBoxes(session, event) || copyPicture(session, event);
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
  const heard = keysHeard(session, event.target);
  const pressed = COMMAND_NAMES.filter((one) => {
    const { shortcut } = command(one);
    return shortcut !== undefined && heard(one) && matches(event, shortcut, isMac);
  });
  // A key of what lies in front goes before the same key of the whole window.
  const name = pressed.find((one) => typeof command(one).windowKey === "string") ?? pressed[0];
  if (view.dialog !== undefined && name !== "view.palette") return;
  if (name) {
    event.preventDefault();
    runCommand(session, name);
    return;
  }
  if (pushPicture(session, event)) return;
  // Also Ctrl+Y, as on Windows.
  const isPlain = !event.altKey && (isMac ? event.metaKey : event.ctrlKey);
  if (isPlain && event.key === "y") runCommand(session, "edit.redo");
  else if (view.looking.large) return;
  else if (event.key === "F6" && !event.altKey && !isPlain) {
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

/** The commands whose keys the window hears now. */
function keysHeard({ view }: Session, target: EventTarget | null): (name: CommandName) => boolean {
  const inText = isTextField(target);
  const { large } = view.looking;
  const inFront = large || view.mode === "compare" || view.mode === "grids";
  // Space presses a button that has the focus, and arrows move a slider.
  const wants = (controls: string) => target instanceof HTMLElement && target.matches(controls);
  const taken = [
    ...(wants("button, input, [role^=menuitem]") ? ["Space"] : []),
    ...(wants("input") ? ["Left", "Right"] : []),
  ];
  return (name) => {
    const { windowKey, shortcut = "" } = command(name);
    if (windowKey === undefined) return true;
    if (inText || windowKey === "clipboard") return false;
    if (windowKey === true) return !large || name === "edit.delete" || name === "edit.selectAll";
    if (windowKey === "result" && view.mode === "results" && wants("body, main")) return true; // nothing else wants it
    if (!inFront || taken.includes(shortcut)) return false;
    return windowKey !== "compare" || (!large && view.mode === "compare");
  };
}

const PUSH: Record<string, [x: number, y: number]> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
/** In pixels of the screen. */
const PUSH_BY = 40;

/** Shift with an arrow shows another part of the pictures in front. */
function pushPicture({ view }: Session, event: KeyboardEvent): boolean {
  const { key, shiftKey, ctrlKey, metaKey, altKey, target } = event;
  const by = PUSH[key];
  const inFront = view.looking.large || view.mode === "compare" || view.mode === "grids";
  if (!by || !shiftKey || ctrlKey || metaKey || altKey || !inFront || isTextField(target)) return false;
  event.preventDefault();
  view.looking.zoom.move(by[0] * PUSH_BY, by[1] * PUSH_BY);
  return true;
}

export function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=range]):not([type=checkbox]), textarea");
}

function copyBoxes({ editor, view }: Session, event: ClipboardEvent): boolean {
  const boxes = editor.selectedBoxes;
  const isForPicture = view.looking.large || isResult(document.activeElement);
  if (isTextField(event.target) || view.mode !== "compose" || isForPicture || boxes.length === 0) return false;
  event.clipboardData?.setData("text/plain", writeBoxes(boxes, editor.document.prompt, editor.document.groups));
  event.preventDefault();
  return true;
}

/** The chosen picture, where pictures are what is looked at; text that is marked stays what it is. */
function copyPicture(session: Session, event: ClipboardEvent): boolean {
  const { view } = session;
  const isMarked = !(getSelection()?.isCollapsed ?? true);
  const isAbout =
    view.looking.large || ["results", "compare", "grids"].includes(view.mode) || isResult(document.activeElement);
  if (isTextField(event.target) || isMarked || !isAbout || view.dialog !== undefined) return false;
  if (!isEnabled(session, "result.copy")) return false;
  event.preventDefault();
  runCommand(session, "result.copy");
  return true;
}

const isResult = (element: Element | null) => element?.matches("[data-result]") ?? false;

function pasteInto(session: Session, event: ClipboardEvent): void {
  const { editor, view } = session;
  const data = event.clipboardData;
  if (!data || isTextField(event.target)) return;
  if (data.files.length > 0) {
    event.preventDefault();
    void session.openFiles([...data.files]);
    return;
  }
  const copied = view.mode === "compose" ? readBoxes(data.getData("text/plain"), editor.document.prompt) : undefined;
  if (!copied || copied.boxes.length === 0) return;
  event.preventDefault();
  const { boxes, groups } = copied;
  const ids = boxes.map(() => crypto.randomUUID());
  const paste = pasteBoxes(boxes, ids, undefined, groups);
  editor.apply(boxes.length === 1 ? "Paste box" : `Paste ${boxes.length} boxes`, paste, { select: ids });
}
