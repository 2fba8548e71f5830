/** What the commands about finished pictures do: marks, the comparison, and how pictures are looked at. */
import type { CommandName } from "@api/commands.ts";
import type { ResultInfo } from "@api/store.ts";
import { type Action, picturesChosen } from "./action.ts";
import type { Way, Zoom } from "./looking.svelte.ts";
import type { Session } from "./session.svelte.ts";
import type { GoingOn } from "./starts.svelte.ts";

/** The pictures, and what lies in front of the window. */
type InFront = Pick<Session, "results" | "view" | "grids">;
type PictureCommand = Extract<CommandName, `${"result" | "look" | "compare"}.${string}`>;

/** Results are to be seen, and some are chosen. */
const someShown = (session: Session) => session.view.mode !== "history" && picturesChosen(session);
/** Pictures lie in front, side by side or one of them large. */
const looking = ({ view }: Session) => view.looking.large || view.mode === "grids" || comparing({ view });
const comparing = ({ view }: Pick<Session, "view">) => view.mode === "compare" && !view.looking.large;

/** Something done to the results that are chosen. */
const about = (action: (session: Session) => Promise<unknown>): Action => ({
  enabled: someShown,
  run: (session) => void session.attempt(() => action(session)),
});

const chosenAre =
  (claim: (result: ResultInfo, session: Session) => boolean, how: "every" | "some" = "every") =>
  (session: Session) => {
    const { rows, details, selection } = session.results;
    const infos = selection.chosen.map((id) => rows.find((row) => row?.id === id) ?? details.get(id));
    return infos.length > 0 && infos[how]((info) => info !== undefined && claim(info, session));
  };

const mark = (name: "star" | "reject" | "bin", is: (result: ResultInfo) => boolean): Action => ({
  enabled: someShown,
  checked: chosenAre(is),
  run: (session) => void session.attempt(() => session.results.turns.take(() => marked(session, name, is))),
});

/** Marks what is chosen. A large picture that was given a mark makes room for the next: one key, one picture. */
async function marked(session: Session, name: "star" | "reject" | "bin", is: (result: ResultInfo) => boolean) {
  const { results, view } = session;
  const { chosen, current } = results.selection;
  const verbs = {
    star: ["starred", "not starred any more"],
    reject: ["rejected", "kept"],
    bin: ["in the bin", "kept"],
  };
  if (!view.looking.large) {
    const verb = verbs[name][chosenAre(is)(session) ? 1 : 0]!;
    const one = chosen.length === 1 ? await results.details.read(chosen[0]!) : undefined;
    await results.marks[name](chosen);
    view.looking.done = one ? `Seed ${one.seed} is ${verb}.` : `${chosen.length} pictures are ${verb}.`;
    if (view.mode === "compare" && current !== undefined) results.selection.pick(current); // it stays in the comparison
    return;
  }
  if (current === undefined) return;
  const before = await results.details.read(current);
  await needAround(session);
  const next = neighbour(session, 1);
  await results.marks[name]([current]);
  view.looking.done = `Seed ${before.seed} is ${verbs[name][is(before) ? 1 : 0]!}.`;
  if (next !== undefined && !is(before)) results.selection.pick(next);
  else if (view.mode === "compare") results.selection.pick(current);
}

/** Reads the neighbours of the current picture, which may stand at the edge of what was read. */
async function needAround({ results }: Session): Promise<void> {
  const at = results.rows.findIndex((row) => row?.id === results.selection.current);
  if (at >= 0) await results.list.need(Math.max(0, at - 1), Math.min(results.total - 1, at + 1));
}

/** What is gone through: the comparison, the cells of a grid row by row, or the list of results. */
function idsInFront({ results, view, grids }: InFront): readonly (number | undefined)[] {
  if (view.mode === "compare") return results.tray.ids;
  if (view.mode === "grids") return grids.drawn.map(({ result }) => result?.id);
  return results.rows.map((row) => row?.id);
}

/** The picture before or after the current one, in the comparison or the list that it is looked at from. */
function neighbour(inFront: InFront, by: 1 | -1): number | undefined {
  const { results } = inFront;
  const ids = idsInFront(inFront);
  const at = ids.indexOf(results.selection.current);
  return at < 0 ? ids.find((id) => id !== undefined) : ids[at + by];
}

/** Where the current picture stands in what it is looked at from, from 1, and of how many. */
export function placeInFront(inFront: InFront): { place: number; of: number } {
  const { results, view } = inFront;
  if (view.mode === "compare" || view.mode === "grids") {
    const ids = idsInFront(inFront);
    return { place: ids.indexOf(results.selection.current ?? -1) + 1, of: ids.length };
  }
  return { place: results.rows.findIndex((row) => row?.id === results.selection.current) + 1, of: results.total };
}

