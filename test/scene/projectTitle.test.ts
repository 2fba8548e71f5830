import { expect, test } from "vitest";
import { projectTitle } from "../../src-main/scene/projectTitle.ts";

test.each([
  ["poster", "a red circle", "poster"],
  ["Untitled", "", "Untitled"],
  ["Untitled", " \n ", "Untitled"],
  ["Untitled 2", "a red circle", "Untitled 2: a red circle"],
  ["Untitled", "\n\n  a red circle\r\non white", "Untitled: a red circle"],
  [
    "Untitled",
    `a red circle and a blue square, on a white background`,
    "Untitled: a red circle and a blue square, on a…",
  ],
  [
    "Untitled",
    "a red circle and a blue square in a box, on white",
    "Untitled: a red circle and a blue square in a box…",
  ],
  ["Untitled", "赤い猫と青い犬".repeat(9), `Untitled: ${"赤い猫と青い犬".repeat(9).slice(0, 40)}…`],
  ["Untitled", "👩‍👧".repeat(60), `Untitled: ${"👩‍👧".repeat(40)}…`],
  ["Untitled 3", "بيت أحمر صغير", "Untitled 3: \u2068بيت أحمر صغير\u2069"],
  ["Untitled poem", "a red circle", "Untitled poem"],
])("a project %j with the prompt %j is called %j", (name, prompt, title) => {
  expect(projectTitle(name, prompt)).toBe(title);
});
