/**
 * What was told of a run, numbered, so that a client that was cut off goes on behind the last event that it has seen. Of steps only the
 * last is kept: how far a picture was is of no use later.
 */
import type { EventData, EventName } from "./messages.ts";

export interface LoggedEvent {
  /** Counts from 1; none of what nobody resumes from. */
  id?: number;
  name: EventName;
  /** JSON. */
  data: string;
}

export class EventLog {
  readonly #kept: (LoggedEvent & { id: number })[] = [];
  #step: (LoggedEvent & { id: number }) | undefined;
  #lastId = 0;
  readonly #listeners = new Set<(event: LoggedEvent) => void>();

  tell<Name extends EventName>(name: Name, data: EventData<Name>): void {
    const text = JSON.stringify(data);
    if (name === "loading") {
      this.#send({ name, data: text });
      return;
    }
    const event = { id: ++this.#lastId, name, data: text };
    if (name === "step") this.#step = event;
    else {
      this.#step = undefined;
      this.#kept.push(event);
    }
    this.#send(event);
  }

  /** The last event was told. */
  get isOver(): boolean {
    return this.#kept.at(-1)?.name === "end";
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** What was told behind `id`, as far as it is kept. */
  after(id: number): LoggedEvent[] {
    return [...this.#kept, ...(this.#step ? [this.#step] : [])].filter((event) => event.id > id);
  }

  /** Hears what is told from now on; the function returned stops that. */
  listen(listener: (event: LoggedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #send(event: LoggedEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
