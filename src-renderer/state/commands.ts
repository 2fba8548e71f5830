/** What each command of the table does, and when it can be done: menus, palette, shortcuts and buttons all come here. */
import { COMMANDS, type CommandName, COMMAND_NAMES } from "@api/commands.ts";
import { type Action, composing, picturesChosen } from "./action.ts";
import type { Commands } from "./commandContext.ts";
import * as edits from "./edits.ts";
import { type Box, toDraft, EMPTY_DOCUMENT, sceneToDraw, titleOf } from "./document.ts";
import type { Editor } from "./editor.svelte.ts";
import { ARRANGE_ACTIONS } from "./arrangeCommands.ts";
import type { Alignment } from "./geometry.ts";
import { GRID_ACTIONS } from "./gridCommands.ts";
import { groupOf, raise } from "./groups.ts";
import { PICTURE_ACTIONS } from "./pictureCommands.ts";
import { freePlace } from "./placement.ts";
import { scoutSteps } from "@scene/scouting.ts";
import type { Rule } from "./scouting.svelte.ts";
import type { Session } from "./session.svelte.ts";
import { SHAPE_ACTIONS } from "./shapeCommands.ts";
import { wordsAt } from "./spans.ts";

const someSelected = ({ editor }: Session) => editor.selection.length > 0;
const boxesChosen = (session: Session) => composing(session) && someSelected(session);
const count = (n: number) => (n === 1 ? "box" : `${n} boxes`);

const alignment = (to: Alignment): Action => ({
  enabled: boxesChosen,
  run: ({ editor }) => editor.apply(`Align ${to}`, edits.alignBoxes(editor.selection, to)),
});

const distribution = (axis: "horizontal" | "vertical"): Action => ({
  enabled: (session) => composing(session) && session.editor.selection.length > 2,
  run: ({ editor }) => editor.apply(`Distribute ${axis}ly`, edits.distributeBoxes(editor.selection, axis)),
});

/** One box, or all of one group. */
const oneChosen = (session: Session) => {
  const { document, selection } = session.editor;
  return composing(session) && (selection.length === 1 || groupOf(document, selection) !== undefined);
};
const layer = (by: 1 | -1, label: string): Action => ({
  enabled: oneChosen,
  run: ({ editor }) => editor.apply(label, raise(editor.selection, by)),
});

const mode = (to: Session["view"]["mode"]): Action => ({ run: ({ view }) => void (view.mode = to) });
const zoom = (what: Parameters<Session["view"]["ask"]>[0]): Action => ({
  enabled: composing,
  run: ({ view }) => view.ask(what),
});
const dialog = (name: Session["view"]["dialog"]): Action => ({ run: ({ view }) => void (view.dialog = name) });
const manual = (at: string | null): Action => ({
  run: (session) => void session.attempt(() => session.app.api.showManual({ at })),
});
const toggle = (name: "grid" | "snap" | "rulers" | "underlay" | "boxes" | "heat"): Action => ({
  checked: ({ view }) => view[name],
  run: ({ view }) => void (view[name] = !view[name]),
});

const finishing = (rule: Rule): Action => ({
  enabled: ({ scouting }) => scouting.total > 0,
  run: (session) => void session.attempt(() => session.scouting.finishBy(rule)),
});

