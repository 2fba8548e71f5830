/** The pictures of a job, in the order in which they are drawn: alternative by alternative, seed by seed. */
import { type Alternative, countPictures } from "../scene/alternatives.ts";
import { AppError } from "../wire/errors.ts";
import type { DrawRequest, JobPicture } from "../api/main.ts";
import type { ResultInfo, RunDetails } from "../api/store.ts";
import type { Seed } from "../scene/scene.ts";

/** What alternatives and seeds make, or of that what is wanted; throws `bad-request` where that is nothing. */
export function picturesOf(
  alternatives: readonly Alternative[],
  seeds: readonly Seed[],
  only: DrawRequest["only"],
): JobPicture[] {
  countPictures(alternatives.length, seeds.length); // not too many
  const wanted = only && new Set(only.map(({ seed, alternative }) => choiceKey({ seed, alternative })));
  const pictures = alternatives
    .flatMap(({ words }) => seeds.map((seed) => ({ seed, ...(words === undefined ? {} : { alternative: words }) })))
    .filter(({ seed, alternative }) => wanted?.has(choiceKey({ seed, alternative })) ?? true)
    .map((picture, index): JobPicture => ({ ...picture, index, state: "waiting", result: null }));
  if (pictures.length > 0) return pictures;
  throw new AppError("bad-request", "None of the pictures asked for is one of this scene.", { method: "generate" });
}

/** Pictures that a run still owes, and which of them go on from a step. */
export function owedPictures({ missing, inWork }: Pick<RunDetails, "missing" | "inWork">) {
  const begun = new Set(inWork.map(({ seed, alternative }) => choiceKey({ seed, alternative })));
  const pictures = missing.map(({ seed, alternative }, index): JobPicture => {
    return { seed, index, ...(alternative === null ? {} : { alternative }), state: "waiting", result: null };
  });
  const stated = pictures.filter(({ seed, alternative }) => begun.has(choiceKey({ seed, alternative })));
  return { pictures, stated: new Set(stated.map(({ index }) => index)) };
}

/** Pictures that finish scouted results of one run. */
export function finishingPictures(results: readonly ResultInfo[]) {
  const pictures = results.map(({ id, seed, alternative }, index): JobPicture => {
    const words = alternative === null ? {} : { alternative };
    return { seed, index, ...words, state: "waiting", result: null, finishes: id };
  });
  return { pictures, stated: new Set(pictures.filter((_, i) => results[i]!.resumable).map(({ index }) => index)) };
}

/** The same for the same picture of a run. */
export function choiceKey({ seed, alternative }: { seed: Seed; alternative?: string | null | undefined }): string {
  return `${seed} ${alternative ?? ""}`;
}
