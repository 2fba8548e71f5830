/** Whose a place is that several regions have, one row each: what people read of it. What is done is in guidance/areas.ts. */

interface OverlapRow {
  label: string;
  /** A sentence for designers. */
  hint: string;
}

/** As it always was first. */
const ROWS = {
  share: { label: "Shared", hint: "What overlaps belongs to all boxes that have it." },
  front: {
    label: "Front wins",
    hint: "What overlaps belongs to the box that is uppermost in the list; those behind it lose it.",
  },
} as const satisfies Record<string, OverlapRow>;

export type OverlapName = keyof typeof ROWS;
export const OVERLAP_ROWS: Readonly<Record<OverlapName, OverlapRow>> = ROWS;
export const OVERLAPS = Object.keys(ROWS) as readonly OverlapName[] as readonly [OverlapName, ...OverlapName[]];
