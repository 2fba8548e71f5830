/** The network's session, with programs for both halves of a step and for several pictures in one run where they may be faster here. */
import type { ProviderName } from "../../scene/scene.ts";
import { isFree, rowBytes } from "../memory.ts";
import { forcedRows, kindOf, type Memo, mostPictures, PairChoice } from "./pairChoice.ts";
import { withPairs } from "./pairs.ts";
import type { OrtSession } from "./session.ts";
import type { UnetGraph } from "./unetGraph.ts";

export interface Place {
  provider: ProviderName;
  memo: Memo;
  /** Of the widest level, and of one number: what a row takes follows from them. */
  channels: number;
  bytesPerNumber: number;
}

/** What a size and a program are measured as. */
type Measured = Pick<UnetGraph, "latent"> & { program: string };

function choiceAt({ provider, memo, channels, bytesPerNumber }: Place, { latent, program }: Measured): PairChoice {
  const bytes = rowBytes(channels, latent, bytesPerNumber);
  const hasRoom = (rows: number) => isFree(rows * bytes, provider);
  return new PairChoice(`${latent.height}x${latent.width} ${program}`, forcedRows(provider) !== undefined, {
    ...memo,
    hasRoom,
  });
}

const kindsOf = (pictures: number) => [false, true].map((gradient) => kindOf(gradient, pictures));

/** How many pictures at a size are drawn side by side: several where both halves at once have shown to be faster, until they show to be slower. */
export function picturesAtOnce(place: Place, measured: Measured): number {
  const most = mostPictures(place.provider);
  if (most === 1 || forcedRows(place.provider) !== undefined) return most;
  const choice = choiceAt(place, measured);
  const isWorthIt = kindsOf(1).some((kind) => choice.isTogether(kind));
  return isWorthIt && kindsOf(most).some((kind) => choice.isTogether(kind) !== false) ? most : 1;
}

/** The session of `built`, for up to so many pictures at once, with what chooses among its programs; without both where there is but one. */
export async function openPaired(
  place: Place,
  built: UnetGraph,
  program: string,
  pictures: number,
  open: (built: UnetGraph) => Promise<OrtSession>,
): Promise<{ built: UnetGraph; session: OrtSession; choice?: PairChoice }> {
  const rows = forcedRows(place.provider);
  const choice = choiceAt(place, { latent: built.latent, program });
  const mayPay = rows === undefined ? kindsOf(1).some((kind) => choice.isTogether(kind) !== false) : rows > 1;
  for (const pairs of mayPay ? [...(pictures > 1 ? [[1, pictures]] : []), [1]] : []) {
    const paired = withPairs(built, pairs);
    try {
      return { built: paired, choice, session: await open(paired) };
    } catch (error) {
      if (rows !== undefined) throw error;
      choice.refuse(kindsOf(pairs.at(-1)!), error);
    }
  }
  return { built, session: await open(built) };
}
