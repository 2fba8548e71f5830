/** The manual is about the program as it is: its links lead somewhere, what it calls a command is one, and the messages that it explains are told. */
import { readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COMMAND_NAMES, command } from "../../src-main/api/commands.ts";
import { METHOD_ROWS } from "../../src-main/scene/methods.ts";
import { CHAPTERS, contentsHtml, picturesOf, readChapter, readManual } from "../../tools/manual.ts";
import { matching, wordsOf } from "../../src-renderer/manual/search.ts";
import { filesIn, textOf } from "../support/imports.ts";

const known = new Map(
  COMMAND_NAMES.map((name) => {
    const { label, shortcut } = command(name);
    return [label, shortcut?.replaceAll("CmdOrCtrl", "Ctrl")];
  }),
);

describe.each(CHAPTERS)("docs/%s", (page) => {
  const text = textOf(`docs/${page}`);

  test("each command that it names in bold is one, with its key", () => {
    const said = [...text.matchAll(/\*\*([^*]+?)\*\*(?: `([^`]+)`)?/g)].filter(([, label]) => !label!.endsWith("."));
    const wrong = said.filter(([, label, key]) => !known.has(label!) || (key !== undefined && known.get(label!) !== key)); // prettier-ignore
    expect(wrong.map(([one]) => one)).toEqual([]);
  });

  test("each key that it names alone is a command's, or one of the canvas", () => {
    const others = ["Ctrl+C", "Ctrl+V"];
    const keys = [...text.matchAll(/`((?:Ctrl|Alt|Shift)\+\S+|[A-Z]|F\d+|Space)`/g)].map(([, key]) => key!);
    const all = new Set([...known.values(), ...others]);
    // Those of the keyboard's page are held to the table by its own test.
    expect(page === "keyboard.md" ? [] : keys.filter((key) => !all.has(key))).toEqual([]);
  });
});

test("its links and pictures lead somewhere, and every section has an address of its own", () => {
  const chapters = readManual();
  const ids = chapters.flatMap(({ id, sections }) => [id, ...sections.map((section) => section.id)]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(contentsHtml(chapters)).toContain('<a href="#methods-ilgd">iLGD</a>');
  expect(() => readChapter("manual/x.md", "# X\n\n[y](nowhere.md)\n")).toThrow("docs/manual/x.md: nowhere.md is no chapter"); // prettier-ignore
  expect(() => readChapter("manual/x.md", "# X\n\n<b>y</b>\n\n<div></div>\n")).toThrow("HTML has no place");
  const links = chapters.flatMap(({ sections }) => sections.flatMap(({ html }) => [...html.matchAll(/href="(https:[^"]+)"/g)])); // prettier-ignore
  expect(links.length).toBeGreaterThan(5);
  for (const [, link] of links) expect(["arxiv.org", "github.com", "huggingface.co"]).toContain(new URL(link!).host);
});

test("its pictures are WebP and together below 1 MB", () => {
  const pictures = [...new Set(picturesOf())];
  for (const path of pictures) expect(readFileSync(path).toString("latin1", 8, 12)).toBe("WEBP");
  expect(pictures.reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThan(2 ** 20);
});

test("each method has a section of its own, and no other has", () => {
  const { sections } = readManual().find(({ id }) => id === "methods")!;
  const labels = Object.values(METHOD_ROWS).map(({ label }) => label);
  expect(sections.slice(2).map(({ title }) => title).toSorted()).toEqual(labels.toSorted()); // prettier-ignore
});

test("each message that troubleshooting explains is told by the program, in these words", () => {
  const sources = [...filesIn("src-main"), ...filesIn("src-renderer")].map(textOf);
  const messages = [...textOf("docs/manual/troubleshooting.md").matchAll(/^## “(.+)”$/gm)].map(
    ([, message]) => message!,
  );
  expect(messages.length).toBeGreaterThan(15);
  const untold = messages.filter((message) => {
    const pieces = message.split("…").map((piece) => piece.trim()).filter((piece) => /\w{2}/.test(piece)); // prettier-ignore
    return !sources.some((source) => pieces.every((piece) => source.includes(piece)));
  });
  expect(untold).toEqual([]);
});

test("a search finds the sections that hold all its words", () => {
  const texts = readManual().flatMap(({ sections }) => sections.map(({ id, html }) => ({ id, text: html })));
  expect(matching(texts, wordsOf("  Disk FULL resume "))).toEqual(
    new Set(["troubleshooting-the-disk-with-is-full-make-room-and-resume-the-download-what-has-come-is-kept"]),
  );
  expect(matching(texts, wordsOf("")).size).toBe(texts.length);
  expect(matching(texts, ["zzz"]).size).toBe(0);
});
