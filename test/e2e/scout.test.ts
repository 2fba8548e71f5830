/** Seeds are scouted, the best of them finished by click, key and rule; what was cut off goes on after a kill. */
import { mkdir, readdir } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { answer } from "./dialogs.ts";
import { apiOf } from "./driver.ts";
import { electron, launch } from "./harness.ts";
import { sharedApp, sharedFolder } from "./shared.ts";
import { attributes, card, compose, DRAWING_LIMIT, open, results, saved, undo, view } from "./window.ts";

const BOXES = [
  ["red circle", [0.06, 0.31, 0.38, 0.38]],
  ["blue square", [0.56, 0.31, 0.38, 0.38]],
] as [string, [number, number, number, number]][];
const scoutButton = (page: Page) => page.getByRole("button", { name: /^Scout \d+$/ });
const scoutedCards = (page: Page) => results(page).and(page.getByRole("option", { name: /only scouted, to step/ }));
const scouts = (page: Page) => page.getByRole("group", { name: "Scouted pictures" });
const idle = (page: Page) => page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached" });
const query = { order: "seed", offset: 0, limit: 50 } as const;
const scoutedSeeds = async (page: Page) =>
  (await apiOf(page).listResults({ ...query, scouted: true })).results.map(({ seed }) => seed);

async function scout(page: Page, count: number): Promise<void> {
  await page.keyboard.press("Alt+Enter");
  await expect.poll(() => scoutedCards(page).count(), { timeout: DRAWING_LIMIT }).toBe(count);
  await idle(page);
}

/** Pictures that the browser would let be dragged out as they are, whatever they show. */
const loosePictures = (page: Page) =>
  page.locator("img").evaluateAll((all) => {
    const here = globalThis as unknown as { getComputedStyle(one: unknown): Record<string, string> };
    return all.filter((one) => here.getComputedStyle(one)["webkitUserDrag"] !== "none").length;
  });

describe.skipIf(!electron)("scouting", { timeout: DRAWING_LIMIT }, () => {
  const folder = sharedFolder();
  const running = sharedApp();

  test("draws each seed to a step; finished by a click, a key and a rule, the others look different, and none is exported", async () => {
    const { app, page } = running();
    const api = apiOf(page);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await compose(page, { seeds: "1-5", boxes: BOXES, steps: 6 });
    await expect.poll(() => scoutButton(page).textContent()).toContain("Scout 5");
    const step = page.getByRole("spinbutton", { name: "Step to scout to" });
    await step.fill("3");
    await step.press("Enter");
    await step.blur();
    await scout(page, 5);
    await expect.poll(() => card(page, 3).getAttribute("aria-label")).toContain("only scouted, to step 3");
    expect((await api.stateRoom()).pictures).toBe(5);
    expect(await findings(page, "scouted, in the strip")).toEqual([]);

    // By a click on its card.
    await card(page, 5).hover();
    await card(page, 5).locator('[data-action="finish"]').click();
    await expect.poll(() => scoutedSeeds(page), { timeout: DRAWING_LIMIT }).toEqual(["1", "2", "3", "4"]);
    // By a key, the same on the sheet.
    await view(page, "Results").click();
    await card(page, 4).click();
    await page.keyboard.press("f");
    await expect.poll(() => scoutedSeeds(page), { timeout: DRAWING_LIMIT }).toEqual(["1", "2", "3"]);
    await idle(page);
    // By a rule.
    const before = await api.listResults({ ...query, order: "obedience", scouted: true });
    await scouts(page).locator("[aria-haspopup=listbox]").click();
    await page.getByRole("option", { name: "the best 2" }).click();
    await scouts(page).getByRole("button", { name: "Finish" }).click();
    const left = before.results.slice(2).map(({ seed }) => seed);
    await expect.poll(() => scoutedSeeds(page), { timeout: DRAWING_LIMIT }).toEqual(left);
    await idle(page);
    // Its pictures are as if they had never been stopped.
    const { results: finished } = await api.listResults({ ...query, scouted: false });
    expect(finished).toHaveLength(4);
    for (const { id } of finished) expect((await api.readResult({ id })).record.scouted).toBeUndefined();

    // The dialog leaves out what is only scouted, whatever is chosen; of a picture alone nothing is left to export.
    const out = folder("exported");
    await mkdir(out, { recursive: true });
    await answer(app, "showOpenDialog", [out]);
    await card(page, left[0]!).click();
    expect(await findings(page, "a scouted result")).toEqual([]);
    expect(await loosePictures(page)).toBe(0);
    const dialog = page.getByRole("dialog");
    await page.keyboard.press("Control+e");
    await dialog
      .getByText("This picture is only scouted, and is left out. Finish it first (F) to export it.")
      .waitFor();
    await expect.poll(() => dialog.getByRole("button", { name: "Export…" }).getAttribute("aria-disabled")).toBe("true");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+e");
    await dialog.getByText("1 of them is only scouted, and is left out.").waitFor();
    expect(await findings(page, "an export that leaves out")).toEqual([]);
    await dialog.getByRole("button", { name: "Export…" }).click();
    await page.getByText("4 pictures are exported.").waitFor();
    expect((await readdir(out)).filter((name) => name.endsWith(".png"))).toHaveLength(4);

    const rest = (await api.listResults({ ...query, scouted: true })).results[0]!;
    const asked = { ids: [rest.id, finished[0]!.id], settings: true, form: "png", pattern: "{seed}" } as const;
    await expect(api.exportPictures({ ...asked, ids: [...asked.ids] })).rejects.toThrow(
      "1 of these 2 pictures is only scouted, not finished. Finish them first, or leave them out.",
    );
    await expect(api.copyPicture({ id: rest.id })).rejects.toThrow("is only scouted, not finished");

    // Room can be let go, and taken back.
    await scouts(page).getByRole("button", { name: "Let go" }).click();
    await expect.poll(async () => (await api.stateRoom()).pictures).toBe(0);
    await undo(page).click();
    await expect.poll(async () => (await api.stateRoom()).pictures).toBe(1);
    await page.getByRole("radiogroup", { name: "Which results" }).getByRole("radio", { name: "Scouted" }).click();
    await expect.poll(async () => (await attributes(results(page), "data-result")).map(Number)).toEqual([rest.id]);
    await view(page, "Compose").click();
  });
});

