/** What a menu of the window holds: commands of the table, other things that are done, lines between groups. */
import { command, type CommandName } from "@api/commands.ts";
import { writeBoxes } from "../../state/clipboard.ts";
import { isChecked, isEnabled, runCommand, wordsToBind } from "../../state/commands.ts";
import { bindBoxes } from "../../state/edits.ts";
import type { Session } from "../../state/session.svelte.ts";

export interface MenuItem {
  label: string;
  shortcut?: string | undefined;
  hint?: string | undefined;
  disabled?: boolean;
  /** On or off; undefined for what is neither. */
  checked?: boolean | undefined;
  run: () => void;
}

/** A menu in the menu. */
export interface SubMenu {
  label: string;
  entries: readonly MenuEntry[];
  disabled?: boolean;
}

export type MenuEntry = MenuItem | SubMenu | "line";

/** A command as a menu shows it, and does it; `label` where another one says more here. */
export function commandItem(session: Session, name: CommandName, label?: string): MenuItem {
  const { label: usual, shortcut, toggle } = command(name);
  return {
    label: label ?? usual,
    shortcut,
    disabled: !isEnabled(session, name),
    checked: toggle && isChecked(session, name),
    run: () => runCommand(session, name),
  };
}

const ALIGNMENTS: readonly (CommandName | "line")[] = [
  "box.alignLeft",
  "box.alignCentre",
  "box.alignRight",
  "line",
  "box.alignTop",
  "box.alignMiddle",
  "box.alignBottom",
  "line",
  "box.distributeHorizontally",
  "box.distributeVertically",
];

/** As Ctrl+C does it. */
function copyBoxes(session: Session): void {
  const { app, editor } = session;
  const text = writeBoxes(editor.selectedBoxes, editor.document.prompt);
  void session.attempt(() => app.api.copyText(text));
}

/** Of what is done to the boxes that are selected. */
export function boxItems(session: Session): MenuEntry[] {
  const { selection, textSelection } = session.editor;
  const isMarked = textSelection !== undefined && textSelection.start < textSelection.end;
  const item = (name: CommandName, label?: string) => commandItem(session, name, label);
  const one = session.editor.selectedBoxes.length === 1 ? session.editor.selectedBoxes[0] : undefined;
  const span = wordsToBind(session.editor);
  const tie = one && isMarked && span && session.editor.document.prompt.slice(span.start, span.end);
  return [
    ...(one && tie !== undefined && tie !== "" && span
      ? [
          {
            label: `Tie “${tie}” to this box`,
            run: () => void session.editor.apply(`Bind “${tie}”`, bindBoxes([one.id], span)),
          },
        ]
      : [{ ...item("box.bind"), label: isMarked ? "New box for the marked words" : "Tie words to it…" }]),
    "line",
    item("box.rename"),
    { label: "Copy", shortcut: "CmdOrCtrl+C", run: () => copyBoxes(session) },
    item("edit.duplicate"),
    "line",
    { label: "Align and distribute", entries: ALIGNMENTS.map((one) => (one === "line" ? one : item(one))) },
    {
      label: "Order",
      entries: [item("box.forward"), item("box.backward")],
    },
    "line",
    item("box.lock"),
    item("box.hide"),
    "line",
    item("edit.delete", selection.length > 1 ? `Delete ${selection.length} boxes` : "Delete"),
  ];
}

/** Of the canvas where no box is. */
export function canvasItems(session: Session): MenuEntry[] {
  const item = (name: CommandName) => commandItem(session, name);
  return [
    item("box.draw"),
    "line",
    item("view.fit"),
    item("view.selection"),
    item("view.actualSize"),
    "line",
    item("view.grid"),
    item("view.snap"),
    item("view.underlay"),
    item("view.boxes"),
    item("view.heat"),
  ];
}

/** Of what is done to the results that are chosen. */
export function resultItems(session: Session): MenuEntry[] {
  const item = (name: CommandName) => commandItem(session, name);
  return [
    item("result.large"),
    item("result.restore"),
    item("result.tryLayout"),
    "line",
    item("result.star"),
    item("result.reject"),
    item("result.compare"),
    "line",
    item("result.copy"),
    item("file.export"),
    item("file.exportSheet"),
    "line",
    { ...item("result.bin"), shortcut: command("edit.delete").shortcut },
  ];
}
