/** What only the editor has of a document besides its boxes: groups of them, and guides. How it is read from a project, and kept in order. */
import { isRecord } from "@scene/fields.ts";
import { MOST_BOXES } from "@scene/limits.ts";
import type { Guide } from "./snapping.ts";

export interface Group {
  id: string;
  /** Empty where its place in the list is name enough. */
  name: string;
  /** In the list only its own row is to be seen. */
  folded: boolean;
}

export const LONGEST_GROUP_NAME = 80;
const LONGEST_ID = 200;

/** More than anybody sees at once. */
export const MOST_GUIDES = 100;

interface Grouped {
  group?: string | undefined;
}
interface Parts {
  boxes: readonly Grouped[];
  groups: readonly Group[];
}

/** Groups that have boxes, boxes whose group is there, and those of one together where its uppermost is. */
export function tidied<Whole extends Parts>(document: Whole): Whole {
  const known = new Set(document.groups.map(({ id }) => id));
  const boxes = gathered(
    document.boxes.map((box) => (box.group === undefined || known.has(box.group) ? box : { ...box, group: undefined })),
  );
  const groups = document.groups.filter(({ id }) => boxes.some(({ group }) => group === id));
  const isSame = groups.length === document.groups.length && boxes.every((box, i) => box === document.boxes[i]);
  return isSame ? document : { ...document, boxes, groups };
}

function gathered<Member extends Grouped>(boxes: readonly Member[]): Member[] {
  const done = new Set<string>();
  const fromTop: Member[] = [];
  for (const box of boxes.toReversed()) {
    const { group } = box;
    if (group === undefined) fromTop.push(box);
    else if (!done.has(group)) {
      done.add(group);
      fromTop.push(...boxes.filter((one) => one.group === group).toReversed());
    }
  }
  return fromTop.reverse();
}

/** Groups as a project has them, which a stranger may have written; what is no group is left out. */
export function readGroups(value: unknown): Group[] {
  if (!Array.isArray(value)) return [];
  const seen = new Set<string>();
  return (value as unknown[]).slice(0, MOST_BOXES).flatMap((item) => {
    const id = isRecord(item) ? readGroupId(item.id) : undefined;
    if (!isRecord(item) || id === undefined || seen.has(id)) return [];
    seen.add(id);
    const name = typeof item.name === "string" ? item.name.slice(0, LONGEST_GROUP_NAME) : "";
    return { id, name, folded: item.folded === true };
  });
}

export function readGroupId(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_ID ? value : undefined;
}

/** Guides as a project has them, which a stranger may have written; what is no guide is left out. */
export function readGuides(value: unknown): Guide[] {
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).slice(0, MOST_GUIDES).flatMap((item) => {
    if (!isRecord(item) || (item.axis !== "x" && item.axis !== "y")) return [];
    const { axis, at } = item;
    return typeof at === "number" && at >= 0 && at <= 1 ? { axis, at } : [];
  });
}