/** The current picture's neighbours, the next one first: they are to be there when they are asked for. */
export function neighbours(inFront: InFront): number[] {
  return [neighbour(inFront, 1), neighbour(inFront, -1)].flatMap((id) => id ?? []);
}

const step = (by: 1 | -1): Action => ({
  enabled: looking,
  run: (session) =>
    void session.attempt(() =>
      session.results.turns.take(async () => {
        await needAround(session);
        const next = neighbour(session, by);
        if (next === undefined) return;
        session.results.selection.pick(next);
        session.view.looking.done = "";
      }),
    ),
});

const zoom = (change: (zoom: Zoom) => void): Action => ({
  enabled: looking,
  run: ({ view }) => change(view.looking.zoom),
});

const toggle = (name: "boxes" | "heat" | "info", enabled: Action["enabled"] = looking): Action => ({
  enabled,
  checked: ({ view }) => view.looking[name],
  run: ({ view }) => void (view.looking[name] = !view.looking[name]),
});

const way = (to: Way): Action => ({
  enabled: comparing,
  checked: ({ view }) => view.looking.way === to,
  run: ({ view }) => void (view.looking.way = to),
});

/** The current picture becomes what the next ones go on from. */
const goingOn = (how: GoingOn): Action => ({
  enabled: someShown,
  run: (session) =>
    void session.attempt(() => {
      const { current, chosen } = session.results.selection;
      return session.starts.from(current ?? chosen.at(-1)!, how);
    }),
});

export const PICTURE_ACTIONS: Record<PictureCommand, Action> = {
  "result.tryLayout": about((session) => session.tryLayout()),
  "result.restore": about((session) =>
    session.restoring.result(session.results.selection.current ?? session.results.selection.chosen.at(-1)!),
  ),
  "result.variations": goingOn("variation"),
  "result.goOn": goingOn("picture"),
  "result.redraw": goingOn("redraw"),
  "result.enlarge": goingOn("enlarge"),
  "result.large": {
    enabled: (session) =>
      session.view.looking.large || (someShown(session) && session.results.selection.current !== undefined),
    checked: ({ view }) => view.looking.large,
    run: ({ view }) => (view.looking.large ? void (view.looking.large = false) : view.looking.open()),
  },
  "result.finish": {
    enabled: (session) => someShown(session) && chosenAre(({ scouted }) => scouted !== null, "some")(session),
    run: (session) => void session.attempt(() => session.scouting.finish(session.results.selection.chosen)),
  },
  "result.star": mark("star", ({ starred }) => starred),
  "result.reject": mark("reject", ({ state }) => state === "rejected"),
  "result.compare": {
    ...about(({ results }) => results.tray.toggle(results.selection.chosen)),
    checked: chosenAre(({ id }, { results }) => results.tray.has(id)),
  },
  "result.copy": about(copy),
  "result.label": about(({ view }) => {
    view.dialog = "labels";
    return Promise.resolve();
  }),
  "result.bin": mark("bin", ({ state }) => state === "binned"),

  "look.previous": step(-1),
  "look.next": step(1),
  "look.whole": { ...zoom((one) => one.whole()), checked: ({ view }) => view.looking.zoom.scale === undefined },
  "look.actual": { ...zoom((one) => one.actual()), checked: ({ view }) => view.looking.zoom.scale === 1 },
  "look.zoomIn": zoom((one) => one.by(1.25)),
  "look.zoomOut": zoom((one) => one.by(1 / 1.25)),
  "look.boxes": toggle("boxes"),
  "look.heat": toggle("heat"),
  "look.info": toggle("info", ({ view }) => view.looking.large),

  "compare.grid": way("grid"),
  "compare.wipe": way("wipe"),
  "compare.blink": way("blink"),
  "compare.export": {
    enabled: ({ results }) => results.tray.ids.length > 0,
    run: ({ exporting, results, view }) => {
      exporting.asked = results.tray.ids;
      exporting.what = "sheet";
      view.dialog = "export";
    },
  },
};

/** One fits on the clipboard: of several that are chosen, the current one. */
async function copy({ app, results, notices }: Session): Promise<void> {
  const { chosen, current } = results.selection;
  const id = current !== undefined && chosen.includes(current) ? current : chosen[0]!;
  await app.api.copyPicture({ id });
  if (chosen.length === 1) {
    notices.done("The picture is on the clipboard.");
    return;
  }
  const { seed } = await results.details.read(id);
  notices.done(`Of the ${chosen.length} chosen, the one with seed ${seed} is on the clipboard.`);
}
