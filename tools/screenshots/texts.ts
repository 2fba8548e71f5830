/** The same window with texts of other scripts and lengths: what is cut, covered or turned the wrong way is to be seen here. */
import type { Page } from "playwright-core";
import { apiOf } from "../../test/e2e/driver.ts";
import { withSteps } from "../../src-main/scene/defaults.ts";
import { draw, mark, mode, saved, type Shoot } from "./window.ts";

interface Text {
  name: string;
  prompt: string;
  leaveOut: string;
  /** Words of the prompt, each for a box. */
  tied: [string, string, string];
  group: string;
  version: string;
  preset: string;
}

const TEXTS: Text[] = [
  {
    name: "ja",
    prompt:
      "霧の立ちこめる湖のほとりに、赤い屋根の小さな家と、満月、そして古い緑の木が一本。水彩画、静かな夜明け、やわらかな光",
    leaveOut: "文字、透かし、人物",
    tied: ["赤い屋根の小さな家", "満月", "古い緑の木"],
    group: "前景のもの",
    version: "クライアント確認用・第二稿（月を左へ移動）",
    preset: "確認用の下書き",
  },
  {
    name: "ar",
    prompt:
      "بيت أحمر صغير على ضفة بحيرة يلفها الضباب، وقمر أصفر مكتمل، وشجرة خضراء قديمة، ألوان مائية، فجر هادئ وضوء ناعم",
    leaveOut: "نص، علامة مائية، أشخاص",
    tied: ["بيت أحمر صغير", "قمر أصفر مكتمل", "شجرة خضراء قديمة"],
    group: "العناصر الأمامية",
    version: "نسخة للعميل بعد نقل القمر إلى اليسار",
    preset: "مسودة سريعة",
  },
  {
    name: "de",
    prompt:
      "ein kleines rotes Fachwerkhaus mit Sonnenblumenfensterläden neben einem Wasserkraftwerksgebäude, darüber ein gelber Vollmond, rechts ein jahrhundertealter grüner Kastanienbaum, Aquarell im Morgengrauen",
    leaveOut: "Schriftzüge, Wasserzeichen, Bildrauschen, Überbelichtung",
    tied: [
      "rotes Fachwerkhaus mit Sonnenblumenfensterläden",
      "gelber Vollmond",
      "jahrhundertealter grüner Kastanienbaum",
    ],
    group: "Vordergrundgegenstände der Ausstellungseröffnungsplakate",
    version: "Abstimmungsfassung für die Geschäftsführungsbesprechung am Donnerstag",
    preset: "Entwurfsqualität für Besprechungen",
  },
];

const PLACES: [number, number, number, number][] = [
  [0.06, 0.42, 0.42, 0.5],
  [0.56, 0.05, 0.14, 0.14],
  [0.58, 0.3, 0.36, 0.62],
];

export async function texts(page: Page, shoot: Shoot): Promise<void> {
  for (const text of TEXTS) await show(page, text, shoot);
}

/** A new project, with the words tied to three boxes. */
async function compose(page: Page, text: Text): Promise<void> {
  const api = apiOf(page);
  await saved(page).waitFor();
  const { draft } = await api.readDraft();
  const regions = text.tied.map((words, i) => {
    const [x, y, width, height] = PLACES[i]!;
    const start = text.prompt.indexOf(words);
    const spans = [{ start, end: start + words.length }];
    return { id: `box-${i}`, box: { x, y, width, height }, spans, strength: 1 };
  });
  const settings = withSteps(draft.scene.settings, 4);
  const scene = { ...draft.scene, prompt: text.prompt, negativePrompt: "", regions, settings };
  await api.newProject({ where: "here", draft: { ...draft, scene, editor: { seedMode: { kind: "list" } } } });
  await page.getByRole("option", { name: text.tied[0] }).waitFor();
}

async function show(page: Page, text: Text, shoot: Shoot): Promise<void> {
  await mode(page, "Compose");
  await compose(page, text);
  const leaveOut = page.getByRole("textbox", { name: "Leave out" });
  if (!(await leaveOut.isVisible())) await page.getByRole("button", { name: /Leave out/ }).click();
  await leaveOut.fill(text.leaveOut);
  await draw(page, "1-3", 3);
  await page.getByRole("application", { name: "Canvas" }).focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+g");
  await page.keyboard.press("F2");
  await page.keyboard.insertText(text.group);
  await page.keyboard.press("Enter");
  await mark(page, text.tied[1]);
  await shoot(`30-${text.name}-marked`);
  await page.locator("[data-row]").nth(1).click();
  await shoot(`31-${text.name}-composing`);
  await page.getByRole("textbox", { name: "Also here" }).fill(text.tied[2]);
  await page.getByRole("textbox", { name: "Not here" }).fill(text.leaveOut);
  await page.getByRole("textbox", { name: "To percent of the run" }).fill("60");
  await page.keyboard.press("Enter");
  await shoot(`31-${text.name}-inspector`, page.getByRole("radiogroup", { name: "Colour" }));
  await page.keyboard.press("Escape");
  await apiOf(page).nameVersion({ name: text.version });

  await mode(page, "Results");
  await page.locator("[data-result]").first().click();
  await shoot(`32-${text.name}-results`);
  await page.keyboard.press("Control+Shift+e");
  await page.getByRole("dialog").waitFor();
  await shoot(`33-${text.name}-export`);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await mode(page, "Compare");
  await page.getByRole("button", { name: /Compare the first/ }).click();
  await page.getByRole("figure").nth(2).waitFor();
  await shoot(`34-${text.name}-compare`);
  await mode(page, "History");
  await page.getByRole("img", { name: /Boxes of this run/ }).waitFor();
  await shoot(`35-${text.name}-history`);

  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("What do you want to do?").fill("versions");
  await page.keyboard.press("Enter");
  await page.getByText(text.version).waitFor();
  await shoot(`36-${text.name}-versions`);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await mode(page, "Compose");
  await page.getByRole("heading", { level: 1 }).getByRole("button").click();
  await page
    .getByRole("menuitem", { name: /^Untitled/ })
    .first()
    .waitFor();
  await shoot(`37-${text.name}-opened-last`);
  await page.keyboard.press("Escape");
}
