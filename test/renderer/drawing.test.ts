/** What is drawn on a wish, and what is told instead: seeds that are there already, one more, the starred again, what a run left over. */
import { expect, test } from "vitest";
import { connectApp } from "../../src-main/api/bridge.ts";
import { INTERRUPTED } from "../../src-main/api/store.ts";
import { runCommand } from "../../src-renderer/state/commands.ts";
import { toDraft } from "../../src-renderer/state/document.ts";
import { changeRun, changeSettingsOf } from "../../src-renderer/state/edits.ts";
import { Session } from "../../src-renderer/state/session.svelte.ts";
import { drawn, open, until } from "./support/drawn.ts";
import { sampleResult } from "../support/projects.ts";
import { startMain, type TestMain } from "./support/main.ts";
import { SAMPLE, SUMMARY } from "./support/painter.ts";

/** The seeds of each wish that reached main. */
const asked = (main: TestMain) =>
  main.calls.flatMap(({ method, request }) => (method === "generate" ? [(request as { seeds: string[] }).seeds] : []));

test("seeds that were drawn from this scene are told and shown; the others alone are drawn", async () => {
  const { main, session } = await drawn("1,2");
  session.editor.apply("Seeds", changeRun({ seeds: "2,3,1" }));
  await session.wishes.draw();
  expect(asked(main)).toEqual([["1", "2"], ["3"]]);
  expect(session.wishes.already).toMatchObject({ asked: 3, drawn: [{ seed: "2" }, { seed: "1" }], queued: [] });
  await session.results.reveal(session.wishes.already!.drawn);
  expect(session.view.mode).toBe("results");
  expect(session.results.selection.ids).toEqual([2, 1]);
});

test("a seed that waits in the queue is not put into it once more, unless that is wished", async () => {
  const { main, session } = await open();
  session.editor.apply("Seeds", changeRun({ seeds: "8" }));
  await session.wishes.draw();
  await session.wishes.draw();
  expect(asked(main)).toEqual([["8"]]);
  expect(session.wishes.already).toMatchObject({ asked: 1, drawn: [], queued: [{ seed: "8", alternative: null }] });
  await session.wishes.drawAgain(session.wishes.already!);
  expect(asked(main)).toEqual([["8"], ["8"]]);
});

test("another setting makes another picture, and what was told is forgotten", async () => {
  const { main, session } = await drawn("1");
  await session.wishes.draw();
  expect(session.wishes.already).toBeDefined();
  session.editor.apply("Steps", changeSettingsOf({ steps: 7 }));
  session.documentChanged();
  expect(session.wishes.already).toBeUndefined();
  await session.wishes.draw();
  expect(asked(main)).toEqual([["1"], ["1"]]);
});

test("one more is one further seed, and the seeds asked for stay as they are", async () => {
  const { main, session } = await open();
  session.editor.apply("Seeds", changeRun({ seeds: "1-3" }));
  runCommand(session, "generate.oneMore");
  await until(() => expect(asked(main)).toHaveLength(1));
  expect(asked(main)[0]).toEqual([expect.stringMatching(/^\d+$/)]);
  expect(session.editor.document.seeds).toBe("1-3");
});

test("the starred are drawn again with the settings of now; without a star that is said", async () => {
  const { main, session } = await drawn("4,5,6");
  runCommand(session, "generate.starred");
  await until(() => expect(session.notices.list.at(-1)?.text).toMatch(/^No picture is starred/));
  await session.results.marks.star([1, 3]);
  session.editor.apply("Steps", changeSettingsOf({ steps: 7 }));
  runCommand(session, "generate.starred");
  await until(() => expect(asked(main)).toHaveLength(2));
  expect(asked(main)[1]).toEqual(["4", "6"]);
});

test("what was cancelled is offered, and drawn as it was asked for", async () => {
  const { main, session } = await open();
  session.editor.apply("Seeds", changeRun({ seeds: "1-3" }));
  await session.wishes.draw();
  await session.jobs.cancelAll();
  await until(() => expect(session.jobs.leftovers).toHaveLength(1));
  const [left] = session.jobs.leftovers;
  session.editor.apply("Steps", changeSettingsOf({ steps: 7 }));
  await session.wishes.drawLeftover(left!);
  expect(session.jobs.leftovers).toEqual([]);
  const last = main.calls.findLast(({ method }) => method === "generate")!.request as {
    seeds: string[];
    scene: unknown;
  };
  expect(last.seeds).toEqual(left!.pictures.map(({ seed }) => seed));
  expect(last.scene).toEqual(left!.scene);
});

test("of a prompt with alternatives only what is not there is drawn, and what is there is told by pictures", async () => {
  const { main, session } = await open();
  session.editor.apply("Prompt", (before) => ({ ...before, prompt: "a {red|blue} house", boxes: [] }));
  session.editor.apply("Seeds", changeRun({ seeds: "1,2" }));
  const there = [
    { seed: "1", alternative: "red" },
    { seed: "2", alternative: "red" },
    { seed: "2", alternative: "blue" },
  ];
  const scene = toDraft(session.editor.document).scene;
  const how = { previewEvery: 0, attention: false, model: SAMPLE.model! };
  await main.jobs.begin({ scene, seeds: ["1", "2"], ...how, only: there });
  await main.jobs.settled();
  await session.wishes.draw();
  const wishes = () => main.calls.filter(({ method }) => method === "generate").map(({ request }) => request);
  expect(wishes()).toMatchObject([{ seeds: ["1"], only: [{ seed: "1", alternative: "blue" }] }]);
  expect(session.wishes.already).toMatchObject({ asked: 4, isOne: false, drawn: there });
});

test("after a crash, what the runs that it cut off owe is offered", async () => {
  const main = await startMain();
  const { scene } = SAMPLE;
  const run = { scene, model: SUMMARY.name, asked: 4, seeds: "1-4" };
  const cancelled = await main.store.beginRun(run);
  await main.store.endRun({ runId: cancelled.id, outcome: "cancelled", message: null });
  const cut = await main.store.beginRun(run);
  await main.store.addResult(sampleResult(cut.id, "1", scene));
  await main.store.closeProject();
  await main.project.open(main.project.state.path);
  expect(await main.store.readRun({ id: cut.id })).toMatchObject({ outcome: "cancelled", message: INTERRUPTED });
  main.says.recovered = true;
  const session = new Session(connectApp(main.bridge));
  await session.start();
  const missing = ["2", "3", "4"].map((seed) => ({ seed, alternative: null }));
  await until(() =>
    expect(session.jobs.leftovers).toMatchObject([{ runId: cut.id, why: "interrupted", asked: 4, pictures: missing }]),
  );
});

test("a picture that the project has already is told, with a way to it, and the editor stays as it is", async () => {
  const { main, session } = await drawn("1,2");
  session.editor.apply("Seeds", changeRun({ seeds: "77" }));
  const result = await main.store.readResult({ id: 1 });
  main.emit("opened", { kind: "picture", path: "/home/me/poster.png", result: { ...result, notes: [], known: true } });
  await until(() =>
    expect(session.notices.list.at(-1)?.text).toBe("poster.png is in this project already. It was not taken in again."),
  );
  expect(session.editor.document.seeds).toBe("77");
  session.notices.list.at(-1)!.action!.run();
  await until(() => expect([session.view.mode, session.results.selection.current]).toEqual(["results", 1]));
});
