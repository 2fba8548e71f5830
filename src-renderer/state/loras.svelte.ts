/** The LoRAs of the scene: what main knows of their files, and how the list comes to have more. */
import type { App } from "@api/bridge.ts";
import type { FewSteps, LoraEntry } from "@scene/loras.ts";
import { changeSettingsOf } from "./edits.ts";
import type { Editor } from "./editor.svelte.ts";
import { addLora, lorasIn } from "./loraEdits.ts";
import type { Models } from "./models.svelte.ts";
import type { Notices } from "./notices.svelte.ts";

export class Loras {
  /** Of each in the document's list, in its order; shorter while main was not asked yet. */
  entries: readonly LoraEntry[] = $state.raw([]);

  readonly #app: App;
  readonly #editor: Editor;
  readonly #models: Models;
  readonly #notices: Notices;
  #known = "";

  constructor(app: App, editor: Editor, models: Models, notices: Notices) {
    this.#app = app;
    this.#editor = editor;
    this.#models = models;
    this.#notices = notices;
    app.on("model", () => this.follow());
  }

  /** Asks for a file, and puts it into the list. */
  async choose(): Promise<void> {
    await this.#notices.attempt(async () => {
      const entry = await this.#app.api.addLora();
      if (entry) this.take(entry);
    });
  }

  /** One of the models at home. */
  async takeFromHome(path: string): Promise<void> {
    await this.#notices.attempt(async () => this.take(await this.#app.api.useHomeLora({ path })));
  }

  /** A file that was chosen or dropped. */
  take(entry: LoraEntry): void {
    const before = this.#editor.document;
    this.#editor.apply("Add LoRA", addLora(entry));
    if (this.#editor.document === before) this.#notices.done(`“${entry.name}” is in the list already.`);
    else if (entry.fewSteps && entry.problem === null) this.#drawInFewSteps(entry.name, entry.fewSteps);
    this.#known = ""; // it may be a file that was missing
    this.follow();
  }

  /** With the steps of an ordinary checkpoint its pictures burn. */
  #drawInFewSteps(name: string, { name: kind, settings }: FewSteps): void {
    const before = this.#editor.document;
    this.#editor.apply("Use the LoRA's settings", changeSettingsOf(settings));
    if (this.#editor.document === before) return;
    this.#notices.done(
      `Steps, guidance scale and scheduler are now what “${name}” (${kind}) wants.`,
      this.#editor.takeBack(),
    );
  }

  /** The list or the checkpoint may be another one: asks main what it knows where it is. */
  follow(): void {
    const list = lorasIn(this.#editor.document);
    const key = JSON.stringify([list.map(({ name, hash }) => [name, hash]), this.#models.summary?.path]);
    if (key === this.#known) return;
    this.#known = key;
    if (list.length === 0) this.entries = [];
    else void this.#ask(key);
  }

  async #ask(key: string): Promise<void> {
    try {
      const loras = lorasIn(this.#editor.document).map((lora) => ({ ...lora }));
      const entries = await this.#app.api.describeLoras({ loras });
      if (key === this.#known) this.entries = entries;
    } catch (error) {
      if (key !== this.#known) return;
      this.entries = [];
      this.#notices.error(error);
    }
  }
}
