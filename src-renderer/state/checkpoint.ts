/** Which checkpoint the scene is drawn with. The document names it; here what it names is opened. */
import type { App } from "@api/bridge.ts";
import type { LoadRequest, RunRecord } from "@api/engine.ts";
import type { ModelEntry, ModelForm, ModelPart } from "@api/main.ts";
import { DEMO_NAME, modelTitle } from "@scene/names.ts";
import { adoptSettings, changeRun } from "./edits.ts";
import type { Editor } from "./editor.svelte.ts";
import type { Models } from "./models.svelte.ts";
import type { Notices } from "./notices.svelte.ts";

export class Checkpoint {
  readonly #app: App;
  readonly #editor: Editor;
  readonly #models: Models;
  readonly #notices: Notices;

  constructor(app: App, editor: Editor, models: Models, notices: Notices) {
    this.#app = app;
    this.#editor = editor;
    this.#models = models;
    this.#notices = notices;
  }

  /** Opens a checkpoint and takes over the settings it is best used with. Why it cannot be opened is `models.problem`. */
  async use(request: LoadRequest): Promise<void> {
    const editor = this.#editor;
    editor.apply("Choose checkpoint", changeRun({ model: request }));
    const before = this.#models.summary?.distilled;
    const summary = await this.#models.load(request);
    if (!summary) return;
    const { width, height } = summary.defaults;
    const now = editor.document.settings;
    // A model of few steps drawn with others' settings, or another with its, is ruined.
    if (width !== now.width || height !== now.height || summary.distilled !== before) {
      editor.apply("Use the checkpoint's settings", adoptSettings(summary.defaults), { filledIn: true });
      const kind = summary.distilled === undefined ? "" : ` (${summary.distilled})`;
      this.#notices.done(
        `Size, steps and scheduler are now what ${modelTitle(summary.name)}${kind} is best used with.`,
        editor.takeBack(),
      );
    }
    this.#examine();
  }

  /**
   * Opens the same checkpoint in another way: elsewhere, or with other parts. Settings stay as they are, but for a size that it no longer
   * is best at.
   */
  async reopen(request: LoadRequest): Promise<void> {
    const editor = this.#editor;
    const before = this.#models.summary?.defaults;
    editor.apply("Change how the checkpoint is taken", changeRun({ model: request }));
    const summary = await this.#models.load(request);
    if (!summary) return;
    const { width, height } = summary.defaults;
    if (before && (width !== before.width || height !== before.height)) {
      editor.apply("Use the checkpoint's settings", adoptSettings(summary.defaults), { filledIn: true });
    }
    this.#examine();
  }

  /** Lets the person choose the file of a part, and takes the checkpoint with it. */
  async choosePart(part: ModelPart, request: LoadRequest): Promise<void> {
    await this.#notices.attempt(async () => {
      const path = await this.#app.api.choosePart({ part });
      if (path !== null) await this.reopen({ ...request, [part]: path });
    });
  }

  /** Lets the person choose a file or a folder, and uses the checkpoint in it. */
  async add(form: ModelForm): Promise<void> {
    await this.#notices.attempt(async () => {
      const entry = await this.#app.api.addModel({ form });
      if (!entry) return;
      await this.#models.list();
      await this.use(entry.request);
    });
  }

  /** Uses one of the checkpoints at home. */
  async useAtHome(path: string): Promise<void> {
    await this.#notices.attempt(async () => {
      const request = await this.#app.api.useHomeModel({ path });
      await this.#models.list();
      await this.use(request);
    });
  }

  /** Says so where a picture was drawn with another checkpoint than the one that is open, and offers it, or what is most like it. */
  async offer({ name, sha256 }: RunRecord["model"]): Promise<void> {
    const { summary } = this.#models;
    if (!summary || summary.name === name || name === "") return;
    const isNamed = (entry: ModelEntry) => (entry.demo ? name === DEMO_NAME : entry.name === name);
    const known = this.#models.known.find((entry) => entry.present && isNamed(entry));
    if (known) {
      const use = { label: `Use ${modelTitle(name)}`, run: () => void this.use(known.request) };
      this.#notices.done(`The picture was drawn with ${modelTitle(name)}; ${modelTitle(summary.name)} is open.`, use);
      return;
    }
    const { moved, closest } = await this.#app.api.findMissingModel({ name, sha256: sha256 ?? null });
    const [nearest] = moved ? [moved] : closest;
    const where = moved ? "" : ", which is not on this disk";
    const like = nearest && !moved ? ` Most like it here is ${nearest.name}.` : "";
    const use = nearest && { label: `Use ${nearest.name}`, run: () => void this.useAtHome(nearest.path) };
    this.#notices.done(
      `The picture was drawn with ${modelTitle(name)}${where}; ${modelTitle(summary.name)} is open.${like}`,
      use,
    );
  }

  /** Undo, redo and versions change which checkpoint the document names: it is opened, too. */
  follow(): void {
    const models = this.#models;
    const { model } = this.#editor.document;
    if (!model || isSameRequest(model, models.wanted)) return;
    void models.load(model).then(() => this.#examine());
  }

  #examine(): void {
    this.#models.examineSoon(() => this.#editor.document);
  }
}

function isSameRequest(a: LoadRequest, b: LoadRequest | undefined): boolean {
  const told = ({ path, provider, prediction, vae, tiny, draft = false }: LoadRequest) =>
    JSON.stringify([path, provider, prediction, vae, tiny, draft]);
  return b !== undefined && told(a) === told(b);
}
