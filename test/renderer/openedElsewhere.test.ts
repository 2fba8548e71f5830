/** Which projects are offered as opened last, and what a window says when its project is opened again. */
import { expect, test } from "vitest";
import { open, until } from "./support/drawn.ts";

const project = (path: string) => ({ path, name: path, opened: "", present: true });

test("opened last is the project that was just left, and never the one that is open", async () => {
  const { main, session } = await open();
  main.recent = [project("/b.diorama"), project("/fake")];
  main.emit("changed", { what: "recent" }); // the store tells it before this window knows of its new project
  await until(() => expect(session.projects.recent.map(({ path }) => path)).toEqual(["/b.diorama"]));
  const state = main.state();
  main.emit("project", { state: { ...state, project: { ...state.project, path: "/b.diorama", key: "b" } } });
  await until(() => expect(session.project?.path).toBe("/b.diorama"));
  expect(session.projects.recent.map(({ path }) => path)).toEqual(["/fake"]);
});

test("a window whose project is opened elsewhere says that it has it", async () => {
  const { main, session } = await open();
  main.emit("opened", { kind: "project", path: "/elsewhere.diorama", here: false });
  expect(session.notices.list).toEqual([]);
  main.emit("opened", { kind: "project", path: "/fake", here: true });
  await until(() =>
    expect(session.notices.list.map(({ text }) => text)).toEqual([
      "“Untitled: a red circle and a blue square on a…” is open in this window already.",
    ]),
  );
});
