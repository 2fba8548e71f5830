/** What a part of the campaign is: a claim, and numbered cases that try to break it. */
import type { Pick } from "./random.ts";

/** No answer of the program may take longer, in milliseconds. */
export const SLOWEST = 5_000;
/** No process of the program may have been larger, in MiB. */
export const LARGEST = 600;

export interface Part {
  /** What the table calls it. */
  title: string;
  /** Cases of a full campaign. */
  count: number;
  /** Whose memory counts: the worker's, where the program's code runs in it, or that of the processes which it starts. */
  memory: "worker" | "children";
  /** Whether windows are opened: such parts never run beside each other. */
  windows?: boolean;
  /** What takes long and much memory, and is no work of the program: done before any worker starts. */
  before?(): Promise<void>;
  /** Gets ready in a worker process. Throws `Skipped` where this machine cannot. */
  prepare(scene: Stage): Promise<Cases>;
}

/** What a worker has. */
export interface Stage {
  /** A folder of its own, empty at the beginning. */
  folder: string;
}

export interface Cases {
  /** Tries the case of this number; resolves to what happened, in two or three words that the table counts. Throws a `Fault`. */
  run(index: number, pick: Pick, clock: Clock): Promise<string> | string;
  close?(): Promise<void>;
}

/** What is kept of a case that failed, to look at: bytes by file name. */
export type Evidence = Record<string, Uint8Array | string>;

/** The claim of a part does not hold. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly lost: number;
  readonly evidence: Evidence;

  /** `lost` counts pictures, drafts and files that had been announced as kept. */
  constructor(
    message: string,
    { lost = 0, evidence = {}, cause }: { lost?: number; evidence?: Evidence; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.lost = lost;
    this.evidence = evidence;
  }
}

/** A part that cannot run on this machine; the message says what is missing. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}

/** Measures the answers of one case. */
export class Clock {
  /** The longest so far, in milliseconds; undefined where nothing was measured: then the case as a whole counts. */
  slowest: number | undefined;

  /** Waits for an answer; one that does not come within six times the limit is a fault. */
  async time<T>(what: string, answer: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const never = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Fault(`${what}: no answer within ${(6 * SLOWEST) / 1_000} s`)), 6 * SLOWEST);
    });
    try {
      return await Promise.race([answer(), never]);
    } finally {
      clearTimeout(timer);
      this.slowest = Math.max(this.slowest ?? 0, performance.now() - begun);
    }
  }
}
