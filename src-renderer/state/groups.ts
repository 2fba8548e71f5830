/** Groups of boxes: what is selected, moved and hidden together. They do not nest, and the boxes of one lie next to each other in the order. */
import type { Box, Document } from "./document.ts";
import type { Edit } from "./edits.ts";
import { type Group, LONGEST_GROUP_NAME, tidied } from "./parts.ts";

export function groupTitle({ groups }: Pick<Document, "groups">, group: Group): string {
  return group.name === "" ? `Group ${groups.indexOf(group) + 1}` : group.name;
}

export function boxesOf({ boxes }: Pick<Document, "boxes">, group: string): Box[] {
  return boxes.filter((box) => box.group === group);
}

/** These boxes with all that are grouped with one of them, in the document's order. */
export function withMates({ boxes }: Pick<Document, "boxes">, ids: readonly string[]): string[] {
  const groups = new Set(boxes.filter(({ id }) => ids.includes(id)).map(({ group }) => group));
  return boxes
    .filter(({ id, group }) => ids.includes(id) || (group !== undefined && groups.has(group)))
    .map(({ id }) => id);
}

/** The group that these boxes are, no more and no less. */
export function groupOf(document: Pick<Document, "boxes" | "groups">, ids: readonly string[]): Group | undefined {
  const id = document.boxes.find((box) => box.id === ids[0])?.group;
  if (id === undefined) return undefined;
  const mates = boxesOf(document, id);
  const isWhole = mates.length === ids.length && mates.every((box) => ids.includes(box.id));
  return isWhole ? document.groups.find((group) => group.id === id) : undefined;
}

/** What moves in the order as one: a box, or all of a group. The lowest first. */
export function unitsOf(boxes: readonly Box[]): Box[][] {
  const units: Box[][] = [];
  for (const box of boxes) {
    const last = units.at(-1);
    if (last && box.group !== undefined && last[0]!.group === box.group) last.push(box);
    else units.push([box]);
  }
  return units;
}

/** Makes one group of these boxes; groups that lose all their boxes to it are gone. */
export function groupBoxes(ids: readonly string[], group: string): Edit {
  return (document) => {
    const members = document.boxes.filter(({ id }) => ids.includes(id));
    if (members.length < 2 || groupOf(document, ids)) return document;
    return tidied({
      ...document,
      boxes: document.boxes.map((box) => (ids.includes(box.id) ? { ...box, group } : box)),
      groups: [...document.groups, { id: group, name: "", folded: false }],
    });
  };
}

/** These boxes belong to no group any more; they lie above what is left of theirs. */
export function ungroupBoxes(ids: readonly string[]): Edit {
  return (document) => {
    const leaves = ({ id, group }: Box) => ids.includes(id) && group !== undefined;
    if (!document.boxes.some(leaves)) return document;
    const boxes = unitsOf(document.boxes).flatMap((unit) => {
      const [stay, go] = [unit.filter((box) => !leaves(box)), unit.filter(leaves)];
      return [...stay, ...go.map((box) => ({ ...box, group: undefined }))];
    });
    return tidied({ ...document, boxes });
  };
}

export function changeGroup(id: string, change: Partial<Pick<Group, "name" | "folded">>): Edit {
  return (document) => {
    if (!document.groups.some((group) => group.id === id)) return document;
    const name = change.name === undefined ? {} : { name: change.name.trim().slice(0, LONGEST_GROUP_NAME) };
    const groups = document.groups.map((group) => (group.id === id ? { ...group, ...change, ...name } : group));
    return { ...document, groups };
  };
}

/** A step up or down in the order: a box of a group inside it, all of a group or a single box past its whole neighbour. */
export function raise(ids: readonly string[], by: 1 | -1): Edit {
  return (document) => {
    const units = unitsOf(document.boxes);
    const at = units.findIndex((unit) => unit.some(({ id }) => ids.includes(id)));
    const unit = units[at];
    if (!unit) return document;
    const isUnit = unit.length === ids.length && unit.every(({ id }) => ids.includes(id));
    if (!isUnit && ids.length > 1) return document;
    const list: unknown[] = isUnit ? units : unit;
    const from = isUnit ? at : unit.findIndex(({ id }) => id === ids[0]);
    const to = from + by;
    if (to < 0 || to >= list.length) return document;
    [list[from], list[to]] = [list[to], list[from]];
    return { ...document, boxes: units.flat() };
  };
}

/** Moves a box to another place in the order; 0 is the lowest. Between two boxes of a group it belongs to that; away from its own it leaves it. */
export function reorderBox(id: string, to: number): Edit {
  return (document) => {
    const from = document.boxes.findIndex((box) => box.id === id);
    const place = Math.min(Math.max(to, 0), document.boxes.length - 1);
    if (from < 0 || from === place) return document;
    const boxes = [...document.boxes];
    const [box] = boxes.splice(from, 1) as [Box];
    const [below, above] = [boxes[place - 1]?.group, boxes[place]?.group];
    const isInside = below !== undefined && below === above;
    const stays = box.group !== undefined && (below === box.group || above === box.group);
    const group = isInside ? below : stays ? box.group : undefined;
    boxes.splice(place, 0, group === box.group ? box : { ...box, group });
    return tidied({ ...document, boxes });
  };
}

/** Moves all of a group to where the box at `to` lies now, never into another group. */
export function reorderGroup(id: string, to: number): Edit {
  return (document) => {
    const members = boxesOf(document, id);
    const first = document.boxes.indexOf(members[0]!);
    if (members.length === 0 || to === first) return document;
    const others = unitsOf(document.boxes.filter((box) => box.group !== id));
    let [place, passed] = [0, 0];
    for (const unit of others) {
      if (passed + unit.length / 2 > to) break;
      passed += unit.length;
      place++;
    }
    const boxes = [...others.slice(0, place), members, ...others.slice(place)].flat();
    return boxes.every((box, i) => box === document.boxes[i]) ? document : { ...document, boxes };
  };
}
