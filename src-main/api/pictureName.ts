/** What a picture's file is called when it leaves a project. */

/** A seed is 64 bits; nothing else may get into a name, because a project, and the seeds in it, may come from a stranger. */
const SEED = /^\d{1,20}$/;

/** What a person wrote, as the beginning of a file name that is no path and that every system takes; empty where nothing is left of it. */
export function nameFrom(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\\/:*?"<>|]+/gu, " ").replace(/\s+/g, " ");
  const start = plain
    .replace(/^[. ]+/, "")
    .slice(0, 100)
    .replace(/[\ud800-\udbff]$/, ""); // no half of a character
  return start.replace(/[. ]+$/, "");
}

/** File name of a result, without its ending: never a path. */
export function pictureName({ id, seed }: { id: number; seed: string }): string {
  return SEED.test(seed) ? `diorama-${id}-seed-${seed}` : `diorama-${id}`;
}
