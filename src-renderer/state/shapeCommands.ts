/** The commands about shapes: tools that draw them, the brush, and what one kind of region becomes as another. */
import type { CommandName } from "@api/commands.ts";
import { REGION_SETTINGS } from "@scene/regionSettings.ts";
import { type Action, composing } from "./action.ts";
import { titleOf } from "./document.ts";
import type { Tool } from "./editor.svelte.ts";
import { beginPoints, hasPoints } from "./pointEditing.ts";
import type { Session } from "./session.svelte.ts";
import { hasParts, reshape } from "./shapeEdits.ts";
import { kindOf, type ShapeKind } from "./shapes.ts";

/** Takes a tool into the hand; asked for again, puts it back. */
const drawing = (tool: Tool): Action => ({
  enabled: composing,
  run: ({ editor }) => void (editor.tool = editor.tool === tool ? "select" : tool),
});

const brush = (erases: boolean): Action => ({
  enabled: composing,
  checked: ({ editor, view }) => editor.tool === "brush" && view.brush.erases === erases,
  run: ({ editor, view }) => {
    const isInHand = editor.tool === "brush" && view.brush.erases === erases;
    // Who erases goes back to painting, and who paints puts the brush back.
    if (isInHand && !erases) editor.tool = "select";
    else {
      editor.tool = "brush";
      view.brush.erases = erases && !isInHand;
    }
  },
});

/** As parts of the picture's longer side: a cell or two, and more than half of it. */
export const BRUSH_SIZES = { least: 0.01, most: 0.6 };

const brushSize = (factor: number): Action => ({
  enabled: (session) => composing(session) && session.editor.tool === "brush",
  run: ({ view }) => {
    view.brush.size = Math.min(BRUSH_SIZES.most, Math.max(BRUSH_SIZES.least, view.brush.size * factor));
  },
});

const asKind = (kind: ShapeKind): Action => ({
  enabled: (session) => composing(session) && session.editor.selectedBoxes.some(({ locked }) => !locked),
  checked: ({ editor }) => editor.selectedBoxes.length > 0 && editor.selectedBoxes.every((one) => kindOf(one) === kind),
  run: ({ editor, notices }) => {
    const { document, selectedBoxes } = editor;
    const cut = kind === "polygon" ? selectedBoxes.filter((one) => !one.locked && hasParts(one)) : [];
    editor.apply(REGION_SETTINGS.shape.undo, reshape(editor.selection, kind));
    if (cut.length === 0) return;
    const which = cut.map((one) => `“${titleOf(document, one)}”`).join(", ");
    notices.done(
      `${which}: a polygon has one outline. It goes round the largest part, without holes.`,
      editor.takeBack(),
    );
  },
});

export const SHAPE_ACTIONS = {
  "box.draw": drawing("draw"),
  "box.drawEllipse": drawing("ellipse"),
  "box.drawPolygon": drawing("polygon"),
  "box.paint": brush(false),
  "box.erase": brush(true),
  "box.brushLarger": brushSize(1.25),
  "box.brushSmaller": brushSize(0.8),
  "box.asBox": asKind("box"),
  "box.asEllipse": asKind("ellipse"),
  "box.asPolygon": asKind("polygon"),
  "box.asPainted": asKind("painted"),
  "box.points": {
    enabled: (session: Session) => composing(session) && hasPoints(session.editor),
    run: ({ editor, view }) => {
      view.boxes = true;
      beginPoints(editor);
    },
  },
} as const satisfies Partial<Record<CommandName, Action>>;
