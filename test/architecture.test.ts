/**
 * Who may import whom. The tables are the architecture: a folder that is not in them, or an import that they do not allow, is a
 * decision to be made, not a line to be added in passing.
 */
import { describe, expect, test } from "vitest";
import { filesIn, importsOf, textOf, type Import } from "./support/imports.ts";

/** What each folder of src-main may import of the others; `main` is that folder and the files directly in src-main. */
const mayImport: Record<string, readonly string[]> = {
  wire: [],
  scene: ["wire"],
  api: ["wire", "scene"],
  graph: ["wire"],
  sampling: ["wire", "scene"],
  image: ["wire", "scene", "api"],
  service: ["wire", "api"],
  checkpoint: ["wire", "scene", "api", "graph"],
  model: ["wire", "scene", "api", "graph", "checkpoint"],
  guidance: ["wire", "scene", "graph", "sampling", "model"],
  engine: ["wire", "scene", "api", "service", "graph", "sampling", "checkpoint", "model", "guidance", "image"],
  store: ["wire", "scene", "api", "service", "image"],
  workshop: ["wire", "scene", "api", "service", "checkpoint", "image"],
  models: ["wire", "scene", "api", "service", "checkpoint", "image"],
  remote: ["wire", "scene", "api", "service", "image", "engine", "models"],
  pool: ["wire", "scene", "api", "service", "image", "checkpoint", "model", "engine", "models"],
  cli: ["wire", "scene", "api", "image", "engine", "models", "remote", "pool"],
  server: ["wire", "scene", "api", "service", "image", "engine", "models", "cli"],
  // Of `image`, main plans a sheet and words its captions; the pixels are the workshop's.
  // Of `cli`, the packaged program offers the worker of a pool as a command.
  main: ["wire", "scene", "api", "service", "image", "engine", "store", "workshop", "models", "remote", "pool", "cli"],
};

/** Packages that only some may import; `electron` etc. may not creep into what also runs without it. */
const onlyIn: Record<string, readonly string[]> = {
  "onnxruntime-node": ["src-main/engine/"],
  "better-sqlite3": ["src-main/store/"],
  electron: ["src-main/main", "src-main/window", "src-main/preload"],
  "electron-log": ["src-main/main/"],
  fabric: ["src-renderer/canvas/"],
  bullmq: ["src-main/pool/"],
  ioredis: ["src-main/pool/"],
};

/** The ways into a service from outside its folder; everything else in there runs in the service's own process. */
const entrances: Record<string, readonly string[]> = {
  // The second for those who compose for a checkpoint that is not here: it needs no network.
  engine: ["src-main/engine/host.ts", "src-main/engine/reading.ts"],
  store: ["src-main/store/host.ts"],
  workshop: ["src-main/workshop/host.ts"],
  models: ["src-main/models/host.ts"],
  // The second for those who offer this machine's engine to others.
  remote: ["src-main/remote/host.ts", "src-main/remote/command.ts"],
};

const sources = filesIn("src-main").flatMap(importsOf);
const renderer = filesIn("src-renderer").flatMap(importsOf);
const folderOf = (file: string) => /^src-main\/([^/]+)\//.exec(file)?.[1] ?? "main";
const isOurs = (target: string) => target.startsWith("src-");
const tell = ({ file, target }: Import) => `${file} imports ${target}`;

test("there are imports to judge", () => expect(sources.length).toBeGreaterThan(50));

describe("a folder of src-main imports only what its row allows:", () => {
  const folders = [...new Set(filesIn("src-main").map(folderOf))];
  test.each(folders)("%s", (folder) => {
    const allowed = mayImport[folder];
    expect(allowed, `src-main/${folder} has no row in the table`).toBeDefined();
    const wrong = sources.filter(({ file, target }) => {
      if (folderOf(file) !== folder || !isOurs(target)) return false;
      return !target.startsWith("src-main/") || (folderOf(target) !== folder && !allowed!.includes(folderOf(target)));
    });
    expect(wrong.map(tell)).toEqual([]);
  });
});

test("the table has no cycle", () => {
  const visit = (folder: string, path: readonly string[]): void => {
    expect(path, `${path.join(" -> ")} -> ${folder}`).not.toContain(folder);
    for (const next of mayImport[folder] ?? []) visit(next, [...path, folder]);
  };
  for (const folder of Object.keys(mayImport)) visit(folder, []);
});

/** A way from a file through its imports back to itself, shortest first found; none is left out. */
function circles(files: readonly string[], imports: readonly Import[]): string[] {
  const next = Map.groupBy(
    // A component of Svelte that nests itself imports itself: that is no circle of files.
    imports.filter(({ file, target }) => files.includes(target) && !(file === target && file.endsWith(".svelte"))),
    ({ file }) => file,
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (done.has(file)) return;
    done.add(file);
    for (const { target } of next.get(file) ?? []) visit(target, [...path, file]);
  };
  for (const file of files) visit(file, []);
  return found;
}

