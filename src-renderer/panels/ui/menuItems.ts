/** What a menu of the window holds: commands of the table, other things that are done, lines between groups. */
import { command, type CommandName } from "@api/commands.ts";
import { isChecked, isEnabled, runCommand } from "../../state/commands.ts";
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

export type MenuEntry = MenuItem | "line";

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

/** Of what is done to the boxes that are selected. */
export function boxItems(session: Session): MenuEntry[] {
  const { selection, textSelection } = session.editor;
  const isMarked = textSelection !== undefined && textSelection.start < textSelection.end;
  const item = (name: CommandName, label?: string) => commandItem(session, name, label);
  return [
    ...(isMarked ? [item("box.bind"), "line" as const] : []),
    item("box.rename"),
    item("edit.duplicate"),
    "line",
    item("box.forward"),
    item("box.backward"),
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
