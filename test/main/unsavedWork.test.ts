/** What could not be saved when a project was left: kept, offered, and given back to whoever opens that project. */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { OpenProject } from "../../src-main/main/openProject.ts";
import { UnsavedWork } from "../../src-main/main/unsavedWork.ts";
import { startStore } from "../../src-main/store/host.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { sampleDraft, sampleResult, temporaryFolder } from "../support/projects.ts";

function start() {
  const folder = temporaryFolder();
  const [a, b, other] = ["a.diorama", "b.diorama", "other.diorama"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [a, b, other]) ProjectFile.create(path, sampleDraft(path)).close();
  const store = startStore({ dataFolder: join(folder, "data"), onLine: () => undefined });
  onTestFinished(() => store.stop());
  const project = new OpenProject(store.api, join(folder, "untitled"));
  store.on("place", (place) => project.placed(place.project));
  return { folder, a, b, other, store, project };
}

const draftIn = (path: string) => {
  const file = ProjectFile.open(path);
  const { prompt } = file.readDraft().draft.scene;
  file.close();
  return prompt;
};

test("is kept by what the project is, whatever path leads to it, and given once", () => {
  const { folder, a } = start();
  const told: string[][] = [];
  const unsaved = new UnsavedWork((projects) => told.push(projects.map(({ name }) => name)));
  unsaved.keep({ path: a, name: "a", draft: undefined, pictures: [] }); // nothing
  unsaved.keep({ path: a, name: "a", draft: sampleDraft("one"), pictures: [sampleResult(1, "5")] });
  unsaved.keep({ path: a, name: "a", draft: sampleDraft("two"), pictures: [sampleResult(1, "6")] });
  symlinkSync(folder, join(folder, "link"));
  const kept = unsaved.take(join(folder, "link", "a.diorama"))!;
  expect([kept.draft, kept.pictures.map(({ seed }) => seed)]).toEqual([sampleDraft("two"), ["5", "6"]]);
  expect(unsaved.take(a)).toBeUndefined();
  expect(told).toEqual([["a"], ["a"], []]);
});

test("a draft that could not be saved is given to whoever leaves the project for another", async () => {
  const { a, b, other, project } = start();
  await project.open(a);
  renameSync(other, a);
  await expect(project.saveDraft(project.state.key, sampleDraft("an hour"))).rejects.toMatchObject({
    message: /different file/,
  });
  expect(project.state.trouble?.kind).toBe("replaced");
  expect(await project.open(b)).toEqual(sampleDraft("an hour"));
  expect([project.unsaved, project.state.trouble]).toEqual([undefined, null]);
});

test("saving as takes the draft along and writes nothing to the project itself", async () => {
  const { a, b, folder, store, project } = start();
  await project.open(a);
  const copy = join(folder, "copy.diorama");
  expect(await project.moveTo(copy, sampleDraft("in the copy"))).toBeNull();
  await project.open(b);
  await store.stop();
  expect([draftIn(copy), draftIn(a)]).toEqual(["in the copy", a]);
});

test("saving as over the other version, once a person said so, goes on in the path that it had", async () => {
  const { a, other, store, project } = start();
  await project.open(a);
  renameSync(other, a);
  await project.moveTo(a, sampleDraft("mine again"));
  expect(project.state).toMatchObject({ path: a, trouble: null });
  await project.saveDraft(project.state.key, sampleDraft("mine and more"));
  await store.stop();
  expect(draftIn(a)).toBe("mine and more");
});

test("of a project that is lost with the store's process, the draft is saved as, and it is said that this is all", async () => {
  const { folder, a, other, store, project } = start();
  await project.open(a);
  renameSync(other, a);
  process.kill(store.pid!, "SIGKILL");
  await expect.poll(() => store.pid, { timeout: 20_000 }).toBeUndefined();
  const lost = { message: expect.stringMatching(/is another file now/) as string };
  await expect(project.saveDraft(project.state.key, sampleDraft("an hour"))).rejects.toMatchObject(lost);
  const copy = join(folder, "copy.diorama");
  expect(await project.moveTo(copy, sampleDraft("an hour"))).toMatch(
    /is another file now.*is saved in .*copy\.diorama; earlier pictures and versions are not in it/,
  );
  expect(project.state.path).toBe(copy);
  await store.stop();
  expect(draftIn(copy)).toBe("an hour");
  expect(draftIn(a)).not.toBe("an hour");
});

test("a project that was renamed is opened under its new name after the store's process died", async () => {
  const { folder, a, store, project } = start();
  await project.open(a);
  renameSync(a, join(folder, "c.diorama"));
  await store.api.currentProject();
  process.kill(store.pid!, "SIGKILL");
  await expect.poll(() => store.pid, { timeout: 20_000 }).toBeUndefined();
  await project.saveDraft(project.state.key, sampleDraft("an hour"));
  expect(project.state).toMatchObject({ name: "c" });
  await store.stop();
  expect(draftIn(join(folder, "c.diorama"))).toBe("an hour");
  expect(existsSync(a)).toBe(false);
  rmSync(join(folder, "c.diorama"));
  expect(readdirSync(folder).filter((name) => name.startsWith("c."))).toEqual([]);
});

test("of a project that is damaged, what is in the window is saved as", async () => {
  const { folder, a, store, project } = start();
  await project.open(a);
  const bytes = readFileSync(a);
  const page = bytes.indexOf("CREATE TABLE picture") - (bytes.indexOf("CREATE TABLE picture") % 4096);
  const file = openSync(a, "r+");
  onTestFinished(() => closeSync(file));
  writeSync(file, Buffer.alloc(3_000, 0xab), 0, 3_000, page + 100);
  const copy = join(folder, "copy.diorama");
  expect(await project.moveTo(copy, sampleDraft("an hour"))).toMatch(/a\.diorama .*What was in the window is saved in/);
  await store.stop();
  expect(draftIn(copy)).toBe("an hour");
});
