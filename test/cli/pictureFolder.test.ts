import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileStem, PictureFolder, renameNew } from "../../src-main/cli/pictureFolder.ts";

let path: string;
beforeEach(() => (path = mkdtempSync(join(tmpdir(), "diorama-folder-"))));
afterEach(() => rmSync(path, { recursive: true, force: true }));
const bytes = (text: string) => new TextEncoder().encode(text);

test("two programs that save the same name at the same time get two files", async () => {
  const folders = Array.from({ length: 8 }, () => new PictureFolder(path));
  const saved = await Promise.all(folders.map((folder, i) => folder.save("cat", bytes(`picture ${i}`))));
  expect(new Set(saved).size).toBe(8);
  expect(new Set(saved.map((file) => readFileSync(file, "utf8"))).size).toBe(8);
  expect(readdirSync(path)).toHaveLength(8);
});

test("a file system without hard links does not overwrite either", async () => {
  const noLinks = () => Promise.reject(Object.assign(new Error("not permitted"), { code: "EPERM" }));
  const [from, to] = [join(path, "from"), join(path, "to")];
  writeFileSync(from, "new");
  await renameNew(from, to, noLinks);
  expect(readFileSync(to, "utf8")).toBe("new");
  writeFileSync(from, "newer");
  await expect(renameNew(from, to, noLinks)).rejects.toMatchObject({ code: "EEXIST" });
  expect(readFileSync(to, "utf8")).toBe("new");
});

test("a forced save replaces the file in one step", async () => {
  const folder = new PictureFolder(path, { force: true });
  await folder.save("cat", bytes("old"));
  await folder.save("cat", bytes("new"));
  expect(readdirSync(path)).toEqual(["cat.png"]);
  expect(readFileSync(join(path, "cat.png"), "utf8")).toBe("new");
});

test("a save that is broken off leaves nothing", async () => {
  const folder = new PictureFolder(path);
  const saving = folder.save("cat", new Uint8Array(4_000_000)).catch(() => "broken off");
  folder.removeUnfinished();
  await saving;
  expect(readdirSync(path).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("a folder that cannot be made is refused with what to do", async () => {
  writeFileSync(join(path, "file"), "");
  const folder = new PictureFolder(join(path, "file", "deeper"));
  await expect(folder.prepare()).rejects.toMatchObject({
    code: "file-unreadable",
    message: expect.stringMatching(/Choose another folder with --out\.$/) as string,
  });
});

test("a folder that can be used is left empty", async () => {
  await new PictureFolder(join(path, "a", "b")).prepare();
  expect(readdirSync(join(path, "a", "b"))).toEqual([]);
});

test.each([
  ["two icons", "two-icons"],
  ["../../etc/passwd", "etc-passwd"],
  ["..", "scene"],
  ["猫 und Überraschung", "猫-und-Überraschung"],
  ['a:b*c?"<>|', "a-b-c"],
  ["x".repeat(300), "x".repeat(80)],
])("the scene %j is called %j", (name, stem) => {
  expect(fileStem(name)).toBe(stem);
});
