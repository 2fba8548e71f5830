/** A project file with many results, made by the store's own code: the engine would draw for minutes. */
import type { ElectronApplication, Page } from "playwright-core";
import { ProjectFile } from "../../src-main/store/project.ts";
import { sampleDraft, sampleResult, sampleScene } from "../support/projects.ts";
import { answer } from "./dialogs.ts";

/** Seeds from 1, oldest first, obeyed to 0 to 99 percent. */
export function makeProject(path: string, total: number): void {
  const scene = sampleScene();
  const project = ProjectFile.create(path, { ...sampleDraft(), editor: { seedMode: { kind: "list" } } });
  const { id } = project.results.beginRun(scene, "demo", total);
  for (let n = 1; n <= total; n++) {
    const share = (n % 100) / 100;
    project.results.addResult(sampleResult(id, String(n), scene, [share, share]));
  }
  project.results.endRun(id, "done", null);
  project.close();
}

/** Opens a project file in this window, as by the menu. */
export async function openProject(app: ElectronApplication, page: Page, path: string): Promise<void> {
  await answer(app, "showOpenDialog", [path]);
  await page.keyboard.press("Control+o");
  await page.getByRole("heading", { level: 1 }).getByTitle(path).waitFor();
}
