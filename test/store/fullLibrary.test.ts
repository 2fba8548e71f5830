/** The app's own folder on a disk that is full, read-only or not there: no damage, and nothing that keeps the program from going on. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { startStore } from "../../src-main/store/host.ts";
import { Library } from "../../src-main/store/library.ts";
import { sampleDraft, temporaryFolder, tickingClock } from "../support/projects.ts";
import { canMount, smallDisk } from "../support/smallDisk.ts";

const model = { path: "/models/mine", provider: "cpu", memory: "auto" } as const;

function openLibrary(path: string) {
  const notes: string[] = [];
  const kept: (string | null)[] = [];
  const library = new Library(path, {
    onNote: (note) => notes.push(note),
    onKept: (why) => kept.push(why),
    clock: tickingClock(),
  });
  onTestFinished(() => library.close());
  return { library, notes, kept };
}

function begun(path: string): void {
  const { library } = openLibrary(path);
  library.writePreferences({ theme: "dark" });
  library.rememberModel(model, "mine");
  library.close();
}

describe.skipIf(!canMount)("on a full disk", () => {
  test("everything is known still, changes are kept in memory, and they are written when there is room", () => {
    const disk = smallDisk(1);
    const path = join(disk.folder, "data", "library.db");
    begun(path);
    disk.fill();
    const { library, kept } = openLibrary(path);
    expect([library.isKept, library.readPreferences(), library.knownModels().length]).toEqual([
      false,
      { theme: "dark" },
      1,
    ]);
    expect(kept).toEqual([expect.stringContaining("cannot be written: its disk is full")]);
    expect(kept[0]).toContain(join(disk.folder, "data"));
    library.writePreferences({ theme: "light" });
    library.rememberProject({ path: "/p.diorama", title: "p" });
    expect([library.readPreferences(), library.recentProjects().length]).toEqual([{ theme: "light" }, 1]);
    disk.makeRoom();
    library.forgetModel(model.path);
    expect([library.isKept, kept]).toEqual([true, [expect.any(String), null]]);
    library.close();
    const { library: next } = openLibrary(path);
    expect([next.readPreferences(), next.recentProjects().length, next.knownModels()]).toEqual([
      { theme: "light" },
      1,
      [],
    ]);
    expect(readdirSync(join(disk.folder, "data")).filter((name) => name.includes("unusable"))).toEqual([]);
  });

  test("a disk that fills up in between takes nothing away, and closing does not fail", () => {
    const disk = smallDisk(1);
    const path = join(disk.folder, "library.db");
    const { library, kept } = openLibrary(path);
    library.writePreferences({ theme: "dark" });
    disk.fill();
    for (let i = 0; library.isKept && i < 1_000; i++) library.writePreferences({ [`panel ${i}`]: "x".repeat(10_000) });
    expect([library.isKept, kept.length]).toEqual([false, 1]);
    library.writePreferences({ theme: "light" });
    expect(library.readPreferences()["theme"]).toBe("light");
    library.close();
    disk.makeRoom();
    expect(openLibrary(path).library.readPreferences()["theme"]).toBe("dark"); // as it was told
  });

  test("a store begins, works on projects elsewhere, says what it cannot keep, and ends at once", async () => {
    const disk = smallDisk(1);
    const dataFolder = join(disk.folder, "data");
    begun(join(dataFolder, "library.db"));
    disk.fill();
    const onExit = vi.fn();
    const lines: string[] = [];
    const store = startStore({ dataFolder, onExit, onLine: (line) => lines.push(line) });
    const kept: (string | null)[] = [];
    store.on("kept", ({ why }) => kept.push(why));
    const path = join(temporaryFolder(), "p.diorama");
    await store.api.createProject({ path, draft: sampleDraft(), replace: false });
    expect(await store.api.readPreferences()).toEqual({ theme: "dark" });
    await store.api.writePreferences({ theme: "light" });
    expect(await store.api.readPreferences()).toEqual({ theme: "light" });
    await vi.waitFor(() => expect(kept).toEqual([expect.stringContaining(dataFolder)]));
    expect((await store.api.recentProjects()).map((project) => project.path)).toEqual([path]);
    const begin = performance.now();
    await store.stop();
    expect(performance.now() - begin).toBeLessThan(4_000); // it was not killed
    expect(onExit).toHaveBeenCalledWith(expect.objectContaining({ code: 0, expected: true }));
  });
});

test.skipIf(!canMount)("a read-only folder is read, and what is changed stays in memory", () => {
  const disk = smallDisk(1);
  const path = join(disk.folder, "library.db");
  begun(path);
  execFileSync("mount", ["-o", "remount,ro", disk.folder]);
  const { library, kept } = openLibrary(path);
  library.writePreferences({ zoom: 2 });
  expect([library.readPreferences(), kept.length]).toEqual([{ theme: "dark", zoom: 2 }, 1]);
  library.close();
  expect(readdirSync(disk.folder)).toEqual(["library.db"]);
});

test("a folder that cannot be made is no reason not to begin", () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  const { library, kept } = openLibrary(join(file, "data", "library.db"));
  library.writePreferences({ theme: "dark" });
  expect([library.readPreferences(), kept.length]).toEqual([{ theme: "dark" }, 1]);
});

test("what is really damaged is set aside still", () => {
  const path = join(temporaryFolder(), "library.db");
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, "rubbish");
  const { library, kept } = openLibrary(path);
  expect([library.isKept, kept, existsSync(`${path}.unusable`)]).toEqual([true, [], true]);
});
