/** What can be done with a run of the history, wherever it is shown. */
import { formatSeeds } from "@api/seeds.ts";
import type { ResultInfo } from "@api/store.ts";
import type { Session } from "./session.svelte.ts";

/** The pictures of a run that are neither rejected nor in the bin, in the order of its seeds. */
export async function picturesOf(session: Session, runId: number): Promise<ResultInfo[]> {
  const { results } = await session.app.api.listResults({ runId, order: "oldest", offset: 0, limit: 500 });
  return results;
}

/** Puts its scene into the editor, with the seeds of its pictures; the draft that was there is one undo away. */
export async function restoreRun(session: Session, id: number): Promise<void> {
  const [{ scene }, pictures] = await Promise.all([session.app.api.readRun({ id }), picturesOf(session, id)]);
  const seeds = pictures.length > 0 ? formatSeeds(pictures.map(({ seed }) => seed)) : "1-4";
  session.restore(scene, seeds, "Restore run");
}

/** Its pictures side by side, as many as fit. */
export async function compareRun(session: Session, id: number): Promise<void> {
  const pictures = await picturesOf(session, id);
  session.results.tray.show(pictures.map(({ id }) => id));
  session.view.mode = "compare";
}

/** Its first picture in Results. */
export async function showRun(session: Session, id: number): Promise<void> {
  const [first] = await picturesOf(session, id);
  if (first) session.results.selection.pick(first.id);
  session.view.mode = "results";
}
