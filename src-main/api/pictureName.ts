/** What a picture's file is called when it leaves a project. */

/** A seed is 64 bits; nothing else may get into a name, because a project, and the seeds in it, may come from a stranger. */
const SEED = /^\d{1,20}$/;

/** File name of a result, without its ending: never a path. */
export function pictureName({ id, seed }: { id: number; seed: string }): string {
  return SEED.test(seed) ? `diorama-${id}-seed-${seed}` : `diorama-${id}`;
}
