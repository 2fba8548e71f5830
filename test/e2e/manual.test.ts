/** Help: the manual in its own window, and a newer version that is fetched from a feed served here and started in place of this one. */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { readManual } from "../../tools/manual.ts";
import { electron, launch } from "./harness.ts";
import { sharedFolder } from "./shared.ts";
import { open } from "./window.ts";

/** A folder for pictures of what was tested; none are taken without it. */
const SHOTS = process.env["DIORAMA_TEST_SHOTS"];

interface Here {
  axe?: { run(context: unknown, options: unknown): Promise<AxeResults> };
  document: unknown;
}

async function findings(page: Page): Promise<string[]> {
  const lines: string[] = [];
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    if (!(await page.evaluate(() => (globalThis as unknown as Here).axe !== undefined)))
      await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => {
      const here = globalThis as unknown as Here;
      return here.axe!.run(here.document, { resultTypes: ["violations"] });
    });
    lines.push(...violations.map(({ id, nodes }) => `${colorScheme}: ${id}: ${nodes[0]!.target.join(" ")}`));
  }
  return lines;
}

describe.skipIf(!electron)("help", { timeout: 180_000 }, () => {
  const folder = sharedFolder();

  /** A feed with version 9.9.9: a program that notes that it was started. */
  async function feed() {
    const program = Buffer.from(`#!/bin/sh\necho started > "${folder("started")}"\n`);
    const hash = createHash("sha512").update(program).digest("base64");
    const file = `Diorama-9.9.9.AppImage`;
    const latest = `version: 9.9.9\nfiles:\n  - url: ${file}\n    sha512: ${hash}\n    size: ${program.length}\npath: ${file}\nsha512: ${hash}\nreleaseDate: "2026-01-01T00:00:00.000Z"\n`;
    const asked: string[] = [];
    const server = createServer(({ url = "" }, response) => {
      const [path] = url.split("?");
      asked.push(path!);
      const body = path === "/latest-linux.yml" ? latest : path === `/${file}` ? program : undefined;
      response.writeHead(body === undefined ? 404 : 200).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const config = folder("app-update.yml");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    writeFileSync(config, `provider: generic\nurl: ${url}\nupdaterCacheDirName: diorama-test\n`);
    const old = folder("Diorama.AppImage");
    writeFileSync(old, "the old one");
    chmodSync(old, 0o755);
    const env = { DIORAMA_UPDATES: config, APPIMAGE: old, XDG_CACHE_HOME: folder("cache") };
    return { env, asked, program, old };
  }

  test.skipIf(process.platform !== "linux")("the manual is read and searched, and a newer version is installed when somebody says so", async () => {
    const { env, asked, program, old } = await feed();
    await using running = await launch({ env });
    const { app, page, problems } = running;
    await open(page);

    const opening = app.waitForEvent("window");
    await page.keyboard.press("F1");
    const manual = await opening;
    const sections = readManual().flatMap((chapter) => chapter.sections);
    const shown = manual.locator("main section:visible");
    await expect.poll(() => shown.count()).toBe(sections.length);
    expect(await findings(manual)).toEqual([]);
    if (SHOTS) await manual.screenshot({ path: join(SHOTS, "manual.png") });
    const pictures = manual.locator("main img");
    await pictures.first().scrollIntoViewIfNeeded();
    await expect.poll(() => pictures.first().evaluate((one) => (one as unknown as { naturalWidth: number }).naturalWidth)).toBeGreaterThan(100); // prettier-ignore
    const box = (await pictures.first().boundingBox())!;
    expect(box.width / box.height).toBeCloseTo(1280 / 800, 1); // of its own proportions
    await manual.keyboard.press("Control+f");
    await manual.keyboard.type("disk full");
    await expect.poll(() => shown.count()).toBeLessThan(6);
    const found = await shown.allTextContents();
    expect(found.length).toBeGreaterThan(0);
    for (const text of found) expect(text).toMatch(/disk[^]*full|full[^]*disk/i);
    expect(await manual.getByRole("status").textContent()).toBe(`${found.length} of ${sections.length} sections`);
    await manual.keyboard.press("Escape");
    await manual.getByRole("navigation").getByRole("link", { name: "BoxDiff" }).click();
    await expect.poll(() => manual.locator("#methods-boxdiff").evaluate((one) => Math.round((one as unknown as { getBoundingClientRect(): { top: number } }).getBoundingClientRect().top))).toBeLessThan(60); // prettier-ignore
    // Once only: F1 again brings it to the front; Getting started leads to its place.
    await page.keyboard.press("F1");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Getting started");
    await page.keyboard.press("Enter");
    await expect.poll(() => manual.url()).toBe("app://diorama/manual.html#getting-started");
    expect(app.windows()).toHaveLength(2);

    await page.keyboard.press("Control+k");
    await page.keyboard.type("Check for updates");
    await page.keyboard.press("Enter");
    const banner = page.locator(".banner", { hasText: "Version 9.9.9" });
    await expect.poll(() => banner.textContent(), { timeout: 20_000 }).toContain("Version 9.9.9 is there.");
    expect(asked).toEqual(["/latest-linux.yml"]); // looked at, and nothing fetched
    if (SHOTS) await page.screenshot({ path: join(SHOTS, "update.png") });
    await banner.getByRole("button", { name: "Later" }).click();
    await expect.poll(() => banner.count()).toBe(0);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Check for updates");
    await page.keyboard.press("Enter");
    expect(problems).toEqual([]);
    const gone = new Promise<void>((resolve) => app.once("close", () => resolve()));
    await banner.getByRole("button", { name: "Restart to install" }).click();
    await gone;
    await expect.poll(() => existsSync(folder("started")), { timeout: 20_000 }).toBe(true);
    expect(readFileSync(old).equals(program)).toBe(true);
  }); // prettier-ignore
});
