/** What a project could not keep is refused when it happens, in a person's words, and what comes after it is kept. */
import { expect, test } from "vitest";
import * as v from "valibot";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { engineSchemas } from "../../src-main/api/engineMessages.ts";
import { LONGEST_PROMPT, LONGEST_SEEDS, MOST_BOXES, MOST_SEEDS, MOST_SPANS } from "../../src-main/scene/limits.ts";
import { mainSchemas } from "../../src-main/api/mainMessages.ts";
import { parseScene, serializeScene } from "../../src-main/scene/parser.ts";
import { storeSchemas } from "../../src-main/api/storeMessages.ts";
import { writeBoxes } from "../../src-renderer/state/clipboard.ts";
import { type Document, EMPTY_DOCUMENT, newBox, sceneToDraw, toDraft } from "../../src-renderer/state/document.ts";
import * as edits from "../../src-renderer/state/edits.ts";
import { Editor } from "../../src-renderer/state/editor.svelte.ts";
import { open } from "./support/drawn.ts";

const place = { x: 0.1, y: 0.1, width: 0.2, height: 0.2 };
/** As much of everything as there can be. */
const prompt = Array.from({ length: LONGEST_PROMPT / 5 }, (_, i) => String(1_000 + i))
  .join(" ")
  .padEnd(LONGEST_PROMPT, "z");
const spans = Array.from({ length: MOST_SPANS }, (_, i) => ({ start: i * 5, end: i * 5 + 4 }));
const largest = 2n ** 64n - 1n;
const fullest: Document = {
  ...EMPTY_DOCUMENT,
  prompt,
  negativePrompt: prompt,
  seeds: Array.from({ length: MOST_SEEDS }, (_, i) => String(largest - 2n * BigInt(i))).join(","),
  boxes: Array.from({ length: MOST_BOXES }, (_, i) => ({
    ...newBox({ prompt: "", boxes: [] }, { box: place, spans }, `box-${i}`),
    name: "n".repeat(80),
  })),
};

function full() {
  const told: string[] = [];
  const editor = new Editor(() => 0);
  editor.onRefused = (why) => told.push(why);
  editor.open(fullest);
  return { editor, told };
}

test("what fits in the editor is kept by the store, carried by every message, written to a scene file and read again", () => {
  const draft = toDraft(fullest);
  expect(v.safeParse(storeSchemas.saveDraft, draft).issues).toBeUndefined();
  expect(v.safeParse(mainSchemas.saveDraft, { key: "k", draft }).issues).toBeUndefined();
  const scene = sceneToDraw(fullest);
  expect(v.safeParse(storeSchemas.beginRun.entries.scene, scene).issues).toBeUndefined();
  expect(v.safeParse(engineSchemas.generate.entries.scene, scene).issues).toBeUndefined();
  expect(v.safeParse(mainSchemas.copyText, writeBoxes(fullest.boxes, prompt)).issues).toBeUndefined();
  expect(parseScene(serializeScene(scene), DEFAULT_SETTINGS).regions).toHaveLength(MOST_BOXES);
});

test.each([
  ["a box too many", edits.addBox("one", place), "64 boxes, and this would make 65"],
  ["copies of boxes", edits.pasteBoxes(fullest.boxes.slice(0, 5), ["p", "q", "r", "s", "t"]), "this would make 69"],
  [
    "a letter too many",
    edits.setPrompt(`${prompt}!`),
    "The prompt can have 20,000 characters, and this would make 20,001",
  ],
  ["a negative prompt that is too long", edits.setNegativePrompt(`${prompt}!`), "“Leave out” can have 20,000"],
  ["seeds without end", edits.changeRun({ seeds: "1".repeat(LONGEST_SEEDS + 1) }), "The list of seeds can have"],
  ["a phrase too many", edits.bindBoxes(["box-3"], { start: 500, end: 504 }), "is tied to 64 phrases"],
])("%s is refused, in words, and nothing changes", (_what, edit, words) => {
  const { editor, told } = full();
  const { document, revision } = editor;
  expect(editor.apply("Change", edit)).toBe(false);
  expect(editor.document).toBe(document);
  expect([editor.revision, editor.undoLabel]).toEqual([revision, undefined]);
  expect(told).toEqual([expect.stringContaining(words)]);
  expect(told.join()).not.toMatch(/expected|saveDraft|scene\./);
});

test("a gesture does not go beyond the limits either, and less is always allowed", () => {
  const { editor, told } = full();
  const gesture = editor.begin("Duplicate");
  gesture.preview(edits.pasteBoxes(fullest.boxes.slice(0, 1), ["copy"]));
  gesture.commit();
  expect([editor.document.boxes.length, told.length]).toEqual([MOST_BOXES, 1]);
  expect(editor.apply("Delete box", edits.removeBoxes(["box-0"]))).toBe(true);
  expect(editor.apply("Add box", edits.addBox("one", place))).toBe(true);
  expect(told).toHaveLength(1);
});

test("the window says it, and what is done after it is saved", async () => {
  const { main, session } = await open();
  const { editor, notices } = session;
  for (let i = editor.document.boxes.length; i <= MOST_BOXES; i++)
    editor.apply("Add box", edits.addBox(`b${i}`, place));
  expect(notices.list.map(({ kind, text }) => [kind, text])).toEqual([["error", expect.stringContaining("64 boxes")]]);
  editor.apply("Type", edits.setPrompt("after it"));
  await session.saving.now();
  const { scene } = (await main.store.readDraft()).draft;
  expect([session.saving.state, scene.prompt, scene.regions.length]).toEqual(["saved", "after it", 64]);
});
