/** Models at home and on their way, and LoRAs in a scene, with a hub on this machine in place of the real one. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodePng } from "../../src-main/image/png.ts";
import { answer } from "../../test/e2e/dialogs.ts";
import { beginDownloads } from "../../test/e2e/downloads.ts";
import { apiOf } from "../../test/e2e/driver.ts";
import type { RunningApp } from "../../test/e2e/harness.ts";
import type { LocalHub } from "../../test/support/hub.ts";
import { writeRandomLora } from "../../test/support/randomLora.ts";
import { mode, type Shoot } from "./window.ts";

const DEMO = "resources/models/demo";

export async function models({ app, page }: RunningApp, home: string, hub: LocalHub, shoot: Shoot): Promise<void> {
  const mine = join(home, "mine");
  await fill(mine);
  await apiOf(page).setHub({ mirror: hub.url });
  await mode(page, "Models");
  await answer(app, "showOpenDialog", [mine]);
  await page.getByRole("button", { name: "Add a folder", exact: true }).click();
  const list = page.getByRole("listbox", { name: "Models" });
  await list.getByRole("option").nth(3).waitFor();
  await shoot("60-models");
  await list.getByRole("option", { name: "wash" }).click();
  await page.getByText("Ink wash", { exact: true }).waitFor();
  await page.getByRole("textbox", { name: "Notes" }).fill("for skies, at 0.6");
  await shoot("61-a-model");
  await page.locator('[aria-label^="Kind: "]').click();
  await page.getByRole("option", { name: /^Not supported/ }).click();
  await page.getByText("is a pickle").waitFor();
  await shoot("62-not-supported");
  await page.getByRole("textbox", { name: "Search models" }).fill("zebra");
  await shoot("63-no-model-found");
  await page.getByRole("textbox", { name: "Search models" }).fill("");
  await page.locator('[aria-label^="Kind: "]').click();
  await page.getByRole("option", { name: /^All models/ }).click();

  await page.getByRole("button", { name: "Get a model", exact: true }).click();
  await page.getByRole("button", { name: "Get Stable Diffusion 1.5…" }).click();
  await page.getByRole("button", { name: /^Download / }).waitFor();
  await shoot("64-get-a-model");
  await beginDownloads(page);
  await shoot("65-downloads");
  await shoot("65-not-at-the-hub", page.getByRole("alert"));
  await page.getByRole("button", { name: "Pause" }).first().click();
  await page.getByText(/^Paused at/).waitFor();
  await page.getByText("Token and mirror").click();
  await shoot("66-paused-and-token", page.getByRole("textbox", { name: "Address of a mirror" }));

  for (const lora of ["wash", LONG]) {
    await mode(page, "Models");
    await list.getByRole("option", { name: lora }).click();
    await page.getByRole("button", { name: "Add to the scene" }).click();
    await page.getByRole("region", { name: "LoRAs" }).getByRole("listitem", { name: lora }).waitFor();
  }
  await shoot("67-loras", page.getByRole("region", { name: "LoRAs" }).getByRole("listitem").last());
}

const LONG = "Aquarellpinselstrichzeichnungen-der-Landschaftsmalerei-v2";

/** One of each kind, with long names. */
async function fill(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const put = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes);
  await writeRandomLora(join(folder, "wash.safetensors"), DEMO, {
    metadata: { "modelspec.title": "Ink wash", "modelspec.trigger_phrase": "inkwash style, soft edges" },
  });
  await writeRandomLora(join(folder, `${LONG}.safetensors`), DEMO, { seed: 2 });
  await writeRandomLora(join(folder, "ألوان مائية هادئة.safetensors"), DEMO, { seed: 3 });
  await writeRandomLora(join(folder, "水彩画の筆づかい.safetensors"), DEMO, { seed: 4 });
  put("wash.preview.png", encodePng(picture(300, 400)));
  put("old.ckpt", Buffer.from("a pickle"));
}

/** A picture for a model: colours that run into one another. */
function picture(width: number, height: number) {
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    data.set([255 - Math.floor((i % width) / 2), 200, 120 + Math.floor(i / width / 4), 255], 4 * i);
  }
  return { width, height, data };
}
