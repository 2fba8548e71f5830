/** Scenes of pictures and runs, back in the editor. */
import { asWritten } from "@scene/alternatives.ts";
import type { RunRecord } from "@api/engine.ts";
import type { RunOrigin } from "@api/store.ts";
import type { Scene } from "@scene/scene.ts";
import { type Document, fromScene } from "./document.ts";
import type { Editor } from "./editor.svelte.ts";
import type { Notices } from "./notices.svelte.ts";
import { tidied } from "./parts.ts";
import type { Results } from "./results.svelte.ts";
import type { View } from "./view.svelte.ts";

export class Restoring {
  readonly #editor: Editor;
  readonly #results: Results;
  readonly #view: View;
  readonly #notices: Notices;

  /** Called with the checkpoint that a restored picture was drawn with. */
  onDrawnWith: (model: RunRecord["model"]) => Promise<void> = () => Promise.resolve();

  constructor(editor: Editor, results: Results, view: View, notices: Notices) {
    this.#editor = editor;
    this.#results = results;
    this.#view = view;
    this.#notices = notices;
  }

  /** Puts a scene into the editor. The draft that was there is one undo away. `stay`: where it is from is looked at on. */
  scene(
    scene: Scene,
    how: string | { seeds: string; random?: number },
    label = "Use a scene",
    said = "The scene is back in the editor.",
    { stay = false, origin = null }: { stay?: boolean; origin?: RunOrigin | null } = {},
  ): void {
    const { seeds, random } = typeof how === "string" ? { seeds: how, random: undefined } : how;
    const editor = this.#editor;
    const { boxes, model, groups, guides, reference } = editor.document;
    const looks = Object.fromEntries(boxes.map(({ id, name, color, group }) => [id, { name, color, group }]));
    const next = tidied({
      ...fromScene(scene, looks),
      seeds,
      model,
      groups,
      guides,
      reference,
      origin,
      ...seedMode(random),
    });
    if (!editor.open(next, label)) return;
    if (!stay) {
      this.#view.mode = "compose";
      this.#view.ask("fit");
    }
    this.#notices.done(said, editor.takeBack());
  }

  /** What a result was drawn from. */
  async result(id: number): Promise<void> {
    await this.#notices.attempt(async () => {
      const { record, runId } = await this.#results.details.read(id);
      const origin = { run: runId, result: id, how: "scene" } as const;
      this.scene(asWritten(record.scene), record.seed, undefined, undefined, { origin });
      this.#results.selection.current = id;
      await this.onDrawnWith(record.model);
    });
  }
}

/** So many seeds that nobody chose, each time; those that are listed where that is left out. */
function seedMode(random: number | undefined): Pick<Document, "seedMode"> | object {
  return random === undefined ? {} : { seedMode: { kind: "random", count: random } };
}
