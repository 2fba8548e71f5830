import { expect, test } from "vitest";
import { connectApp } from "../../src-main/api/bridge.ts";
import { runCommand } from "../../src-renderer/state/commands.ts";
import { fromDraft, toDraft } from "../../src-renderer/state/document.ts";
import { addBox, changeRun, moveBoxes, setPrompt } from "../../src-renderer/state/edits.ts";
import { saysOf } from "../../src-renderer/state/heat.ts";
import { Session } from "../../src-renderer/state/session.svelte.ts";
import { drawn, open, until } from "./support/drawn.ts";
import { startMain } from "./support/main.ts";
import { SAMPLE } from "./support/painter.ts";

test("a draft is the same after it was a document", () => {
  const again = toDraft(fromDraft(SAMPLE));
  expect(again).toMatchObject({ scene: SAMPLE.scene, seeds: SAMPLE.seeds, model: SAMPLE.model });
  expect(toDraft(fromDraft(again))).toEqual(again);
});

test("what is typed is saved, and the save is known", async () => {
  const { main, session } = await open();
  session.editor.apply("Type", setPrompt("a cat"));
  session.documentChanged();
  expect(session.saving.state).toBe("waiting");
  await session.saving.now();
  expect((await main.store.readDraft()).draft.scene.prompt).toBe("a cat");
  expect(session.saving.state).toBe("saved");
});

test("what a checkpoint fills in at opening is nothing unsaved of a person's, where nothing can be written", async () => {
  const main = await startMain({ ...SAMPLE, model: null, editor: {} });
  const trouble = { kind: "read-only", message: "The project is open for reading only" } as const;
  Object.assign(main.says, { project: { ...main.project.state, trouble }, model: null });
  const session = new Session(connectApp(main.bridge));
  await session.start();
  expect(session.editor.document.model).not.toBeNull();
  session.documentChanged();
  expect(session.saving.state).toBe("saved");
  main.emit("closing", { reason: "window" });
  await until(() => expect(main.calls.at(-1)).toMatchObject({ method: "readyToClose", request: { problem: null } }));
  expect(main.calls.filter(({ method }) => method === "saveDraft")).toEqual([]);

  session.editor.apply("Type", setPrompt("a cat")); // but this is theirs
  session.documentChanged();
  expect(session.saving.state).toBe("waiting");
  await session.saving.now();
  expect(main.calls.filter(({ method }) => method === "saveDraft")).toHaveLength(1);
});

test("a save names its project, and its end is no news to the next one", async () => {
  const { main, session } = await open();
  session.editor.apply("Type", setPrompt("a cat"));
  const saving = session.saving.now();
  const state = await main.state();
  const { key } = state.project;
  main.emit("project", { state: { ...state, project: { ...state.project, key: "another" } } });
  await saving;
  expect(main.calls.find(({ method }) => method === "saveDraft")?.request).toMatchObject({ key });
  expect(session.saving.state).toBe("saved");
  session.editor.apply("Type", setPrompt("a dog"));
  await session.saving.now();
  const saves = main.calls.filter(({ method }) => method === "saveDraft");
  expect(saves.map(({ request }) => (request as { key: string }).key)).toEqual([key, "another"]);
});

test("seeds of 64 bits reach the engine as they were typed", async () => {
  const { main } = await drawn("18446744073709551615,3");
  const call = main.calls.find(({ method }) => method === "generate");
  expect(call?.request).toMatchObject({ seeds: ["18446744073709551615", "3"] });
});

test("random seeds are shown, and are the ones used", async () => {
  const { main, session } = await open();
  session.editor.apply("Random", changeRun({ seedMode: { kind: "random", count: 3 } }));
  await session.wishes.draw();
  const call = main.calls.find(({ method }) => method === "generate")!.request as { seeds: string[] };
  expect(call.seeds).toHaveLength(3);
  expect(session.editor.document.seeds).toBe(call.seeds.join(","));
});

test("seeds that make no sense are said at the button, and nothing is asked", async () => {
  const { main, session } = await open();
  session.editor.apply("Seeds", changeRun({ seeds: "1,x" }));
  await session.wishes.draw();
  expect(session.wishes.problem).toMatch(/^Seeds: .*"x"/);
  expect(main.calls.some(({ method }) => method === "generate")).toBe(false);
});

test("a box without words is left out of what the engine gets", async () => {
  const { main, session } = await open();
  const { document } = session.editor;
  session.editor.open({ ...document, boxes: [{ ...document.boxes[0]!, spans: [] }, document.boxes[1]!] });
  await session.wishes.draw();
  const call = main.calls.find(({ method }) => method === "generate")!.request as { scene: { regions: unknown[] } };
  expect(call.scene.regions).toHaveLength(1);
});

test("stars, rejections and the bin are steps of undo", async () => {
  const { session } = await drawn("1,2");
  const { results, editor } = session;
  const [first] = results.rows.map((row) => row!.id);
  await results.marks.star([first!]);
  expect(results.rows[0]?.starred).toBe(true);
  await results.marks.bin([first!]);
  expect(results.total).toBe(1);
  await editor.undo();
  expect(results.total).toBe(2);
  await editor.undo();
  expect(results.rows[0]?.starred).toBe(false);
  await editor.redo();
  expect(results.rows[0]?.starred).toBe(true);
});

