/**
 * Pictures that are drawn side by side. Each goes through its own steps, with its own sampler, noise and method, and knows nothing of the
 * others; but where it asks the network for both halves of a step it waits until all others ask too, and what they ask is one run. Who is
 * finished or cancelled leaves, and the others go on without it.
 */
import type { BothInputs, BothOutputs, OpenUnet } from "./sessions/openUnet.ts";

interface Asked {
  unet: OpenUnet;
  halves: BothInputs;
  gradient: boolean;
  resolve: (outputs: BothOutputs) => void;
  reject: (error: unknown) => void;
}

/** One picture's place. */
export interface Seat {
  /** How many pictures there were in the beginning. */
  readonly size: number;
  /** What `unet.both` gives, in a run with the others. */
  both(unet: OpenUnet, halves: BothInputs, gradient: boolean): Promise<BothOutputs>;
  /** Nobody waits for this picture any more. */
  leave(): void;
}

/** Places for so many pictures; none of them is waited for in vain, so each has to be left. */
export function seatsFor(size: number): Seat[] {
  let there = size;
  let waiting: Asked[] = [];
  const runIfAllAsk = () => {
    if (waiting.length === 0 || waiting.length < there) return;
    const all = waiting;
    waiting = [];
    for (const same of Map.groupBy(all, ({ gradient }) => gradient).values()) void run(same);
  };
  return Array.from({ length: size }, (): Seat => {
    let hasLeft = false;
    return {
      size,
      both(unet, halves, gradient) {
        return new Promise((resolve, reject) => {
          waiting.push({ unet, halves, gradient, resolve, reject });
          runIfAllAsk();
        });
      },
      leave() {
        if (hasLeft) return;
        hasLeft = true;
        there--;
        runIfAllAsk();
      },
    };
  });
}

async function run(asked: readonly Asked[]): Promise<void> {
  const [{ unet, gradient }] = asked as [Asked];
  try {
    const outputs = await unet.bothOf(
      asked.map(({ halves }) => halves),
      gradient,
    );
    asked.forEach(({ resolve }, i) => resolve(outputs[i]!));
  } catch (error) {
    for (const { reject } of asked) reject(error);
  }
}
