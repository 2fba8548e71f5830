/** A newer version of the program: whether one is there, and what the person wants of it. */
import type { App } from "@api/bridge.ts";
import type { UpdateState } from "@api/updates.ts";
import type { Notices } from "./notices.svelte.ts";

export class Updates {
  readonly #app: App;
  readonly #notices: Notices;
  /** Undefined until main has told. */
  state: UpdateState | undefined = $state.raw();
  /** The version that shall not be spoken of until the next start. */
  #later: string | undefined = $state();

  constructor(app: App, notices: Notices) {
    this.#app = app;
    this.#notices = notices;
    app.on("update", (state) => (this.state = state));
  }

  async start(): Promise<void> {
    this.state = await this.#app.api.updates();
  }

  /** What the window offers: nothing where there is nothing newer, or where it was put off. */
  get offered(): UpdateState | undefined {
    const { state } = this;
    return state?.version != null && state.version !== this.#later ? state : undefined;
  }

  /** Somebody asks: an answer comes in any case. */
  async look(current: string): Promise<void> {
    this.#later = undefined;
    await this.#notices.attempt(async () => {
      if (this.state?.elsewhere != null) {
        this.#notices.done(this.state.elsewhere);
        return;
      }
      const { version } = await this.#app.api.lookForUpdate();
      if (version === null) this.#notices.done(`Diorama ${current} is the newest version.`);
    });
  }

  putOff(): void {
    this.#later = this.state?.version ?? undefined;
  }

  install(): void {
    void this.#notices.attempt(() => this.#app.api.installUpdate());
  }

  setAutomatic(automatic: boolean): void {
    void this.#notices.attempt(() => this.#app.api.setUpdates({ automatic }));
  }
}
