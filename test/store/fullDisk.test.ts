/** Disks that are full: the right one is named, a project can always be left and saved elsewhere, and nothing unusable is left. */
import { readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startStore } from "../../src-main/store/host.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import {
  newProject,
  sampleDraft,
  samplePixels,
  sampleResult,
  sampleScene,
  temporaryFolder,
} from "../support/projects.ts";
import { canMount, smallDisk } from "../support/smallDisk.ts";

function start() {
  const folder = temporaryFolder();
  const lines: string[] = [];
  const store = startStore({ dataFolder: join(folder, "data"), onLine: (line) => lines.push(line) });
  onTestFinished(() => store.stop());
  return { folder, api: store.api, store, lines };
}

function draftIn(path: string): string {
  const file = ProjectFile.open(path);
  onTestFinished(() => file.close());
  return file.readDraft().draft.scene.prompt;
}

/** A picture that does not get smaller by packing, of 4 bytes a pixel. */
function noise(runId: number, seed: string, side: number) {
  const data = new Uint8Array(side * side * 4);
  for (let i = 0, x = 1; i < data.length; i++) data[i] = x = (x * 1103515245 + 12345) & 0x7fffffff;
  return { ...sampleResult(runId, seed), pixels: { ...samplePixels(), width: side, height: side, data } };
}

describe.skipIf(!canMount)("a full disk", () => {
  test("is named as the one that is full: the copy's, not the project's", () => {
    const project = newProject();
    const { folder, fill } = smallDisk();
    fill();
    const copy = join(folder, "copy.diorama");
    expect(() => project.guard(() => project.copyTo(copy, true))).toThrow(`The disk with ${copy} is full.`);
    expect(readdirSync(folder)).toEqual(["ballast"]);
  });

  test("keeps no project from being saved elsewhere, with the draft that it has no room for", async () => {
    const { api, folder: elsewhere } = start();
    const { folder, fill } = smallDisk();
    const path = join(folder, "cats.diorama");
    await api.createProject({ path, draft: sampleDraft(), replace: false });
    const run = await api.beginRun({ scene: sampleScene(), model: "demo", asked: 1 });
    const result = await api.addResult(sampleResult(run.id, "1"));
    fill();
    const draft = sampleDraft(`an hour of work ${"and more of it ".repeat(1_000)}`);
    await expect(api.saveDraft(draft)).rejects.toMatchObject({
      message: expect.stringContaining(`The disk with ${path} is full`) as string,
    });
    const copy = join(elsewhere, "copy.diorama");
    await api.copyProject({ path: copy, replace: true, draft });
    await expect(api.openProject({ path: copy })).resolves.toMatchObject({ path: copy, results: 1, notes: [] });
    expect((await api.readDraft()).draft).toEqual(draft);
    expect(await api.readPicture({ id: result.id, size: "full" })).toHaveLength(result.bytes);
  });

  test("keeps no project from being left for another, which is not locked afterwards", async () => {
    const { api, folder: elsewhere } = start();
    const other = join(elsewhere, "other.diorama");
    ProjectFile.create(other, sampleDraft("another")).close();
    const { folder, fill, makeRoom } = smallDisk();
    const path = join(folder, "cats.diorama");
    await api.createProject({ path, draft: sampleDraft(), replace: false });
    const run = await api.beginRun({ scene: sampleScene(), model: "demo", asked: 1 });
    const { id } = await api.addResult(noise(run.id, "1", 400));
    await api.markResults({ ids: [id], state: "binned" });
    await api.emptyBin();
    fill();
    await expect(api.openProject({ path: other })).resolves.toMatchObject({ path: other });
    await expect(api.currentProject()).resolves.toMatchObject({ path: other });
    await api.closeProject();
    expect(draftIn(other)).toBe("another");
    makeRoom();
    await expect(api.openProject({ path })).resolves.toMatchObject({ path, results: 0 });
  });

  test("keeps no project from being opened, also after a crash, and says that nothing can be saved", async () => {
    const { api, store } = start();
    const { folder, fill, makeRoom } = smallDisk();
    const path = join(folder, "cats.diorama");
    await api.createProject({ path, draft: sampleDraft(), replace: false });
    const run = await api.beginRun({ scene: sampleScene(), model: "demo", asked: 1 });
    await api.addResult(sampleResult(run.id, "1"));
    fill();
    process.kill(store.pid!, "SIGKILL");
    await expect.poll(() => store.pid, { timeout: 20_000 }).toBeUndefined();
    expect((await api.readDraft()).draft).toEqual(sampleDraft());
    const { notes, results } = (await api.currentProject())!;
    expect([results, notes.at(-1)]).toEqual([
      1,
      `The disk with ${path} is full: nothing can be saved there until there is room.`,
    ]);
    makeRoom();
    await api.saveDraft(sampleDraft("a dog"));
  });

  test("leaves no file of a project that could not be made", async () => {
    const { api } = start();
    const { folder, fill, makeRoom } = smallDisk();
    const path = join(folder, "cats.diorama");
    const make = () => api.createProject({ path, draft: sampleDraft(), replace: false });
    fill(8_192);
    await expect(make()).rejects.toMatchObject({
      message: expect.stringContaining(`The disk with ${path} is full`) as string,
    });
    expect(readdirSync(folder)).toEqual(["ballast"]);
    makeRoom();
    await expect(make()).resolves.toMatchObject({ path });
  });

  test("under a project that was deleted: not called saved, and all is kept until there is room", async () => {
    const { api, folder: elsewhere } = start();
    const { folder, fill } = smallDisk();
    const path = join(folder, "cats.diorama");
    await api.createProject({ path, draft: sampleDraft(), replace: false });
    const run = await api.beginRun({ scene: sampleScene(), model: "demo", asked: 1 });
    await api.addResult(noise(run.id, "1", 600));
    unlinkSync(path);
    fill();
    await expect(api.saveDraft(sampleDraft("a dog"))).rejects.toMatchObject({
      message: expect.stringMatching(/is not there any more.*is full.*save a copy/) as string,
    });
    const copy = join(elsewhere, "copy.diorama");
    await api.copyProject({ path: copy, replace: false });
    await api.openProject({ path: copy });
    expect((await api.readDraft()).draft.scene.prompt).toBe("a dog");
  });
});
