/** Whether pictures leave with their settings inside: asked in the export dialog, remembered for it and for drags, and shown each time. */
import type { App } from "@api/bridge.ts";
import type { Notices } from "./notices.svelte.ts";

const PREFERENCE = "embedSettings";
/** Files that a drag can carry. */
const MOST_DRAGGED = 64;

export class Exporting {
  embed = $state(true);
  /** What the export dialog is to begin with, where that is not what is chosen. */
  asked: readonly number[] | undefined = $state.raw();
  readonly #app: App;
  readonly #notices: Notices;
  /** What the person was last told of drags. */
  #told: boolean | undefined;

  constructor(app: App, notices: Notices) {
    this.#app = app;
    this.#notices = notices;
  }

  async restore(): Promise<void> {
    const { [PREFERENCE]: embed } = await this.#app.api.readPreferences();
    if (typeof embed === "boolean") this.embed = embed;
  }

  async remember(embed: boolean): Promise<void> {
    this.embed = embed;
    await this.#app.api.writePreferences({ [PREFERENCE]: embed });
  }

  /** A drag cannot ask; it says what it did, the first time and after each change. */
  async drag(ids: readonly number[]): Promise<void> {
    const { embed } = this;
    await this.#app.api.dragPictures({ ids: ids.slice(0, MOST_DRAGGED), settings: embed });
    if (this.#told === embed) return;
    this.#told = embed;
    this.#notices.done(
      embed
        ? "Dragged with prompt and settings inside the file."
        : "Dragged without settings: nothing but the picture.",
      { label: embed ? "Leave them out" : "Put them in", run: () => void this.remember(!embed) },
    );
  }
}
