/** "Same noise, one box moved": what is taken over from the editor, what is said to differ, and how the pictures come together. */
import { expect, test } from "vitest";
import type { DrawRequest } from "../../src-main/api/main.ts";
import { runCommand } from "../../src-renderer/state/commands.ts";
import { onlyLayout } from "../../src-renderer/state/compare.ts";
import { fromDraft } from "../../src-renderer/state/document.ts";
import {
  addBox,
  changeBoxes,
  changeRun,
  changeSettingsOf,
  growBoxes,
  moveBoxes,
  removeBoxes,
  setPrompt,
  type Edit,
} from "../../src-renderer/state/edits.ts";
import { changeWords, layoutChanges, withLayout } from "../../src-renderer/state/variant.ts";
import { drawn, until } from "./support/drawn.ts";
import { SAMPLE } from "./support/painter.ts";

const { scene } = SAMPLE;
const after = (...edits: Edit[]) => edits.reduce((document, edit) => edit(document), fromDraft(SAMPLE));
const changesOf = (...edits: Edit[]) => layoutChanges(scene, withLayout(scene, after(...edits)));

test("a variant has the editor's boxes, and all else of the result", () => {
  const document = after(moveBoxes(["circle"], 0.1, 0.2), changeSettingsOf({ steps: 9, method: "none" }));
  const variant = withLayout(scene, document);
  expect(variant.settings).toEqual(scene.settings);
  expect(variant.prompt).toBe(scene.prompt);
  expect(variant.regions[0]!.box.x).toBeCloseTo(0.1625);
  expect(variant.regions[1]).toEqual(scene.regions[1]);
});

test("after the prompt was changed, boxes that both have are moved, and their words are the result's", () => {
  const variant = withLayout(scene, after(setPrompt(`look: ${scene.prompt}`), moveBoxes(["square"], -0.1, 0)));
  expect(variant.regions.map(({ spans }) => spans)).toEqual(scene.regions.map(({ spans }) => spans));
  expect(changeWords(layoutChanges(scene, variant))).toBe("“blue square” was moved");
});

test("a box pasted under another id is still known by its words, unless two have them", () => {
  const renamed = {
    ...fromDraft(SAMPLE),
    prompt: `${scene.prompt}!`,
    boxes: fromDraft(SAMPLE).boxes.map((box) => ({ ...box, id: `${box.id} 2`, box: { ...box.box, y: 0 } })),
  };
  expect(layoutChanges(scene, withLayout(scene, renamed)).map(({ kind }) => kind)).toEqual(["moved", "moved"]);
  const twice = { ...renamed, boxes: [...renamed.boxes, { ...renamed.boxes[0]!, id: "third" }] };
  expect(changeWords(layoutChanges(scene, withLayout(scene, twice)))).toBe("“blue square” was moved");
});

test("what happened to each box is told apart", () => {
  expect(changesOf()).toEqual([]);
  expect(changesOf(moveBoxes(["circle"], 0.1, 0), moveBoxes(["circle"], -0.1, 0))).toEqual([]);
  const [grown] = changesOf(growBoxes(["circle"], 0.1, 0));
  expect(grown).toMatchObject({ kind: "resized", words: "red circle", before: { box: scene.regions[0]!.box } });
  expect(changeWords(changesOf(changeBoxes(["square"], { strength: 2 })))).toBe("“blue square” has another strength");
  const box = { x: 0, y: 0, width: 0.5, height: 0.2 };
  expect(
    changeWords(changesOf(removeBoxes(["circle"]), addBox("sky", box, [{ start: 36, end: 52 }]), addBox("none", box))),
  ).toBe("“white background” is new, “red circle” is gone");
});

async function begun(seeds: string) {
  const { main, session } = await drawn(seeds);
  const asked = () =>
    main.calls.filter(({ method }) => method === "generate").map(({ request }) => request as DrawRequest);
  return { session, asked };
}

test("one command draws a result again with its noise and the boxes of now, and puts the two side by side", async () => {
  const { session, asked } = await begun("7,18446744073709551615");
  const { editor, results, view } = session;
  results.selection.pick(2);
  editor.apply("Move", moveBoxes(["circle"], 0.1, 0));
  editor.apply("Steps", changeSettingsOf({ steps: 9 }));
  editor.apply("Seeds", changeRun({ seeds: "1" }));
  runCommand(session, "result.tryLayout");
  await until(() => expect(view.mode).toBe("compare"));
  expect(results.tray.ids).toEqual([2]);
  expect(session.tries.pending.map(({ seed }) => seed)).toEqual(["18446744073709551615"]);
  const { scene: variant, seeds } = asked().at(-1)!;
  expect([seeds, variant.settings]).toEqual([["18446744073709551615"], scene.settings]);
  await until(() => expect(results.tray.ids).toEqual([2, 3]));
  expect(results.selection.current).toBe(2); // the next try is of the same picture
  const all = await Promise.all(results.tray.ids.map((id) => results.details.read(id)));
  expect(onlyLayout(all, 1)).toBe("Same noise and settings as 1: “red circle” was moved.");
  expect(onlyLayout(all, 0)).toBeUndefined();
});

test("tries of one picture gather up to twelve, and the picture itself stays first", async () => {
  const { session } = await begun("7");
  for (let i = 1; i <= 13; i++) {
    session.editor.apply("Move", moveBoxes(["circle"], 0.01, 0));
    await session.tryLayout([1]);
    await until(() => expect(session.results.tray.ids).toContain(1 + i));
  }
  expect(session.results.tray.ids).toEqual([1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
});

test("several results of one run are one job; those of another run begin a new comparison", async () => {
  const { session, asked } = await begun("7,8");
  session.editor.apply("Move", moveBoxes(["circle"], 0.1, 0));
  await session.tryLayout([1, 2]);
  expect(asked().at(-1)!.seeds).toEqual(["7", "8"]);
  await until(() => expect(session.results.tray.ids).toEqual([1, 2, 3, 4]));
  session.editor.apply("Move", moveBoxes(["circle"], 0.1, 0));
  await session.tryLayout([3]);
  await until(() => expect(session.results.tray.ids).toEqual([1, 2, 3, 4, 5]));
  session.editor.apply("Seeds", changeRun({ seeds: "9,10" }));
  await session.wishes.draw();
  await until(() => expect(session.results.total).toBe(7));
  session.editor.apply("Move", moveBoxes(["circle"], 0.1, 0));
  await session.tryLayout([7]);
  await until(() => expect(session.results.tray.ids).toEqual([7, 8]));
});

test("with the layout as it was nothing is drawn, and what to do is said", async () => {
  const { session, asked } = await begun("7");
  const before = asked().length;
  await session.tryLayout([1]);
  expect(asked()).toHaveLength(before);
  expect(session.view.mode).toBe("compose");
  expect(session.notices.list.at(-1)?.text).toMatch(/Move or resize one on the canvas, then try again/);
});
