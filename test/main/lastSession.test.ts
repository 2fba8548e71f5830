import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { filesOf } from "../../src-main/main/arguments.ts";
import { readSession, whatToOpen, writeSession } from "../../src-main/main/lastSession.ts";

const all = () => true;
const a = { path: "/a.diorama" };
const b = { path: "/b.diorama" };

describe("what to open at the start", () => {
  test("the sample, the very first time", () => expect(whatToOpen([], undefined, all)).toEqual([{ sample: true }]));
  test("what was open last", () => expect(whatToOpen([], { clean: true, open: [a, b] }, all)).toEqual([a, b]));
  test("what a crash took away, and that it did", () =>
    expect(whatToOpen([], { clean: false, open: [a] }, all)).toEqual([{ ...a, recovered: true }]));
  test("the files asked for, and nothing else", () =>
    expect(whatToOpen([b.path], { clean: true, open: [a] }, all)).toEqual([b]));
  test("the files asked for, after what a crash took away", () =>
    expect(whatToOpen([b.path], { clean: false, open: [a, b] }, all)).toEqual([{ ...a, recovered: true }, b]));
  test("an empty project when all else is gone", () =>
    expect(whatToOpen([], { clean: true, open: [a] }, () => false)).toEqual([{ sample: false }]));
});

describe("the note of the session", () => {
  const folder = mkdtempSync(join(tmpdir(), "diorama-session-"));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "deep", "session.json");

  test("is read as it was written, and a broken one is no session", () => {
    const session = { clean: false, open: [{ path: "/a.diorama", bounds: { x: 1, y: 2, width: 3, height: 4 } }] };
    writeSession(file, session);
    expect(readSession(file)).toEqual(session);
    writeFileSync(file, '{"clean": "yes"}');
    expect(readSession(file)).toBeUndefined();
    writeFileSync(file, "{");
    expect(readSession(file)).toBeUndefined();
  });
});

test("a command line names projects and pictures, not switches or folders", () => {
  const argv = ["electron", "--no-sandbox", "/app", "--x=/y.diorama", "b.diorama", "/c.PNG", "notes.txt"];
  expect(filesOf(argv, "/home", all)).toEqual(["/home/b.diorama", "/c.PNG"]);
});

test("a file manager names files by address: those of this computer are opened, no others", () => {
  const argv = ["diorama", "file:///home/me/my%20cat%C3%A9.diorama", "file://evil.example/share/x.diorama"];
  const odd = ["file:///a%2fb.diorama", "file://%00/x.png", "https://example.com/x.diorama", "file:///x.exe"];
  const here = (path: string) => path.startsWith("/") && !path.includes("example.com");
  expect(filesOf([...argv, ...odd], "/home", here)).toEqual(["/home/me/my caté.diorama"]);
});

test("a command line cannot smuggle in a switch as a file, nor a file of another kind", () => {
  const argv = ["electron", "--inspect=x.diorama", "-x.diorama", "/etc/passwd", "/x.diorama.exe", "/x.png\0.exe"];
  expect(filesOf(argv, "/home", all)).toEqual([]);
});
