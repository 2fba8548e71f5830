/** Files that were dropped, chosen, or came from outside: what became of each is shown, or told. */
import { asWritten } from "@api/alternatives.ts";
import type { Opened } from "@api/main.ts";
import { useModel } from "./checkpoint.ts";
import { showDrawn } from "./drawing.ts";
import type { Session } from "./session.svelte.ts";

type OpenedSheet = Extract<Opened, { kind: "sheet" }>;
type OpenedPicture = Extract<Opened, { kind: "picture" }>;

export async function takeOpened(session: Session, all: readonly Opened[]): Promise<void> {
  for (const opened of all) {
    if (opened.kind === "refused") session.notices.error(new Error(opened.error.message));
    else if (opened.kind === "project") tellOpen(session, opened);
    else if (opened.kind === "model") await useModel(session, opened.model.request);
    else if (opened.kind === "sheet") await takeSheet(session, opened);
    else await takePicture(session, opened);
  }
}

async function takePicture(session: Session, { path, result }: OpenedPicture): Promise<void> {
  await session.results.refresh();
  const { known, notes, id } = result;
  if (known) {
    tellKnown(session, path, result);
    return;
  }
  await session.restoreResult(id);
  if (notes.length > 0)
    session.notices.warn(`The scene was made of the picture’s text alone: ${notes.slice(0, 8).join("; ")}.`);
}

/** All of its pictures that are here are shown; of a sheet from elsewhere the first scene can be had. */
async function takeSheet(session: Session, { path, pictures, total, record }: OpenedSheet): Promise<void> {
  const name = path.split(/[\\/]/).at(-1)!;
  if (pictures.length > 0) {
    await showDrawn(session, pictures);
    const which = pictures.length === total ? `All ${total}` : `${pictures.length} of the ${total}`;
    const text = total === 1 ? `The picture of ${name} is shown.` : `${which} pictures of ${name} are chosen.`;
    session.notices.done(text);
    return;
  }
  const run = () => session.restore(asWritten(record.scene), record.seed);
  const what = total === 1 ? `The picture of ${name} is not` : `None of the ${total} pictures of ${name} is`;
  session.notices.done(`${what} in this project.`, { label: "Open its first scene", run });
}

/** Somebody, here or elsewhere, wanted to open the project that this window has. */
function tellOpen(session: Session, { path, here }: { path: string; here: boolean }): void {
  if (here) session.notices.done(`“${session.project ? session.title : path}” is open in this window already.`);
}

function tellKnown(session: Session, path: string, result: OpenedPicture["result"]): void {
  const name = path.split(/[\\/]/).at(-1)!;
  session.results.selection.pick(result.id);
  const show = { label: "Show", run: () => void session.attempt(() => showDrawn(session, [result])) };
  session.notices.done(`${name} is in this project already. It was not taken in again.`, show);
}
