/** Who is told what of the engine's events: the call that they belong to, and no other. */
import type { EngineEvents } from "../api/engine.ts";

/** Whoever made a call, while it lasts. */
export interface Listener {
  /** A checkpoint is being opened for the call. */
  onLoading?: (loading: EngineEvents["loading"]) => void;
  /** The jobs that the call asks for. */
  jobs?: readonly string[];
  onStep?: (step: EngineEvents["step"]) => void;
  onImage?: (image: EngineEvents["image"]) => void;
  onState?: (state: EngineEvents["state"]) => void;
}

interface Source {
  on<Name extends keyof EngineEvents>(name: Name, listener: (payload: EngineEvents[Name]) => void): unknown;
}

export class Callers {
  /** Of the call whose turn it is. */
  #onLoading: Listener["onLoading"];
  readonly #ofJob = new Map<string, Listener>();

  constructor(source: Source) {
    source.on("loading", (loading) => this.#onLoading?.(loading));
    source.on("step", (step) => this.#ofJob.get(step.jobId)?.onStep?.(step));
    source.on("image", (image) => this.#ofJob.get(image.jobId)?.onImage?.(image));
    source.on("state", (state) => this.#ofJob.get(state.jobId)?.onState?.(state));
  }

  /** A checkpoint that is opened from now on is opened for this caller. */
  turnOf({ onLoading }: Listener): void {
    this.#onLoading = onLoading;
  }

  /** Tells the caller of its jobs until the reply has come. */
  async during<T>(listener: Listener, send: () => Promise<T>): Promise<T> {
    const { jobs = [] } = listener;
    for (const id of jobs) this.#ofJob.set(id, listener);
    try {
      return await send();
    } finally {
      for (const id of jobs) this.#ofJob.delete(id); // its last event came before its reply
    }
  }
}
