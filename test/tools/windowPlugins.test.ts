/** What is done to the window's modules when it is built: icons draw what the library's do, scripts are ASCII and mean the same. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chunkGroups, fromItsOwnStart, iconSource, inAscii } from "../../tools/windowPlugins.ts";
import { ROOT } from "../support/imports.ts";

const ICONS = join(ROOT, "node_modules/@lucide/svelte/dist/icons");
const RENDERER = join(ROOT, "src-renderer");

const sources = readdirSync(RENDERER, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.(svelte|ts)$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(RENDERER, file), "utf8") }));

describe("icons", () => {
  const used = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/import (\w+) from "@lucide\/svelte\/icons\/([\w-]+)"/g)].map(([, name = "", icon = ""]) => ({
      ...{ file, text, name, icon },
    })),
  );

  test("keep all of their lines", () => {
    expect(used.length).toBeGreaterThan(100);
    for (const icon of new Set(used.map((one) => one.icon))) {
      const script = readFileSync(join(ICONS, `${icon}.js`), "utf8");
      const library = readFileSync(join(ICONS, /from "(.*\.svelte)"/.exec(script)![1]!), "utf8"); // some have two names
      const drawn = iconSource(icon, library);
      const subpaths = (text: string) =>
        [...text.matchAll(/ d="([^"]*)"/g)].flatMap(([, d = ""]) => d.match(/[Mm]/g) ?? []);
      const inLibrary = [...library.matchAll(/"d": "([^"]*)"/g)].flatMap(([, d = ""]) => d.match(/[Mm]/g) ?? []);
      expect(subpaths(drawn), icon).toHaveLength(inLibrary.length);
      for (const tag of ["circle", "rect", "line", "ellipse", "polyline", "polygon"]) {
        expect(drawn.split(`<${tag} `).length, `${icon}: ${tag}`).toBe(library.split(`["${tag}", `).length);
      }
    }
  });

  test("are given nothing that their markup knows nothing of", () => {
    const known = new Set(["size", "fill", "class", "aria-label", "aria-hidden"]);
    for (const { file, text, name } of used) {
      for (const [, given = ""] of text.matchAll(new RegExp(`<${name}\\s([^>]*?)/>`, "g"))) {
        if (given.includes("{editor}")) continue; // a panel of the same name in another file's import
        const names = given.replaceAll(/\{[^}]*\}|"[^"]*"/g, "").match(/[\w-]+/g) ?? [];
        expect(
          names.filter((one) => !known.has(one)),
          `${name} in ${file}`,
        ).toEqual([]);
      }
    }
  });

  test("that are written another way than expected are refused by name", () => {
    expect(() => iconSource("star", "<svg />")).toThrow("The icon star");
  });
});

test("a path after another begins where it began alone", () => {
  expect(fromItsOwnStart("m6 9 6 6 6-6")).toBe("M6 9l6 6 6-6");
  expect(fromItsOwnStart("m10.065 12.493-6.18 1.318a1 1 0 0 1-2-.7")).toBe("M10.065 12.493l-6.18 1.318a1 1 0 0 1-2-.7");
  expect(fromItsOwnStart("m.5-.5h3")).toBe("M.5 -.5h3");
  expect(fromItsOwnStart("M3 3v18h18")).toBe("M3 3v18h18");
});

test("a script in ASCII means the same", () => {
  const code = 'const of = { "naïve": "1 – 2…", deep: `×${"😀"}\\–\\\\–`, like: /[–…]+/u }; of';
  const ascii = inAscii(code);
  expect(ascii).toMatch(/^[\0-\x7f]+$/);
  const run = (text: string) => (0, eval)(text) as { like: RegExp };
  const [before, after] = [run(code), run(ascii)];
  expect({ ...after, like: 0 }).toEqual({ ...before, like: 0 });
  expect(after.like.test("…")).toBe(true);
});

test("no script of the window takes its words raw where they are not ASCII", () => {
  for (const { file, text } of sources) expect(text.match(/String\.raw`[^`]*[^\0-\x7f`][^`]*`/), file).toBeNull();
});

test("what several views share is one file, and what two pages share another", () => {
  const imports: Record<string, string[]> = {
    "main.html": ["main", "both"],
    "other.html": ["other", "both"],
    ...{ main: ["state"], view: ["state", "part"], dialog: ["part"] },
  };
  const graph = { getModuleInfo: (id: string) => ({ importedIds: imports[id] ?? [] }) };
  const names = (id: string) => chunkGroups("main.html", "other.html").flatMap(({ name }) => name(id, graph) ?? []);
  expect(["main", "state", "both", "other", "part", "view"].map((id) => names(id).join())).toEqual([
    "window",
    "window",
    "both",
    "",
    "shared",
    "shared",
  ]);
});
