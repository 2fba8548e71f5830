/** What is kept of a project besides its pictures: drafts in the project they belong to, named versions, the projects opened last. */
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { answer } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { boxes, compose, prompt, saved, undo } from "./window.ts";

const title = (page: Page) => page.getByRole("heading", { level: 1 }).getByRole("button");
const dialog = (page: Page) => page.getByRole("dialog", { name: "Versions" });
const versions = (page: Page) => dialog(page).getByRole("list", { name: "Versions" }).getByRole("listitem");

describe.skipIf(!electron)("what is kept", { timeout: 120_000 }, () => {
  const folder = sharedFolder();
  const running = sharedApp();
  let first: string;
  beforeAll(() => {
    first = folder("first.diorama");
  });

  test("named versions are saved from the menu, gone back to without losing the draft, renamed and deleted", async () => {
    const { app, page } = running();
    await compose(page, { prompt: "a red circle", boxes: [["red circle", [0.1, 0.1, 0.4, 0.4]]] });
    await answer(app, "showSaveDialog", [first]);
    await title(page).click();
    await page.getByRole("menuitem", { name: "Versions" }).click();
    await dialog(page).getByText("No version yet.").waitFor();
    await dialog(page).getByRole("textbox", { name: "Name of a new version" }).fill("one circle");
    await page.keyboard.press("Enter");
    await expect
      .poll(() => versions(page).allTextContents())
      .toEqual([expect.stringMatching(/^\s*one circle.*as it is now/s)]);
    await expect.poll(() => title(page).textContent()).toContain("first");
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });

    await prompt(page).fill("a red circle and a green star");
    await boxes(page).first().focus();
    await page.keyboard.press("Delete");
    await expect.poll(() => boxes(page).count()).toBe(0);
    await saved(page).waitFor();
    await title(page).click();
    await page.getByRole("menuitem", { name: "Versions" }).click();
    await expect.poll(() => versions(page).first().textContent()).toContain("the draft grew from it");
    await dialog(page).getByRole("button", { name: "Go back to “one circle”" }).click();
    await expect.poll(() => prompt(page).inputValue()).toBe("a red circle");
    await expect.poll(() => boxes(page).count()).toBe(1);
    // What was there before has become a version, and is one undo away.
    await expect.poll(() => versions(page).count()).toBe(2);
    expect(await versions(page).first().textContent()).toContain("kept by Diorama");

    const rename = dialog(page).getByRole("button", { name: "Rename “one circle”" });
    await rename.click();
    await dialog(page).getByRole("textbox", { name: "Name of the version" }).fill("the circle");
    await page.keyboard.press("Enter");
    await expect.poll(() => versions(page).last().textContent()).toContain("the circle");
    await dialog(page).getByRole("button", { name: "Delete “the circle”" }).click();
    await expect.poll(() => versions(page).count()).toBe(1);
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    await undo(page).click(); // of the deletion
    await expect.poll(async () => (await apiOf(page).listVersions()).map(({ name }) => name)).toContain("the circle");
    await undo(page).click();
    await expect.poll(() => prompt(page).inputValue()).toBe("a red circle and a green star");
    expect(await boxes(page).count()).toBe(0);
    await saved(page).waitFor();
  });

  test("what was typed last stays in its project, however fast one goes on to the next, and is there when one comes back", async () => {
    const { page } = running();
    const api = apiOf(page);
    const { project } = await api.windowState();
    const last = "the last words of the first project";
    await prompt(page).fill(last);
    // Nothing waits here: the words are not saved yet.
    await page.keyboard.press("Control+n");
    await expect.poll(() => title(page).textContent()).toContain("Untitled");
    await expect.poll(() => prompt(page).inputValue()).toBe("");
    expect((await api.readDraft()).draft.scene.prompt).toBe("");

    // A draft of the project that is gone is refused, and the one here stays as it is.
    const { draft } = await api.readDraft();
    const late = api.saveDraft({ key: project.key, draft: { ...draft, seeds: "77" } });
    await expect(late).rejects.toMatchObject({ code: "not-found" });
    expect((await api.readDraft()).draft.seeds).not.toBe("77");

    await title(page).click();
    await page.getByRole("menuitem", { name: "first" }).click();
    await expect.poll(() => title(page).getAttribute("title")).toBe(first);
    await expect.poll(() => prompt(page).inputValue()).toBe(last);
  });
});
