/**
 * From which checkpoint's jobs a worker takes the next one. To open a checkpoint takes seconds to minutes, so a worker stays with the one
 * that it has open while there is something to draw with it; but not for ever while others wait, not past what is more urgent, and it
 * leaves a few jobs of another checkpoint to the workers that have that one open, for a while.
 */

/** Milliseconds for which a worker stays with a checkpoint while others are wanted. */
export const STAY = 120_000;

export interface Offer {
  /** Of the checkpoint. */
  hash: string;
  waiting: number;
  /** Of the job that is first: 0 is what is most urgent. A job that another worker left unfinished has no turn: it is the first. */
  urgency: number;
  turn: number;
  /** Workers that have the checkpoint open, without this one. */
  openElsewhere: number;
}

/** Milliseconds for which a worker without work leaves a job to those who have its checkpoint open. */
export const PATIENCE = 10_000;

/** How a worker stands, in milliseconds. */
export interface Standing {
  /** The checkpoint that it has open. */
  open: string | undefined;
  /** Since it was opened. */
  openFor: number;
  /** Since it has had nothing to do. */
  idleFor: number;
  stay: number;
  patience: number;
}

/** The checkpoint to draw with next; undefined: nothing, for now. */
export function chooseOffer(offers: readonly Offer[], standing: Standing): string | undefined {
  const { open, openFor, idleFor, stay, patience } = standing;
  const isWorthOpening = ({ waiting, turn, openElsewhere }: Offer) =>
    idleFor >= patience || turn < 0 || openElsewhere === 0 || waiting > openElsewhere;
  const waiting = offers.filter((offer) => offer.waiting > 0).sort(before);
  const own = waiting.find(({ hash }) => hash === open);
  const [first] = waiting;
  if (!own || !first) return waiting.find(isWorthOpening)?.hash;
  if (first.urgency < own.urgency) return first.hash;
  const other = waiting.find((offer) => offer !== own && offer.urgency === own.urgency && isWorthOpening(offer));
  // In turn, a while with each; who is behind in turns is served by those who change over.
  return other && openFor >= stay && before(other, own) <= 0 ? other.hash : own.hash;
}

function before(a: Offer, b: Offer): number {
  return a.urgency - b.urgency || a.turn - b.turn;
}