/** By name; a command without an entry does not compile. */
const ACTIONS: Record<CommandName, Action> = {
  "file.new": { run: (session) => void create(session, "here") },
  "file.newWindow": { run: (session) => void create(session, "window") },
  "file.open": {
    run: (session) =>
      void session.attempt(async () => {
        await session.saving.now();
        await session.app.api.openProject({ where: "here" });
      }),
  },
  "file.importPictures": { run: (session) => void session.importPictures() },
  "file.save": { run: (session) => void session.attempt(() => session.projects.save()) },
  "file.saveAs": { run: (session) => void session.attempt(() => session.projects.saveAs()) },
  "file.versions": dialog("versions"),
  "file.verify": { run: (session) => void session.attempt(() => session.projects.verify()) },
  "file.export": { enabled: picturesChosen, run: (session) => exportAs(session, "pictures") },
  "file.exportSheet": { enabled: ({ results }) => results.total > 0, run: (session) => exportAs(session, "sheet") },
  "file.addModel": { run: (session) => void session.checkpoint.add("file") },
  "file.getModel": {
    run: ({ home, view }) => {
      view.mode = "models";
      home.getting = true;
    },
  },
  "file.addModelFolder": { run: (session) => void session.checkpoint.add("folder") },

  "edit.undo": {
    enabled: ({ editor }) => editor.undoLabel !== undefined,
    run: (s) => void s.attempt(() => s.editor.undo()),
  },
  "edit.redo": {
    enabled: ({ editor }) => editor.redoLabel !== undefined,
    run: (s) => void s.attempt(() => s.editor.redo()),
  },
  "edit.duplicate": { enabled: boxesChosen, run: duplicate },
  "edit.delete": {
    // Elsewhere the pictures that are chosen cannot be seen.
    enabled: (session) =>
      composing(session)
        ? someSelected(session)
        : (session.view.mode === "results" || session.view.looking.large) && picturesChosen(session),
    run: (session) => {
      const { editor } = session;
      if (!composing(session)) runCommand(session, "result.bin");
      else {
        editor.apply(`Delete ${count(editor.selection.length)}`, edits.removeBoxes(editor.selection), { select: [] });
      }
    },
  },
  "edit.selectAll": { enabled: ({ view }) => !view.looking.large, run: selectAll },
  "edit.presets": dialog("presets"),
  "edit.machines": dialog("machines"),
  "edit.pool": dialog("pool"),
  "edit.preferences": dialog("preferences"),

  "box.bind": { enabled: composing, run: bindWords },
  ...SHAPE_ACTIONS,
  "box.lock": {
    enabled: boxesChosen,
    checked: ({ editor }) => editor.selectedBoxes.length > 0 && editor.selectedBoxes.every(({ locked }) => locked),
    run: ({ editor }) => {
      const locked = !editor.selectedBoxes.every((box) => box.locked);
      editor.apply(locked ? "Lock" : "Unlock", edits.changeBoxes(editor.selection, { locked }));
    },
  },
  "box.hide": {
    enabled: boxesChosen,
    checked: ({ editor }) => editor.selectedBoxes.length > 0 && editor.selectedBoxes.every(({ hidden }) => hidden),
    run: ({ editor }) => {
      const hidden = !editor.selectedBoxes.every((box) => box.hidden);
      editor.apply(hidden ? "Hide" : "Show", edits.changeBoxes(editor.selection, { hidden }));
    },
  },
  "box.rename": {
    enabled: oneChosen,
    run: ({ editor: { document, selection }, view }) => {
      const group = selection.length > 1 ? groupOf(document, selection) : undefined;
      view.renaming = group?.id ?? selection[0];
    },
  },
  ...ARRANGE_ACTIONS,
  "box.forward": layer(1, "Bring forward"),
  "box.backward": layer(-1, "Send backward"),
  "box.alignLeft": alignment("left"),
  "box.alignCentre": alignment("center"),
  "box.alignRight": alignment("right"),
  "box.alignTop": alignment("top"),
  "box.alignMiddle": alignment("middle"),
  "box.alignBottom": alignment("bottom"),
  "box.distributeHorizontally": distribution("horizontal"),
  "box.distributeVertically": distribution("vertical"),

  "view.compose": mode("compose"),
  "view.results": mode("results"),
  "view.compare": mode("compare"),
  "view.history": mode("history"),
  "view.models": mode("models"),
  "view.grids": mode("grids"),
  "view.find": {
    checked: ({ view }) => view.mode === "results" && view.finding,
    run: ({ view }) => {
      view.finding = view.mode !== "results" || !view.finding;
      view.mode = "results";
    },
  },
  "view.fit": zoom("fit"),
  "view.actualSize": zoom("actual"),
  "view.selection": zoom("selection"),
  "view.zoomIn": zoom("in"),
  "view.zoomOut": zoom("out"),
  "view.grid": toggle("grid"),
  "view.snap": toggle("snap"),
  "view.rulers": toggle("rulers"),
  "view.underlay": toggle("underlay"),
  "view.boxes": { ...toggle("boxes"), enabled: composing },
  "view.heat": toggle("heat"),
  "view.palette": dialog("palette"),

  "generate.start": { run: (session) => void session.wishes.draw() },
  "generate.scout": {
    enabled: ({ editor }) => scoutSteps(sceneToDraw(editor.document)) !== undefined,
    run: (session) => void session.wishes.scout(),
  },
  "generate.live": {
    enabled: ({ live }) => live.on || live.hindrance === undefined,
    checked: ({ live }) => live.on,
    run: (session) => void session.attempt(() => session.live.toggle()),
  },
  "generate.drawLive": {
    enabled: (session) => composing(session) && session.live.picture !== undefined,
    run: ({ live, wishes }) => void (live.picture && wishes.drawPicture(live.picture.picture)),
  },
  "generate.from": { run: (session) => void session.attempt(() => session.starts.choose()) },
  "generate.finishBest": finishing({ kind: "best", count: 4 }),
  "generate.finishBoxes": finishing({ kind: "boxes", least: 0.7 }),
  "generate.oneMore": { run: (session) => void session.wishes.drawOneMore() },
  "generate.starred": { run: (session) => void session.attempt(() => session.wishes.drawStarred()) },
  "generate.queue": dialog("queue"),
  "generate.pause": {
    enabled: ({ jobs, queue }) => jobs.running.length > 0 || queue.paused,
    checked: ({ queue }) => queue.paused,
    run: (session) => void session.attempt(() => session.queue.pause(!session.queue.paused)),
  },
  "generate.cancel": {
    enabled: ({ jobs }) => jobs.running.length > 0,
    run: (session) => void session.attempt(() => session.jobs.cancelAll()),
  },
  "generate.restartEngine": { run: (session) => void session.attempt(() => session.app.api.restartEngine()) },

  ...PICTURE_ACTIONS,
  ...GRID_ACTIONS,

  "help.start": manual("getting-started"),
  "help.manual": manual(null),
  "help.shortcuts": dialog("shortcuts"),
  "help.log": { run: (session) => void session.attempt(() => session.app.api.showLog()) },
  "help.updates": { run: (session) => void session.updates.look(session.info?.version ?? "") },
};

