/** What a menu of the window holds: commands of the table, other things that are done, lines between groups. */
import { command, type CommandName } from "@api/commands.ts";
import type { Glance } from "@api/store.ts";
import { writeBoxes } from "../../state/clipboard.ts";
import type { Commands } from "../../state/commandContext.ts";
import { wordsToBind } from "../../state/commands.ts";
import { COMPOSITION_WORDS, COMPOSITIONS } from "../../state/compositions.ts";
import { bindBoxes } from "../../state/edits.ts";
import type { Editor } from "../../state/editor.svelte.ts";

export interface MenuItem {
  label: string;
  shortcut?: string | undefined;
  hint?: string | undefined;
  /** Shown before the label. */
  glance?: Glance | null;
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
export function commandItem(commands: Commands, name: CommandName, label?: string): MenuItem {
  const { label: usual, shortcut, toggle } = command(name);
  return {
    label: label ?? usual,
    shortcut,
    disabled: !commands.isEnabled(name),
    checked: toggle && commands.isChecked(name),
    run: () => commands.run(name),
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

const pasteItem = (commands: Commands): MenuItem => {
  return { label: "Paste", shortcut: "CmdOrCtrl+V", run: () => commands.paste() };
};

/** Usual ways to divide the picture. */
const layOutMenu = (commands: Commands): SubMenu => ({
  label: "Lay out",
  entries: COMPOSITIONS.map((name) => commandItem(commands, `box.${name}`, COMPOSITION_WORDS[name])),
});

/** Of what is done to the boxes that are selected. */
export function boxItems(commands: Commands, editor: Editor): MenuEntry[] {
  const { selection, textSelection } = editor;
  const { prompt, groups } = editor.document;
  const copy = () => commands.copyText(writeBoxes(editor.selectedBoxes, prompt, groups)); // as Ctrl+C does it
  const isMarked = textSelection !== undefined && textSelection.start < textSelection.end;
  const item = (name: CommandName, label?: string) => commandItem(commands, name, label);
  const one = editor.selectedBoxes.length === 1 ? editor.selectedBoxes[0] : undefined;
  const span = wordsToBind(editor);
  const tie = one && isMarked && span && prompt.slice(span.start, span.end);
  return [
    ...(one && tie !== undefined && tie !== "" && span
      ? [
          {
            label: `Tie “${tie}” to this box`,
            run: () => void editor.apply(`Bind “${tie}”`, bindBoxes([one.id], span)),
          },
        ]
      : [{ ...item("box.bind"), label: isMarked ? "New box for the marked words" : "Tie words to it…" }]),
    "line",
    item("box.rename"),
    { label: "Copy", shortcut: "CmdOrCtrl+C", run: copy },
    pasteItem(commands),
    item("edit.duplicate"),
    "line",
    { label: "Align and distribute", entries: ALIGNMENTS.map((one) => (one === "line" ? one : item(one))) },
    layOutMenu(commands),
    {
      label: "Shape",
      entries: [
        item("box.asBox", "Box"),
        item("box.asEllipse", "Ellipse"),
        item("box.asPolygon", "Polygon"),
        item("box.asPainted", "Painted"),
        "line",
        item("box.points"),
      ],
    },
    {
      label: "Order",
      entries: [item("box.forward"), item("box.backward")],
    },
    "line",
    item("box.group"),
    item("box.ungroup"),
    item("box.lock"),
    item("box.hide"),
    "line",
    item("edit.delete", selection.length > 1 ? `Delete ${selection.length} boxes` : "Delete"),
  ];
}

/** Of the canvas where no box is. */
export function canvasItems(commands: Commands): MenuEntry[] {
  const item = (name: CommandName) => commandItem(commands, name);
  return [
    item("box.draw"),
    item("box.drawEllipse"),
    item("box.drawPolygon"),
    item("box.paint"),
    pasteItem(commands),
    layOutMenu(commands),
    "line",
    item("view.fit"),
    item("view.selection"),
    item("view.actualSize"),
    "line",
    item("view.grid"),
    item("view.snap"),
    item("view.rulers"),
    item("view.chooseReference"),
    item("view.underlay"),
    item("view.boxes"),
    item("view.heat"),
  ];
}

/** Of what is done to the results that are chosen. */
export function resultItems(commands: Commands): MenuEntry[] {
  const item = (name: CommandName) => commandItem(commands, name);
  return [
    item("result.large"),
    item("result.restore"),
    item("result.tryLayout"),
    item("result.finish"),
    "line",
    item("result.variations"),
    item("result.goOn"),
    item("result.redraw"),
    item("result.enlarge"),
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
