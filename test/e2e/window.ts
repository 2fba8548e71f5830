/** The window as a person sees it: what is on it, by role and name, and what a hand does with it. */
import type { Locator, Page } from "playwright-core";
import { expect, vi } from "vitest";
import { withSteps } from "../../src-main/scene/defaults.ts";
import type { ProjectState } from "../../src-main/api/main.ts";
import type { UnitBox } from "../../src-main/scene/scene.ts";
import { apiOf } from "./driver.ts";

/** For pictures of the demo model at full length, on a busy machine. */
export const DRAWING_LIMIT = 180_000;

export const canvas = (page: Page) => page.getByRole("application", { name: "Canvas" });
export const prompt = (page: Page) => page.getByRole("textbox", { name: "Prompt", exact: true });
export const boxes = (page: Page) => page.getByRole("listbox", { name: /^Boxes/ }).getByRole("option");
/** The row of a box in the list, by what it is called. */
export const box = (page: Page, name: string) => boxes(page).and(page.getByRole("option", { name: `${name}: ` }));
export const selectedBoxes = (page: Page) =>
  page.getByRole("listbox", { name: /^Boxes/ }).getByRole("option", { selected: true });
export const results = (page: Page) => page.locator("[data-result]");
export const saved = (page: Page) => page.getByRole("status").filter({ hasText: /^(Draft saved|Saved)$/ });
export const undo = (page: Page) => page.getByRole("banner").getByRole("button", { name: /undo/i });
export const redo = (page: Page) => page.getByRole("banner").getByRole("button", { name: /redo/i });
export const view = (page: Page, name: "Compose" | "Results" | "Compare" | "History") =>
  page.getByRole("navigation", { name: "Views" }).getByRole("button", { name });

/** The card of a result. */
export const card = (page: Page, seed: number | string) =>
  results(page).and(page.getByRole("option", { name: `Seed ${seed},` }));
/** The seeds of the results that are shown, in their order. */
export const seeds = async (page: Page) =>
  (await attributes(results(page), "aria-label")).map((name) => /^Seed (\d+)/.exec(name!)![1]!);
export const shelf = (page: Page, name: "All" | "Starred" | "Rejected" | "Bin") =>
  page.getByRole("radiogroup", { name: "Which results" }).getByRole("radio", { name, exact: true });

/** What is called how in the list of boxes, from the uppermost row down. */
export async function rowNames(page: Page): Promise<string[]> {
  const spoken = await attributes(boxes(page), "aria-label");
  return spoken.map((name) => name!.split(":")[0]!);
}

/** Does what the palette finds first under these words. */
export async function runFromPalette(page: Page, words: string): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("What do you want to do?").fill(words);
  await page.keyboard.press("Enter");
}

/** Selects all boxes, as one does on the canvas. */
export async function selectAllBoxes(page: Page): Promise<void> {
  await canvas(page).focus();
  await page.keyboard.press("Control+a");
}

export const nameOf = (one: Locator) => one.getAttribute("aria-label");

/** Waits until the window can be worked with. */
export async function open(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Generate/ }).waitFor();
}

export interface Composition {
  prompt?: string;
  /** Each with the words of the prompt that it is tied to (none: ""), and its place: left, top, width, height. */
  boxes?: [words: string, place: [number, number, number, number]][];
  seeds?: string;
  /** Few, where the test is not about the picture. */
  steps?: number;
}

/** As `expect.poll`, which only a test may call: what a file's tests share is prepared before them. */
async function until(claim: () => Promise<void>, timeout = 20_000): Promise<void> {
  await vi.waitFor(claim, { timeout, interval: 100 });
}

/** An attribute of each of these elements, all read in one moment: a list may change while it is looked at. */
export async function attributes(all: Locator, name: string): Promise<(string | null)[]> {
  const read = (elements: unknown[], wanted: string) =>
    (elements as { getAttribute(name: string): string | null }[]).map((element) => element.getAttribute(wanted));
  return all.evaluateAll(read, name);
}

/** Waits until the demo model of a first project is open, and its settings are taken over and saved. */
export async function settled(page: Page): Promise<void> {
  await until(async () => {
    await saved(page).waitFor();
    expect((await apiOf(page).readDraft()).draft.scene.settings.guidance.eta).toBe(4);
  });
}

