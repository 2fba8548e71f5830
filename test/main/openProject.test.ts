/** The project of a window, in the real store: a draft goes to the project that it is of, or nowhere. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { OpenProject } from "../../src-main/main/openProject.ts";
import { startStore } from "../../src-main/store/host.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { sampleDraft, temporaryFolder } from "../support/projects.ts";

/** A window's project, and two files that it may open. */
function start() {
  const folder = temporaryFolder();
  const store = startStore({ dataFolder: join(folder, "data"), onLine: () => undefined });
  onTestFinished(() => store.stop());
  const [a, b] = ["a", "b"].map((name) => {
    const path = join(folder, `${name}.diorama`);
    ProjectFile.create(path, sampleDraft(`the cat of ${name}`)).close();
    return path;
  }) as [string, string];
  const untitled = join(folder, "untitled");
  return { folder, a, b, untitled, store, project: new OpenProject(store.api, untitled) };
}

function promptIn(path: string): string {
  const file = ProjectFile.open(path);
  const { prompt } = file.readDraft().draft.scene;
  file.close();
  return prompt;
}

test("a draft that comes while another project is being opened is not written over that one's", async () => {
  const { a, b, store, project } = start();
  await project.open(a);
  const { key } = project.state;
  const opening = project.open(b);
  const late = project.saveDraft(key, sampleDraft("typed in the project before"));
  await opening;
  await expect(late).rejects.toMatchObject({ code: "not-found", details: { what: "project", id: key } });
  await store.stop();
  expect([promptIn(a), promptIn(b)]).toEqual(["the cat of a", "the cat of b"]);
});

test("a draft on its way is kept in its project before another is opened", async () => {
  const { a, b, store, project } = start();
  await project.open(a);
  const saved = project.saveDraft(project.state.key, sampleDraft("typed at the last moment"));
  await Promise.all([saved, project.open(b)]);
  await store.stop();
  expect([promptIn(a), promptIn(b)]).toEqual(["typed at the last moment", "the cat of b"]);
});

test("a draft that comes while the project moves to another file goes there", async () => {
  const { a, b, store, project } = start();
  await project.open(a);
  const moving = project.moveTo(b, sampleDraft("typed before"));
  await project.saveDraft(project.state.key, sampleDraft("typed while it was copied"));
  await moving;
  await store.stop();
  expect([promptIn(a), promptIn(b)]).toEqual(["the cat of a", "typed while it was copied"]);
});

test("a project that cannot be opened leaves the one before, and its drafts are kept", async () => {
  const { a, folder, store, project } = start();
  await project.open(a);
  const { key } = project.state;
  await expect(project.open(join(folder, "gone.diorama"))).rejects.toMatchObject({ code: "project-invalid" });
  await project.saveDraft(key, sampleDraft("still here"));
  await store.stop();
  expect(promptIn(a)).toBe("still here");
});

test("an untitled project that nobody touched is gone when another is opened; one with a draft stays", async () => {
  const { a, untitled, project } = start();
  await project.createUntitled(sampleDraft());
  await project.open(a);
  expect(readdirSync(untitled)).toEqual([]);
  await project.createUntitled(sampleDraft());
  await project.saveDraft(project.state.key, sampleDraft("an idea"));
  await project.open(a);
  expect(readdirSync(untitled)).toEqual(["Untitled.diorama"]);
});
