/** The rows of the list of boxes, the uppermost first as it lies on the canvas: boxes, and groups above theirs. */
import type { Box, Document } from "./document.ts";
import type { Edit } from "./edits.ts";
import { reorderBox, reorderGroup, unitsOf } from "./groups.ts";
import type { Group } from "./parts.ts";

export type LayerRow =
  | { kind: "box"; id: string; box: Box; isInGroup: boolean }
  | { kind: "group"; id: string; group: Group; boxes: readonly Box[] };

export function rowsOf({ boxes, groups }: Pick<Document, "boxes" | "groups">): LayerRow[] {
  return unitsOf(boxes)
    .toReversed()
    .flatMap((unit): LayerRow[] => {
      const group = groups.find(({ id }) => id === unit[0]!.group);
      const rows = unit.toReversed().map((box): LayerRow => {
        return { kind: "box", id: box.id, box, isInGroup: group !== undefined };
      });
      if (!group) return rows;
      return [{ kind: "group", id: group.id, group, boxes: unit }, ...(group.folded ? [] : rows)];
    });
}

/** The boxes that a row stands for. */
export function idsOf(row: LayerRow): string[] {
  return row.kind === "box" ? [row.id] : row.boxes.map(({ id }) => id);
}

/** Drops the row of this id above the one at `at`; past the last one it goes to the bottom. */
export function dropRow(dragged: string, at: number): Edit {
  return (document) => {
    const rows = rowsOf(document);
    const row = rows.find(({ id }) => id === dragged);
    if (!row) return document;
    // An open group's boxes are told of by their own rows.
    const below = rows.slice(at).flatMap((one) => (one.kind === "box" || one.group.folded ? idsOf(one) : []));
    const own = idsOf(row);
    const to = below.filter((id) => !own.includes(id)).length;
    return (row.kind === "box" ? reorderBox(row.id, to) : reorderGroup(row.id, to))(document);
  };
}
