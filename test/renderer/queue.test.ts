/** The queue in the window: its rows, what a person does to the order, and Undo of each. */
import { expect, test } from "vitest";
import { connectApp } from "../../src-main/api/bridge.ts";
import { changeRun } from "../../src-renderer/state/edits.ts";
import { Session } from "../../src-renderer/state/session.svelte.ts";
import { startMain } from "./support/main.ts";

/** A paused queue of two runs, of three seeds and of two. */
async function paused() {
  const main = await startMain();
  const session = new Session(connectApp(main.bridge));
  await session.start();
  const { queue, editor } = session;
  await queue.pause(true);
  await expect.poll(() => queue.paused).toBe(true);
  for (const seeds of ["1-3", "4,5"]) {
    editor.apply("Seeds", changeRun({ seeds }));
    await session.wishes.draw();
  }
  await expect.poll(() => queue.rows.length).toBe(2);
  const seeds = () => queue.pictures.map(({ seed }) => seed).join("");
  const shows = (order: string) => expect.poll(seeds).toBe(order);
  return { main, session, queue, editor, shows };
}

test("rows are moved, also one picture of a run, and Undo and Redo follow", async () => {
  const { queue, editor, shows } = await paused();
  await shows("12345");
  await queue.moveBy(queue.rows[1]!, -1);
  await shows("45123");
  expect(editor.undoLabel).toBe("Move in the queue");
  await queue.moveToFront({ jobId: queue.rows[1]!.what.jobId, index: 2 });
  await shows("34512");
  await queue.moveBy(queue.rows[0]!, 1);
  await shows("45312");
  await editor.undo();
  await shows("34512");
  await editor.undo();
  await shows("45312");
  await editor.undo();
  await shows("31245"); // it keeps a place of its own
  await editor.redo();
  await shows("34512");
});

test("what is cancelled comes back to its place by Undo, a picture and a whole run", async () => {
  const { main, session, queue, editor, shows } = await paused();
  const [first] = queue.rows;
  await queue.cancel(first!, first!.pictures[1]);
  await shows("1345");
  expect(session.notices.doings.at(-1)).toMatchObject({ text: "1 picture is not drawn.", action: { label: "Undo" } });
  await editor.undo();
  await shows("12345");
  await queue.cancel(queue.rows[0]!);
  await shows("45");
  expect(session.jobs.leftovers).toEqual([]);
  await editor.undo();
  await shows("12345");
  expect((await main.store.listRuns({ offset: 0, limit: 9 })).runs).toHaveLength(2); // as the same run
  await editor.redo();
  await shows("45");
});

test("what is held waits while others are drawn, and the time left is of the others", async () => {
  const { main, queue, editor, shows } = await paused();
  await queue.hold(queue.rows[0]!.what, true);
  await expect.poll(() => queue.rows[0]!.held).toBe(true);
  expect(queue.first?.id).toBe(queue.rows[1]!.id);
  await editor.undo();
  await expect.poll(() => queue.rows[0]!.held).toBe(false);
  await editor.redo();
  await queue.pause(false);
  await shows("123");
  expect([main.jobs.areRunning, main.jobs.areDrawing, queue.secondsLeft]).toEqual([true, false, 0]);
});

test("pictures side by side take as long as the one that takes longest, and come first", async () => {
  const { main, queue } = await paused();
  const [first, second] = main.jobs.list();
  const { jobId } = first!;
  const seconds = { [jobId]: 10, [second!.jobId]: 7 };
  main.emit("queue", { ...main.jobs.queue, seconds });
  await expect.poll(() => queue.secondsLeft).toBe(3 * 10 + 2 * 7);
  const drawing = [1, 2].map((index) => ({ index, state: "drawing" as const, result: null }));
  main.emit("job", { jobId, outcome: "running", error: null, waitsFor: null, pictures: drawing });
  for (const [index, pictureSecondsLeft] of [
    [1, 5],
    [2, 4],
  ] as const) {
    const told = { jobId, seed: String(index + 1), index, step: 1, steps: 2, elapsed: 5 };
    main.emit("step", { ...told, pictureSecondsLeft, queueSecondsLeft: 29, obedience: {} });
  }
  await expect.poll(() => queue.rows.map(({ secondsLeft }) => secondsLeft)).toEqual([5 + 10, 2 * 7]);
  expect(queue.secondsLeft).toBe(5 + 10 + 2 * 7);
  expect(queue.pictures.map(({ seed }) => seed).join("")).toBe("23145");
});
