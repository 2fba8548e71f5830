/** Which checkpoint the scene is drawn with. The document names it; here what it names is opened. */
import type { LoadRequest } from "@api/engine.ts";
import type { ModelForm } from "@api/main.ts";
import { adoptSettings, changeRun } from "./edits.ts";
import type { Session } from "./session.svelte.ts";

/** Opens a checkpoint and takes over the settings it is best used with. Why it cannot be opened is `models.problem`. */
export async function useModel(session: Session, request: LoadRequest): Promise<void> {
  const { editor, models, notices } = session;
  editor.apply("Choose checkpoint", changeRun({ model: request }));
  const summary = await models.load(request);
  if (!summary) return;
  const { width, height } = summary.defaults;
  const now = editor.document.settings;
  if (width !== now.width || height !== now.height) {
    editor.apply("Use the checkpoint's settings", adoptSettings(summary.defaults));
    notices.done(`Size, steps and scheduler are now what ${summary.name} is best used with.`, {
      label: "Undo",
      run: () => void editor.undo(),
    });
  }
  session.examine();
}

/** Lets the person choose a file or a folder, and uses the checkpoint in it. */
export async function addModel(session: Session, form: ModelForm): Promise<void> {
  await session.attempt(async () => {
    const entry = await session.app.api.addModel({ form });
    if (!entry) return;
    await session.models.list();
    await useModel(session, entry.request);
  });
}

/** Undo, redo and versions change which checkpoint the document names: it is opened, too. */
export function followModel(session: Session): void {
  const { editor, models } = session;
  const { model } = editor.document;
  if (!model || (model.path === models.wanted?.path && model.provider === models.wanted.provider)) return;
  void models.load(model).then(() => session.examine());
}