test("no file of ours imports itself by way of others", () => {
  const all = [...sources, ...renderer];
  const files = [...filesIn("src-main"), ...filesIn("src-renderer")];
  expect(circles(files, all)).toEqual([]);
  // The graph language's wings know its middle and not each other.
  const graph = files.filter((file) => file.startsWith("src-main/graph/"));
  const wing = (file: string) => /^src-main\/graph\/(\w+)\//.exec(file)?.[1];
  const across = all.filter(({ file, target }) => graph.includes(file) && wing(target) && wing(target) !== wing(file));
  expect(across.map(tell)).toEqual([]);
});

test("a circle would be found", () => {
  const of = (file: string, target: string) => ({ file, target, typeOnly: false });
  expect(circles(["a", "b", "c"], [of("a", "b"), of("b", "c"), of("c", "b")])).toEqual(["b -> c -> b"]);
});

test("the README's map names every folder of src-main, and no other", () => {
  const map = /^## How it is made\n\n```\n([^]*?)\n```/m.exec(textOf("README.md"))?.[1] ?? "";
  const named = [...map.matchAll(/^src-main\/(\w+) /gm)].map(([, folder]) => folder);
  const folders = new Set(
    filesIn("src-main").flatMap((file) => (file.split("/").length > 2 ? [file.split("/")[1]] : [])),
  );
  expect(named.toSorted()).toEqual([...folders].toSorted());
});

test("every file of the product says in its first line what it is for", () => {
  const files = [...filesIn("src-main"), ...filesIn("src-renderer"), ...filesIn("tools"), ...filesIn("bench")];
  expect(files.filter((file) => !/^(#!.*\n)?(\/\*\*|\/\/|<!--) ?/.test(textOf(file)))).toEqual([]);
});

/** What both ends of every contract read: it must run anywhere. */
const WORDS = ["scene", "wire", "api"];

test(`${WORDS.join(", ")} import no package but valibot and jsonc-parser`, () => {
  const wrong = sources.filter(
    ({ file, target }) =>
      WORDS.includes(folderOf(file)) && !isOurs(target) && !["valibot", "jsonc-parser"].includes(target),
  );
  expect(wrong.map(tell)).toEqual([]);
});

test("a service is entered by its host alone", () => {
  const wrong = sources.filter(({ file, target }) => {
    const doors = isOurs(target) && folderOf(file) !== folderOf(target) ? entrances[folderOf(target)] : undefined;
    return doors !== undefined && !doors.includes(target);
  });
  expect(wrong.map(tell)).toEqual([]);
});

test.each(Object.keys(onlyIn))("only those who own it import %s", (name) => {
  const wrong = [...sources, ...renderer].filter(
    ({ file, target }) => target === name && !onlyIn[name]!.some((place) => file.startsWith(place)),
  );
  expect(wrong.map(tell)).toEqual([]);
});

test.each(
  Object.values(entrances)
    .flat()
    .filter((file) => filesIn("src-main").includes(file)),
)("importing %s loads no native library", (entrance) => {
  const seen = new Set([entrance]);
  for (const file of seen) {
    for (const { target, typeOnly } of sources.filter((one) => one.file === file)) if (!typeOnly) seen.add(target);
  }
  expect(["onnxruntime-node", "better-sqlite3"].filter((name) => seen.has(name))).toEqual([]);
});

test(`the window imports nothing of src-main but ${WORDS.join(", ")}`, () => {
  const wrong = renderer.filter(({ target }) => target.startsWith("src-main/") && !WORDS.includes(folderOf(target)));
  expect(wrong.map(tell)).toEqual([]);
});

test("what is shown knows what it shows, and not the whole session", () => {
  const parts = renderer.filter(({ file }) => /^src-renderer\/(panels|canvas)\//.test(file));
  expect(parts.length).toBeGreaterThan(100);
  const wrong = parts.filter(({ target }) => target === "src-renderer/state/session.svelte.ts");
  expect(wrong.map(tell)).toEqual([]);
});

test("the window imports nothing of Node", () => {
  expect(renderer.filter(({ target }) => target.startsWith("node:")).map(tell)).toEqual([]);
});

const everything = ["src-main", "src-renderer", "test", "tools", "bench"].flatMap((folder) => filesIn(folder));

test("no file has more than 400 lines", () => {
  const long = everything.filter(
    (file) =>
      textOf(file)
        .split("\n")
        .filter((line) => line.trim()).length > 400,
  );
  expect(long).toEqual([]);
});

test("only tools/electron knows of package registries", () => {
  const registry = /registry\.npmjs|registry\.yarnpkg|npm pack\b|api\.nuget\.org/;
  const allowed = (file: string) => file.startsWith("tools/electron/") || file === "test/architecture.test.ts";
  const wrong = everything.filter((file) => !allowed(file) && registry.test(textOf(file)));
  expect(wrong).toEqual([]);
});
