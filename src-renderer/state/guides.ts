/** Guides: lines across the picture that a person has put there, in fractions of it. They are part of the project. */
import type { Edit } from "./edits.ts";
import type { Guide } from "./snapping.ts";

const isInside = (at: number) => at >= 0 && at <= 1;

/** Outside of the picture there are none. */
export function addGuide(guide: Guide): Edit {
  return (document) => (isInside(guide.at) ? { ...document, guides: [...document.guides, guide] } : document);
}

/** One that is moved out of the picture is gone. */
export function moveGuide(index: number, at: number): Edit {
  return (document) => {
    const guide = document.guides[index];
    if (!guide || guide.at === at) return document;
    if (!isInside(at)) return removeGuide(index)(document);
    return { ...document, guides: document.guides.map((one, i) => (i === index ? { ...one, at } : one)) };
  };
}

export function removeGuide(index: number): Edit {
  return (document) =>
    document.guides[index] ? { ...document, guides: document.guides.filter((_, i) => i !== index) } : document;
}

export function clearGuides(): Edit {
  return (document) => (document.guides.length > 0 ? { ...document, guides: [] } : document);
}

/** The guide within `reach` of a point, the nearest one. */
export function guideAt(
  guides: readonly Guide[],
  point: { x: number; y: number },
  reach: { x: number; y: number },
): number | undefined {
  let best: number | undefined;
  let least = 1;
  for (const [i, { axis, at }] of guides.entries()) {
    const away = Math.abs(point[axis] - at) / reach[axis];
    if (away > least) continue;
    least = away;
    best = i;
  }
  return best;
}

const STEPS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000];
/** Pixels of the screen between two numbers of a ruler. */
const ROOM = 56;

/** The marks of a ruler over `length` pixels of the picture at `zoom` screen pixels each: those with a number, and four between two. */
export function ticksOf(length: number, zoom: number): { at: number; label: string | undefined }[] {
  const step = STEPS.find((one) => one * zoom >= ROOM) ?? STEPS.at(-1)!;
  const parts = step % 5 === 0 ? 5 : step % 4 === 0 ? 4 : step % 2 === 0 ? 2 : 1;
  const fine = step / parts;
  return Array.from({ length: Math.floor(length / fine) + 1 }, (_, i) => ({
    at: i * fine,
    label: i % parts === 0 ? String(i * fine) : undefined,
  }));
}