export function isEnabled(session: Session, name: CommandName): boolean {
  return ACTIONS[name].enabled?.(session) ?? true;
}

export function isChecked(session: Session, name: CommandName): boolean {
  return ACTIONS[name].checked?.(session) ?? false;
}

/** Does it, when it can be done now. */
export function runCommand(session: Session, name: CommandName): void {
  if (isEnabled(session, name)) ACTIONS[name].run(session);
}

/** The commands as panels ask for them. */
export function commandsOf(session: Session): Commands {
  return {
    run: (name) => runCommand(session, name),
    isEnabled: (name) => isEnabled(session, name),
    isChecked: (name) => isChecked(session, name),
    attempt: (action) => session.attempt(action),
    copyText: (text) => void session.attempt(() => session.app.api.copyText(text)),
    paste: () => void session.attempt(() => session.app.api.paste()),
  };
}

/** What the system's menus should know. */
export interface CommandStates {
  disabled: CommandName[];
  checked: CommandName[];
}

export function commandStates(session: Session): CommandStates {
  return {
    disabled: COMMAND_NAMES.filter((name) => !isEnabled(session, name)),
    checked: COMMAND_NAMES.filter((name) => "toggle" in COMMANDS[name] && isChecked(session, name)),
  };
}

async function create(session: Session, where: "here" | "window"): Promise<void> {
  await session.attempt(async () => {
    await session.saving.now();
    const { settings, model } = session.editor.document;
    const { standard } = session.presets;
    const empty = { ...EMPTY_DOCUMENT, settings, model };
    const draft = toDraft(standard ? edits.changeSettingsOf(standard)(empty) : empty);
    await session.app.api.newProject({ draft, where });
  });
}

/** The dialog of export, for pictures as files or for a sheet; in Compare it is about what is compared. */
function exportAs(session: Session, what: "pictures" | "sheet"): void {
  const { exporting, results, view } = session;
  exporting.what = what;
  exporting.asked = what === "sheet" && view.mode === "compare" ? results.tray.ids : undefined;
  view.dialog = "export";
}

/** Of what has the focus: a text, the list of results; else what the view is about. */
function selectAll(session: Session): void {
  const { editor, results, view } = session;
  const focused = document.activeElement;
  const isInList = focused?.matches("[data-result]");
  if (focused instanceof HTMLInputElement || focused instanceof HTMLTextAreaElement) focused.select();
  else if (view.mode === "results" || (view.mode === "compose" && isInList)) {
    void session.attempt(() => results.selection.pickAll());
  } else if (view.mode === "compose") {
    editor.select(editor.document.boxes.filter(({ hidden }) => !hidden).map(({ id }) => id));
  }
}

function duplicate({ editor }: Session): void {
  const copies = editor.selectedBoxes;
  const ids = copies.map(() => crypto.randomUUID());
  editor.apply(`Duplicate ${count(copies.length)}`, edits.pasteBoxes(copies, ids), { select: ids });
}

/** The words marked in the prompt that can be tied to a box. */
export function wordsToBind(editor: Editor) {
  return editor.textSelection && wordsAt(editor.document.prompt, editor.textSelection);
}

/**
 * Ties the marked words to the one box that is selected and has none yet, else to the first box that waits for some, as a composition
 * leaves them, else to a new one. Without any words it goes to the prompt.
 */
function bindWords(session: Session): void {
  const { editor, notices } = session;
  const span = wordsToBind(editor);
  if (!span) {
    session.view.write();
    return;
  }
  const { boxes, prompt } = editor.document;
  const words = prompt.slice(span.start, span.end);
  const isEmpty = ({ spans }: Box) => spans.length === 0;
  const [chosen, ...others] = editor.selectedBoxes;
  const box =
    chosen && others.length === 0 && isEmpty(chosen)
      ? chosen
      : boxes.find((one) => isEmpty(one) && !one.locked && !one.hidden);
  if (box) {
    const title = titleOf(editor.document, box); // as it was called until now: afterwards it has these words for a name
    if (!editor.apply(`Bind “${words}”`, edits.bindBoxes([box.id], span), { select: [box.id] })) return;
    notices.done(`“${words}” is tied to ${title}.`);
    return;
  }
  const id = crypto.randomUUID();
  const place = freePlace(boxes.map((one) => one.box));
  editor.apply(`Box for “${words}”`, edits.addBox(id, place, [span]), { select: [id] });
}
