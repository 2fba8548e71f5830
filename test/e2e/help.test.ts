/** What helps when something is wrong: a project that is checked for damage, and the log that can be sent. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { ProjectFile } from "../../src-main/store/project.ts";
import { sampleDraft, sampleResult, sampleScene } from "../support/projects.ts";
import { apiOf, servicePid } from "./driver.ts";
import { electron, launch } from "./harness.ts";
import { sharedFolder } from "./shared.ts";
import { open } from "./window.ts";

async function checkForDamage(page: Page): Promise<string> {
  await page.getByRole("button", { name: /^Project: / }).click();
  await page.getByRole("menuitem", { name: "Check for damage" }).click();
  const notice = page.locator(".notice").filter({ hasText: /is whole|is damaged/ });
  await notice.waitFor();
  return (await notice.textContent()) ?? "";
}

describe.skipIf(!electron)("when something may be wrong", { timeout: 240_000 }, () => {
  const folder = sharedFolder();

  test("a project says whether it is whole, and a damaged one what to do", async () => {
    const path = folder("cats.diorama");
    const project = ProjectFile.create(path, sampleDraft());
    const run = project.results.beginRun(sampleScene(), "demo", 1);
    project.results.addResult(sampleResult(run.id, "5"));
    project.close();
    {
      await using running = await launch({ files: [path] });
      await open(running.page);
      expect(await checkForDamage(running.page)).toContain("“cats” is whole");
    }
    const raw = new Database(path);
    raw.pragma("foreign_keys = OFF");
    raw.exec("DELETE FROM run");
    raw.close();
    await using running = await launch({ files: [path] });
    await open(running.page);
    expect(await checkForDamage(running.page)).toMatch(
      /“cats” is damaged in one place \(row 1 of result .*Save it under another name/,
    );
    expect(await running.page.getByRole("button", { name: "Save as…" }).count()).toBeGreaterThan(0);
  });

  test("the log has the program's version, its services and how they ended, and is shown", async () => {
    await using running = await launch();
    const { app, page, dataFolder } = running;
    await open(page);
    const log = () => readFile(join(dataFolder, "diorama.log"), "utf8");
    await expect.poll(log).toMatch(/info \[main\] Diorama \d+\.\d+\.\d+, Electron [\d.]+, Node [\d.]+/);
    await expect.poll(log).toMatch(/info \[store \d+\] started/);
    const pid = servicePid(app, "store");
    process.kill(pid, "SIGKILL");
    await expect.poll(log).toContain(`[store ${pid}] ended by SIGKILL`);

    await app.evaluate(({ shell }) => {
      const here = globalThis as { shown?: string };
      shell.showItemInFolder = (path) => void (here.shown = path);
    });
    await apiOf(page).showLog();
    expect(await app.evaluate(() => (globalThis as { shown?: string }).shown)).toBe(join(dataFolder, "diorama.log"));
  });
});
