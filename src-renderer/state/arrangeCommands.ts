/** The commands that arrange: groups, compositions, guides, and the reference picture. */
import type { CommandName } from "@api/commands.ts";
import { type Action, composing } from "./action.ts";
import { changeReference } from "./edits.ts";
import { type Composition, COMPOSITION_WORDS, layOut, whatWasLaidOut } from "./compositions.ts";
import { groupBoxes, groupOf, ungroupBoxes } from "./groups.ts";
import { addGuide, clearGuides } from "./guides.ts";
import type { Session } from "./session.svelte.ts";

const composition = (name: Composition): Action => ({
  enabled: composing,
  run: ({ editor, notices, view }) => {
    const { boxes } = editor.document;
    // Several that are selected are meant; one alone is only the one worked on last.
    const ids = editor.selection.length > 1 ? editor.selection : boxes.map(({ id }) => id);
    const made: string[] = [];
    const newId = () => {
      made.push(crypto.randomUUID());
      return made.at(-1)!;
    };
    view.boxes = true;
    const select = editor.selection.length > 1 ? editor.selection : [];
    const before = editor.document;
    if (!editor.apply(`Lay out: ${COMPOSITION_WORDS[name]}`, layOut(name, ids, newId), { select })) return;
    const told = whatWasLaidOut(before, editor.document);
    if (told !== undefined) notices.done(`${COMPOSITION_WORDS[name]}: ${told}`, editor.takeBack());
    // The first empty one is what words are tied to next.
    if (made.length > 0) editor.select(made.slice(0, 1));
  },
});

const guide = (axis: "x" | "y"): Action => ({
  enabled: composing,
  run: ({ editor, view }) => {
    view.rulers = true;
    const index = editor.document.guides.length;
    if (editor.apply("Add guide", addGuide({ axis, at: 0.5 }))) view.guideToFocus = index;
  },
});

export const ARRANGE_ACTIONS = {
  "box.group": {
    enabled: (session) => {
      const { document, selection } = session.editor;
      return composing(session) && selection.length > 1 && !groupOf(document, selection);
    },
    run: ({ editor }) =>
      editor.apply(`Group ${editor.selection.length} boxes`, groupBoxes(editor.selection, crypto.randomUUID())),
  },
  "box.ungroup": {
    enabled: (session) => composing(session) && session.editor.selectedBoxes.some(({ group }) => group !== undefined),
    run: ({ editor }) => editor.apply("Ungroup", ungroupBoxes(editor.selection)),
  },
  "box.thirds": composition("thirds"),
  "box.pair": composition("pair"),
  "box.triptych": composition("triptych"),
  "box.hero": composition("hero"),
  "box.grid": composition("grid"),
  "view.guideVertical": guide("x"),
  "view.guideHorizontal": guide("y"),
  "view.clearGuides": {
    enabled: (session: Session) => composing(session) && session.editor.document.guides.length > 0,
    run: ({ editor }) => editor.apply("Clear guides", clearGuides()),
  },
  "view.chooseReference": { enabled: composing, run: ({ view }) => view.choosingReference++ },
  "view.reference": {
    enabled: (session: Session) => composing(session) && session.editor.document.reference !== null,
    checked: ({ editor }) => editor.document.reference?.shown === true,
    run: ({ editor }) => {
      const shown = editor.document.reference?.shown !== true;
      editor.apply(shown ? "Show reference picture" : "Hide reference picture", changeReference({ shown }));
    },
  },
} as const satisfies Partial<Record<CommandName, Action>>;
