/** Live: one drawing and one waiting, whatever is dragged; what is seen, and when it goes; nothing of it is kept. */
import { expect, test, vi } from "vitest";
import { connectApp } from "../../src-main/api/bridge.ts";
import type { LiveReply, LiveRequest } from "../../src-main/api/live.ts";
import type { UnitBox } from "../../src-main/scene/scene.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { isEnabled, runCommand } from "../../src-renderer/state/commands.ts";
import { changeBoxes, changeRun, changeSettingsOf, setBox, setPrompt } from "../../src-renderer/state/edits.ts";
import { Latest } from "../../src-renderer/state/latest.ts";
import { Session } from "../../src-renderer/state/session.svelte.ts";
import { startMain } from "./support/main.ts";
import { SAMPLE, SUMMARY } from "./support/painter.ts";

/** Work that ends when a test says so. */
function latest() {
  const begun: number[] = [];
  const ends: ((outcome: "done" | "later") => void)[] = [];
  const work = (wish: number) => {
    begun.push(wish);
    return new Promise<"done" | "later">((resolve) => ends.push(resolve));
  };
  const one = new Latest(work, 1_000);
  const end = async (outcome: "done" | "later" = "done") => {
    ends.shift()!(outcome);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { one, begun, end };
}

test("one is at work and one waits: a newer one takes its place, and the last one is done", async () => {
  vi.useFakeTimers();
  const { one, begun, end } = latest();
  for (const wish of [1, 2, 3, 4]) one.ask(wish);
  expect(begun).toEqual([1]);
  await end();
  expect(begun).toEqual([1, 4]);
  for (const wish of [5, 6]) one.ask(wish);
  await end();
  await end();
  expect(begun).toEqual([1, 4, 6]);
  one.ask(7);
  one.ask(8);
  one.drop();
  await end();
  expect(begun).toEqual([1, 4, 6, 7]);
});

test("what could not be done is tried again a moment later, in the place where it is then", async () => {
  vi.useFakeTimers();
  const { one, begun, end } = latest();
  one.ask(1);
  await end("later");
  for (const wish of [2, 3]) one.ask(wish); // while it rests
  expect(begun).toEqual([1]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(begun).toEqual([1, 3]);
  await end("later");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(begun).toEqual([1, 3, 3]);
  one.drop();
  await end("later");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(begun).toEqual([1, 3, 3]);
  one.ask(4);
  expect(begun).toEqual([1, 3, 3, 4]);
  await end("later");
  one.drop();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(begun).toHaveLength(4);
});

const pixels = (value: number) => ({ width: 1, height: 1, data: new Uint8Array([value, 0, 0, 255]) });
const drawn = (value: number): LiveReply => ({ kind: "drawn", pixels: pixels(value), seconds: 0.4, shared: 1, steps: 12 }); // prettier-ignore

/** A window whose live pictures come when a test says so. */
async function window() {
  vi.useRealTimers();
  const main = await startMain({ ...SAMPLE, seeds: "5-8", editor: { seedMode: { kind: "list" } } });
  const asked: LiveRequest[] = [];
  const replies: { resolve: (reply: LiveReply) => void; reject: (error: Error) => void }[] = [];
  main.drawLive = (request) => {
    asked.push(request);
    return new Promise((resolve, reject) => replies.push({ resolve, reject }));
  };
  const session = new Session(connectApp(main.bridge));
  await session.start();
  await expect.poll(() => session.models.check).toBeDefined();
  const { editor, live } = session;
  // As the window does it after every change.
  const changed = () => session.documentChanged();
  const place = (x: number): UnitBox => ({ x, y: 0.3, width: 0.375, height: 0.375 });
  const drag = (...places: number[]) => {
    const gesture = editor.begin("Move");
    for (const x of places) {
      gesture.preview(setBox("circle", place(x)));
      changed();
    }
    gesture.commit();
    changed();
  };
  const inWork = (count: number) => expect.poll(() => asked.length).toBe(count);
  const answer = (reply: LiveReply) => replies.shift()!.resolve(reply);
  const xOf = (request: LiveRequest | undefined) => request?.scene.regions.find(({ id }) => id === "circle")?.box.x;
  return { main, session, editor, live, asked, inWork, answer, drag, changed, xOf, fail: (error: Error) => replies.shift()!.reject(error) }; // prettier-ignore
}

test("a box that is dragged is followed in draft steps, with the noise of the result under it, and nothing is kept", async () => {
  const { main, session, live, asked, inWork, answer, drag, xOf } = await window();
  session.editor.apply("Seeds", changeRun({ seeds: "6" }));
  await session.wishes.draw();
  await expect.poll(() => session.results.currentResult?.seed).toBe("6");
  await expect.poll(() => session.jobs.running.length).toBe(0);
  const before = await main.store.listRuns({ offset: 0, limit: 9 });

  runCommand(session, "generate.live");
  await inWork(1); // as it is
  expect(asked[0]).toMatchObject({ seed: "6", alternative: null, previewEvery: 0 });
  expect(asked[0]!.scene.settings).toMatchObject({ steps: 12, wholeEvery: 3, width: SUMMARY.defaults.width });
  expect(session.editor.document.settings.steps).toBe(50);
  drag(0.1, 0.2, 0.3, 0.4, 0.5);
  expect(asked).toHaveLength(1);
  answer(drawn(1));
  await inWork(2);
  expect(live.picture?.pixels).toEqual(pixels(1));
  expect(xOf(asked[1])).toBe(0.5);
  main.emit("live", { step: 4, secondsLeft: 0.1, preview: pixels(2) });
  expect(live.picture).toMatchObject({ pixels: pixels(2), took: undefined });
  answer(drawn(3));
  await expect.poll(() => live.picture?.took).toEqual({ seconds: 0.4, shared: 1, steps: 12 });
  session.editor.apply("Change strength", changeBoxes(["square"], { strength: 0.3 }));
  session.documentChanged();
  await inWork(3);
  answer(drawn(4));
  await expect.poll(() => live.picture?.pixels).toEqual(pixels(4));

  expect(await main.store.listRuns({ offset: 0, limit: 9 })).toEqual(before);
  expect(await main.store.listResults({ order: "newest", offset: 0, limit: 9 })).toMatchObject({ total: 1 });
  expect(main.calls.filter(({ method }) => method === "generate")).toHaveLength(1);
  expect(JSON.stringify((await main.store.readDraft()).draft.scene.settings)).toBe(JSON.stringify(session.editor.document.settings)); // prettier-ignore

  // In full: this seed alone.
  runCommand(session, "generate.drawLive");
  await expect.poll(() => session.results.total).toBe(2);
  await expect.poll(() => live.picture).toBeUndefined(); // the result is looked at now
  expect(session.results.currentResult?.seed).toBe("6");
  expect(session.editor.document.seeds).toBe("6");
});

test("switched off it stays until something changes; another word, size or result takes it away", async () => {
  const { session, editor, live, asked, inWork, answer, drag, changed } = await window();
  const shown = async (count: number) => {
    await inWork(count);
    answer(drawn(count));
    await expect.poll(() => live.picture?.pixels).toEqual(pixels(count));
  };
  await live.toggle();
  expect(asked[0]?.seed).toBe("5"); // no result: the first of the seeds
  await shown(1);
  await live.toggle();
  expect(live.picture).toBeDefined();
  editor.select(["circle"]);
  changed();
  expect(live.picture).toBeDefined();
  drag(0.2);
  expect([live.picture, asked.length]).toEqual([undefined, 1]);

  await live.toggle();
  await shown(2);
  editor.apply("Prompt", setPrompt("a red circle and a blue square on a black background"));
  changed();
  expect([live.picture, asked.length]).toEqual([undefined, 2]);
  drag(0.3);
  await shown(3);
  editor.apply("Strictness", changeSettingsOf({ eta: 2 })); // how boxes are followed
  changed();
  await shown(4);
  // What comes too late is not shown.
  drag(0.4);
  await inWork(5);
  editor.apply("Size", changeSettingsOf({ width: 128, height: 128 }));
  changed();
  answer(drawn(5));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(live.picture).toBeUndefined();
  session.results.selection.current = 99;
  drag(0.5);
  await shown(6);
  session.results.selection.current = undefined;
  expect(live.picture).toBeUndefined();
});

test("a machine that is too slow has none, and is told the seconds; the first one that shows it is stopped", async () => {
  const { main, session, live, inWork, answer, drag, asked } = await window();
  main.draftSeconds = 38.2;
  session.examine();
  await expect.poll(() => live.hindrance).toMatch(/^A draft takes about 39 s here, and 8 s at most can follow a box\./);
  expect(isEnabled(session, "generate.live")).toBe(false);
  runCommand(session, "generate.live");
  expect(live.on).toBe(false);

  main.draftSeconds = undefined; // nothing was timed yet
  session.examine();
  await expect.poll(() => live.hindrance).toBeUndefined();
  await live.toggle();
  await inWork(1);
  drag(0.2);
  main.draftSeconds = 38.2;
  main.emit("live", { step: 1, secondsLeft: 300 }); // it opened the network
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(main.calls.some(({ method }) => method === "stopLive")).toBe(false);
  main.emit("live", { step: 2, secondsLeft: 30 });
  await expect.poll(() => main.calls.some(({ method }) => method === "stopLive")).toBe(true);
  answer({ kind: "stopped" });
  await expect.poll(() => live.hindrance).toBeDefined();
  drag(0.3);
  expect([live.on, asked.length]).toEqual([true, 1]);
  expect(isEnabled(session, "generate.live")).toBe(true); // off
  expect(await main.store.readPreferences()).toMatchObject({ live: true });

  const other = new Session(connectApp(main.bridge));
  await other.start();
  expect([other.live.on, asked.length]).toEqual([true, 1]); // remembered; nothing is drawn until a box is moved
});

test("what goes wrong is told once; while the queue draws it waits, and goes on where the box is then", async () => {
  const { session, live, asked, inWork, answer, fail, drag, xOf } = await window();
  await live.toggle();
  await inWork(1);
  drag(0.2);
  answer({ kind: "later" });
  await expect.poll(() => live.waits).toBe(true);
  drag(0.6);
  await expect.poll(() => asked.length, { timeout: 3_000 }).toBe(2);
  expect(xOf(asked[1])).toBe(0.6);
  answer(drawn(2));
  await expect.poll(() => live.picture).toBeDefined();
  expect(live.waits).toBe(false);

  drag(0.1);
  await inWork(3);
  drag(0.2, 0.3);
  fail(new AppError("out-of-memory", "Memory ran out.", {}));
  await expect.poll(() => live.on).toBe(false);
  drag(0.4, 0.5);
  expect(asked).toHaveLength(3);
  expect(session.notices.errors.map(({ text }) => text)).toEqual(["Live is off: Memory ran out."]);
  await live.toggle();
  await inWork(4);
});
