/** The numbers behind the sliders: open for those who opened them, also the next time. */
import type { App } from "@api/bridge.ts";

export class Advanced {
  shown = $state(false);
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  async restore(): Promise<void> {
    this.shown = (await this.#app.api.readPreferences()).advanced === true;
  }

  async show(shown: boolean): Promise<void> {
    this.shown = shown;
    await this.#app.api.writePreferences({ advanced: shown });
  }
}
