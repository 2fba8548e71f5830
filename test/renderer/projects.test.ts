/** Named versions and recent projects, as the window shows them. */
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { runCommand } from "../../src-renderer/state/commands.ts";
import { setPrompt } from "../../src-renderer/state/edits.ts";
import { open } from "./support/drawn.ts";

test("saving keeps a version, named by its time or by the person, and the project is saved", async () => {
  const { main, session } = await open();
  session.editor.apply("Type", setPrompt("a cat"));
  await session.projects.save("first idea");
  const { draft, changed } = await main.store.readDraft();
  expect([draft.scene.prompt, changed]).toEqual(["a cat", false]);
  const versions = () => main.store.listVersions();
  expect(await versions()).toMatchObject([{ name: "first idea", automatic: false }]);
  expect([session.saving.state, session.saving.changed, session.saving.project?.name]).toEqual([
    "saved",
    false,
    "cats",
  ]);
  runCommand(session, "file.save");
  await expect.poll(versions).toHaveLength(2);
  expect((await versions())[0]!.name).toMatch(/\d{4}/);
  session.editor.apply("Type", setPrompt("a dog"));
  session.documentChanged();
  expect(session.saving.changed).toBe(true);
});

test("going back to a version is a step of undo, and what was there goes to the disk first", async () => {
  const { main, session } = await open();
  const { editor, projects } = session;
  editor.apply("Type", setPrompt("a cat"));
  await projects.save("cat");
  editor.apply("Type", setPrompt("a dog"));
  await projects.restore((await main.store.listVersions())[0]!);
  const order = main.calls.map(({ method }) => method).filter((method) => /saveDraft|restoreVersion/.test(method));
  expect(order.slice(0, 2)).toEqual(["saveDraft", "restoreVersion"]);
  expect([editor.document.prompt, projects.current]).toEqual(["a cat", 1]);
  await editor.undo();
  expect(editor.document.prompt).toBe("a dog");
});

test("a version is renamed, and deleting it is a step of undo", async () => {
  const { session } = await open();
  const { editor, projects } = session;
  await projects.save("one");
  await projects.listVersions();
  await projects.rename(projects.versions[0]!, "  first  ");
  await projects.rename(projects.versions[0]!, "   ");
  expect(projects.versions.map(({ name }) => name)).toEqual(["first"]);
  await projects.delete(projects.versions[0]!);
  expect(projects.versions).toEqual([]);
  expect(editor.undoLabel).toBe("Delete version “first”");
  await editor.undo();
  expect(projects.versions.map(({ name }) => name)).toEqual(["first"]);
  await editor.redo();
  expect(projects.versions).toEqual([]);
});

test("recent projects are those that are there and not open here; the draft is saved before another is opened", async () => {
  const { main, session } = await open();
  const path = await main.openedBefore("a");
  rmSync(await main.openedBefore("gone"));
  await session.projects.listRecent();
  expect(session.projects.recent.map((project) => project.path)).toEqual([path]);
  session.editor.apply("Type", setPrompt("a cat"));
  const own = main.project.state.path;
  await session.projects.openRecent(path);
  expect(main.calls).toContainEqual({ method: "openRecent", request: { path, where: "here" } });
  expect(main.project.state.path).toBe(path);
  await main.project.open(own);
  expect((await main.store.readDraft()).draft.scene.prompt).toBe("a cat");
});