test("emptying the bin is a step of undo, and so is what was binned", async () => {
  const { session } = await drawn("1,2,3");
  const { results, editor } = session;
  await results.marks.bin([1, 2]);
  session.view.mode = "results";
  await results.show({ shelf: "binned" });
  results.selection.pick(1);
  expect(await results.marks.emptyBin()).toBe(2);
  expect([results.total, results.selection.current]).toEqual([0, undefined]);
  await editor.undo();
  expect(results.total).toBe(2);
  await editor.redo();
  expect(results.total).toBe(0);
  await editor.undo();
  await editor.undo();
  await results.show({ shelf: "kept" });
  expect(results.total).toBe(3);
});

test("the attention of a result is asked for once, and not known is an answer", async () => {
  const { main, session } = await open();
  session.editor.open({ ...session.editor.document, boxes: [], seeds: "1" });
  await session.wishes.draw();
  await until(() => expect(session.results.total).toBe(1));
  const asked = () => main.calls.filter(({ method }) => method === "readAttention").length;
  session.results.details.wantAttention(1);
  expect(asked()).toBe(0); // it came with the picture
  await session.results.open({ key: "again" });
  session.results.details.wantAttention(1);
  await until(() => expect(session.results.details.attention(1)).toBeNull());
  session.results.details.wantAttention(1);
  expect(asked()).toBe(1);
});

test("heat is shown for a box only while its words are those of the picture", async () => {
  const { session } = await drawn("1");
  const { editor, results } = session;
  const { scene } = (await results.details.read(1)).record;
  const says = () => saysOf(scene, editor.document, editor.boxOf("circle")!);
  expect(says()).toBe(true);
  editor.apply("Move", moveBoxes(["circle"], 0.1, 0));
  expect(says()).toBe(true);
  editor.apply("Type", setPrompt(editor.document.prompt.replace("red circle", "red cat")));
  expect(says()).toBe(false);
});

test("the newest picture is the current one until another is chosen", async () => {
  const { session } = await drawn("1,2");
  expect(session.results.selection.current).toBe(2);
  session.results.selection.pick(1);
  session.editor.apply("Seeds", changeRun({ seeds: "3,4" }));
  await session.wishes.draw();
  session.results.selection.pick(1);
  await until(() => expect(session.results.total).toBe(4));
  expect(session.results.selection.current).toBe(1);
});

test("a result's scene goes into the editor, and the draft is one undo away", async () => {
  const { session } = await drawn("5");
  session.editor.apply("Type", setPrompt("something else"));
  await session.restoring.result(1);
  expect(session.editor.document.prompt).toBe(SAMPLE.scene.prompt);
  expect(session.editor.document.seeds).toBe("5");
  await session.editor.undo();
  expect(session.editor.document.prompt).toBe("something else");
});

test("undo of a checkpoint opens the one before again, once", async () => {
  const { main, session } = await open();
  const before = session.editor.document.model!;
  await session.checkpoint.use({ ...before, path: "/models/other" });
  session.documentChanged();
  const loads = () => main.calls.filter(({ method }) => method === "loadModel").map(({ request }) => request);
  const asked = loads().length;
  expect(loads().at(-1)).toMatchObject({ path: "/models/other" });
  while (session.editor.document.model!.path !== before.path) await session.editor.undo();
  session.documentChanged();
  session.documentChanged();
  expect(loads().slice(asked)).toEqual([before]);
});

test("B ties the marked words to a new box, or to the empty one that is selected", async () => {
  const { session } = await open();
  const { editor } = session;
  editor.textSelection = { start: 36, end: 52 };
  runCommand(session, "box.bind");
  expect(editor.document.boxes).toHaveLength(3);
  expect(editor.selectedBoxes[0]?.spans).toEqual([{ start: 36, end: 52 }]);

  // One that a composition left empty is next, whatever is selected.
  editor.apply("Add box", addBox("empty", { x: 0, y: 0, width: 0.2, height: 0.2 }));
  expect(editor.selection).not.toContain("empty");
  editor.textSelection = { start: 0, end: 5 };
  const words = editor.document.prompt.slice(0, 5).trim();
  runCommand(session, "box.bind");
  expect(editor.document.boxes).toHaveLength(4);
  expect(editor.selection).toEqual(["empty"]);
  expect(editor.boxOf("empty")?.spans).toHaveLength(1);
  expect(session.notices.list.at(-1)?.text).toBe(`“${words}” is tied to Box 4.`);
});

test("whether settings are inside is remembered, used for drags, and said once", async () => {
  const { main, session } = await drawn("1,2,3");
  const { exporting, notices, results } = session;
  const said = () => notices.list.filter(({ text }) => text.startsWith("Dragged")).length;
  await exporting.drag([1]);
  await exporting.drag([2]);
  expect(said()).toBe(1);
  await exporting.remember(false);
  await exporting.drag([1, 2]);
  expect(said()).toBe(2);
  const drags = main.calls.filter(({ method }) => method === "dragPictures").map(({ request }) => request);
  expect(drags).toMatchObject([
    { ids: [1], settings: true },
    { ids: [2], settings: true },
    { ids: [1, 2], settings: false },
  ]);
  expect(main.calls.find(({ method }) => method === "writePreferences")?.request).toEqual({ embedSettings: false });
  expect(await results.allIds()).toEqual([3, 2, 1]);
});
