/** Files that were dropped, chosen, or came from outside: what became of each is shown, or told. */
import { asWritten } from "@scene/alternatives.ts";
import type { Opened } from "@api/main.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { setReference } from "./edits.ts";
import type { Editor } from "./editor.svelte.ts";
import type { Loras } from "./loras.svelte.ts";
import type { Notices } from "./notices.svelte.ts";
import { makeReference } from "./reference.ts";
import type { Restoring } from "./restoring.ts";
import type { Results } from "./results.svelte.ts";
import type { Saving } from "./saving.svelte.ts";
import type { View } from "./view.svelte.ts";

type OpenedSheet = Extract<Opened, { kind: "sheet" }>;
type OpenedNot = Extract<Opened, { kind: "refused" }>;
type OpenedPicture = Extract<Opened, { kind: "picture" }>;

/** Where what was opened goes. */
interface Places {
  checkpoint: Checkpoint;
  editor: Editor;
  loras: Loras;
  notices: Notices;
  restoring: Restoring;
  results: Results;
  saving: Saving;
  view: View;
}

/** `files`: those that were dropped, of which a picture without settings can still be composed after. */
export async function takeOpened(places: Places, all: readonly Opened[], files: readonly File[] = []): Promise<void> {
  for (const opened of all) {
    if (opened.kind === "refused") await tellRefused(places, opened, files);
    else if (opened.kind === "project") tellOpen(places, opened);
    else if (opened.kind === "model") await places.checkpoint.use(opened.model.request);
    else if (opened.kind === "lora") places.loras.take(opened.lora);
    else if (opened.kind === "sheet") await takeSheet(places, opened);
    else await takePicture(places, opened);
  }
}

async function tellRefused({ editor, notices, view }: Places, { path, error }: OpenedNot, files: readonly File[]) {
  const name = path.split(/[\\/]/).at(-1);
  const file = files.find((one) => one.name === name && one.type.startsWith("image/"));
  // What is damaged, or no picture at all, is not offered.
  const made = file && error.code === "image-invalid" ? await makeReference(file).catch(() => undefined) : undefined;
  const layUnder = () => {
    editor.apply("Reference picture", setReference(made!));
    view.mode = "compose";
  };
  const action = { label: "Use as reference picture", run: layUnder };
  notices.error(new Error(error.message), made ? action : undefined);
}

async function takePicture(places: Places, { path, result }: OpenedPicture): Promise<void> {
  await places.results.refresh();
  const { known, notes, id } = result;
  if (known) {
    tellKnown(places, path, result);
    return;
  }
  await places.restoring.result(id);
  if (notes.length > 0)
    places.notices.warn(`The scene was made of the picture’s text alone: ${notes.slice(0, 8).join("; ")}.`);
}

/** All of its pictures that are here are shown; of a sheet from elsewhere the first scene can be had. */
async function takeSheet(places: Places, { path, pictures, total, record }: OpenedSheet): Promise<void> {
  const name = path.split(/[\\/]/).at(-1)!;
  if (pictures.length > 0) {
    await places.results.reveal(pictures);
    const which = pictures.length === total ? `All ${total}` : `${pictures.length} of the ${total}`;
    const text = total === 1 ? `The picture of ${name} is shown.` : `${which} pictures of ${name} are chosen.`;
    places.notices.done(text);
    return;
  }
  const run = () => places.restoring.scene(asWritten(record.scene), record.seed);
  const what = total === 1 ? `The picture of ${name} is not` : `None of the ${total} pictures of ${name} is`;
  places.notices.done(`${what} in this project.`, { label: "Open its first scene", run });
}

/** Somebody, here or elsewhere, wanted to open the project that this window has. */
function tellOpen(places: Places, { path, here }: { path: string; here: boolean }): void {
  if (here)
    places.notices.done(`“${places.saving.project ? places.saving.title : path}” is open in this window already.`);
}

function tellKnown(places: Places, path: string, result: OpenedPicture["result"]): void {
  const name = path.split(/[\\/]/).at(-1)!;
  places.results.selection.pick(result.id);
  const show = { label: "Show", run: () => void places.notices.attempt(() => places.results.reveal([result])) };
  places.notices.done(`${name} is in this project already. It was not taken in again.`, show);
}
