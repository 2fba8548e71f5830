/** Which projects are offered as opened last, and what a window says when its project is opened again. */
import { expect, test } from "vitest";
import { open, until } from "./support/drawn.ts";
import { SAMPLE } from "./support/painter.ts";

test("opened last is the project that was just left, and never the one that is open", async () => {
  const { main, session } = await open();
  const listed = () => session.projects.recent.map(({ path }) => path);
  const own = await main.openedBefore("own");
  await main.project.open(own); // no untitled one, which would go when it is left
  main.emit("project", { state: await main.state() });
  await until(() => expect(session.saving.project?.path).toBe(own));
  const path = main.pathOf("b");
  // The store tells what was opened last before this window knows of its new project.
  await main.store.createProject({ path, draft: SAMPLE, replace: false });
  await until(() => expect(listed()).toEqual([path]));
  await main.project.open(path);
  main.emit("project", { state: await main.state() });
  await until(() => expect(session.saving.project?.path).toBe(path));
  await until(() => expect(listed()).toEqual([own]));
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
