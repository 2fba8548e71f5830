/** Named versions and recent projects, as the window shows them. */
import { expect, test } from "vitest";
import { runCommand } from "../../src-renderer/state/commands.ts";
import { setPrompt } from "../../src-renderer/state/edits.ts";
import { open, until } from "./support/drawn.ts";

test("saving keeps a version, named by its time or by the person, and the project is saved", async () => {
  const { main, session } = await open();
  session.editor.apply("Type", setPrompt("a cat"));
  await session.projects.save("first idea");
  expect(main.versions[0]).toMatchObject({ name: "first idea", draft: { scene: { prompt: "a cat" } } });
  expect([session.saving, session.changed, session.project?.name]).toEqual(["saved", false, "cats"]);
  runCommand(session, "file.save");
  await until(() => expect(main.versions).toHaveLength(2));
  expect(main.versions[0]!.name).toMatch(/\d{4}/);
  session.editor.apply("Type", setPrompt("a dog"));
  session.documentChanged();
  expect(session.changed).toBe(true);
});

test("going back to a version is a step of undo, and what was there goes to the disk first", async () => {
  const { main, session } = await open();
  const { editor, projects } = session;
  editor.apply("Type", setPrompt("a cat"));
  await projects.save("cat");
  editor.apply("Type", setPrompt("a dog"));
  await projects.restore(main.versions[0]!);
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
  const project = (path: string, present: boolean) => ({ path, name: path, opened: "", present });
  main.recent = [project("/fake", true), project("/a.diorama", true), project("/gone.diorama", false)];
  main.emit("changed", { what: "recent" });
  await until(() => expect(session.projects.recent.map(({ path }) => path)).toEqual(["/a.diorama"]));
  session.editor.apply("Type", setPrompt("a cat"));
  await session.projects.openRecent("/a.diorama");
  expect(main.saved.scene.prompt).toBe("a cat");
  expect(main.calls.at(-1)).toEqual({ method: "openRecent", request: { path: "/a.diorama", where: "here" } });
});