/** Begins a new project in this window: each test has one of its own. */
export async function compose(page: Page, scene: Composition = {}): Promise<ProjectState> {
  const api = apiOf(page);
  await saved(page).waitFor(); // else the draft of the project before would be saved into the new one
  const { draft } = await api.readDraft();
  const text = scene.prompt ?? "a red circle and a blue square on a white background";
  const regions = (scene.boxes ?? []).map(([words, [x, y, width, height]], i) => {
    const start = text.indexOf(words);
    const place: UnitBox = { x, y, width, height };
    return {
      id: `box-${i}`,
      box: place,
      spans: words === "" ? [] : [{ start, end: start + words.length }],
      strength: 1,
    };
  });
  const project = await api.newProject({
    where: "here",
    draft: {
      scene: { prompt: text, negativePrompt: "", regions, settings: withSteps(draft.scene.settings, scene.steps ?? 2) },
      seeds: scene.seeds ?? "1",
      model: draft.model,
      editor: { seedMode: { kind: "list" } }, // written by a window: the checkpoint leaves its settings alone
    },
  });
  expect(project, "a window that draws opens new projects beside it").not.toBeNull();
  await until(async () => {
    expect(await prompt(page).inputValue()).toBe(text);
    expect(await boxes(page).count()).toBe(regions.length);
    expect(await page.getByRole("heading", { level: 1 }).getByRole("button").getAttribute("title")).toBe(project!.path);
  });
  return project!;
}

/** Draws what is composed, and waits for so many pictures. */
export async function draw(page: Page, pictures: number): Promise<void> {
  await page.keyboard.press("Control+Enter");
  await until(async () => expect(await results(page).count()).toBe(pictures), DRAWING_LIMIT);
  await page.getByRole("progressbar", { name: "Queue" }).waitFor({ state: "detached" });
}

/** Marks some words of the prompt as a person does. */
export async function mark(page: Page, words: string): Promise<void> {
  await prompt(page).evaluate((area, text) => {
    const field = area as unknown as { value: string; focus(): void; setSelectionRange(a: number, b: number): void };
    const start = field.value.indexOf(text);
    field.focus();
    field.setSelectionRange(start, start + text.length);
  }, words);
}

/** Where points of the picture are on the screen, while it lies in the middle of the canvas: after "fit" and at actual size. */
export async function artboard(page: Page) {
  const area = (await canvas(page).boundingBox())!;
  const zoom = Number(await canvas(page).getAttribute("data-zoom"));
  const { width, height } = (await apiOf(page).readDraft()).draft.scene.settings;
  const size = { width: width * zoom, height: height * zoom };
  const left = area.x + (area.width - size.width) / 2;
  const top = area.y + (area.height - size.height) / 2;
  return { zoom, ...size, at: (x: number, y: number) => ({ x: left + x * size.width, y: top + y * size.height }) };
}

type Point = [x: number, y: number];

/** Drags on the canvas between two points of the picture, which lies in the middle. */
export async function drag(page: Page, from: Point, to: Point, { drop = true } = {}): Promise<void> {
  const { at } = await artboard(page);
  const [start, end] = [at(...from), at(...to)];
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  await page.mouse.move(end.x, end.y, { steps: 6 });
  if (drop) await page.mouse.up();
}

/** The control that shows what is chosen of a list. */
export const choice = (page: Page, label: string) => page.locator(`[aria-haspopup=listbox][aria-label^="${label}: "]`);

export async function choose(page: Page, label: string, item: string | RegExp): Promise<void> {
  await choice(page, label).click();
  await page.getByRole("option", { name: item }).click();
}

/** Clicks on a point of the picture, which lies in the middle. */
export async function click(page: Page, point: Point, modifiers: ("Alt" | "Shift")[] = []): Promise<void> {
  const { at } = await artboard(page);
  const { x, y } = at(...point);
  for (const key of modifiers) await page.keyboard.down(key);
  await page.mouse.click(x, y);
  for (const key of modifiers) await page.keyboard.up(key);
}

/** Where a box lies, in percent of the picture: the numbers that the inspector shows while it alone is selected. */
export async function placeOf(page: Page): Promise<number[]> {
  const section = page.getByRole("region", { name: "Selected boxes" });
  const fields = ["Left", "Top", "Width", "Height"].map((name) => section.getByRole("textbox", { name }).inputValue());
  return (await Promise.all(fields)).map(Number);
}

/** What the table of differences says under a heading, from the first picture to the last. */
export async function column(page: Page, name: string | RegExp): Promise<string[]> {
  const table = page.getByRole("complementary", { name: "What differs" }).getByRole("table");
  const heads = await table.getByRole("columnheader").allTextContents();
  const at = heads.findIndex((head) => (typeof name === "string" ? head === name : name.test(head)));
  if (at < 0) return [];
  // Each row begins with the header of its picture.
  return table
    .locator(`tbody tr > :nth-child(${at + 1})`)
    .allTextContents()
    .then((cells) => cells.map((cell) => cell.trim()));
}