describe.skipIf(!electron)("a queue that survives", { timeout: DRAWING_LIMIT }, () => {
  test("after the app was killed in the middle of a queue the next start goes on with it", async () => {
    await using first = await launch();
    await open(first.page);
    await saved(first.page).waitFor();
    const { path } = await compose(first.page, { seeds: "1-6", boxes: BOXES, steps: 12 });
    await first.page.keyboard.press("Control+Enter");
    await expect.poll(() => results(first.page).count(), { timeout: DRAWING_LIMIT }).toBeGreaterThan(0);
    await first.kill();

    await using second = await launch({ dataFolder: first.dataFolder, files: [path] });
    const { page } = second;
    await open(page);
    await page.getByText(/^Diorama ended before \d of 6 pictures were drawn\./).waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(6);
    await idle(page);
    const { runs } = await apiOf(page).listRuns({ offset: 0, limit: 9 });
    expect(runs.map(({ outcome, finished }) => [outcome, finished])).toEqual([["done", 6]]);
    expect(await apiOf(page).unfinishedRuns()).toEqual([]);
  });

  test("left while it draws, it is offered again, and is not after that was declined", async () => {
    await using first = await launch();
    await open(first.page);
    await saved(first.page).waitFor();
    const { path } = await compose(first.page, { seeds: "1-20", boxes: BOXES, steps: 12 });
    await first.page.keyboard.press("Control+Enter");
    await expect.poll(() => results(first.page).count(), { timeout: DRAWING_LIMIT }).toBeGreaterThan(0);
    await first.app.evaluate(({ dialog }) => {
      dialog.showMessageBox = () => Promise.resolve({ response: 1, checkboxChecked: false });
    });
    await first.quit();

    const again = async () => launch({ dataFolder: first.dataFolder, files: [path] });
    await using second = await again();
    await open(second.page);
    await second.page.getByRole("button", { name: /^Dismiss: Diorama ended before/ }).click();
    await expect.poll(async () => (await apiOf(second.page).unfinishedRuns()).length).toBe(0);
    await second.quit();
    await using third = await again();
    await open(third.page);
    expect(await apiOf(third.page).unfinishedRuns()).toEqual([]);
    expect(await third.page.getByText(/^Diorama ended before/).count()).toBe(0);
  });
});
