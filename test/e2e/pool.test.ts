/** A window draws in a pool: its address is tried and taken, a real worker draws, and a view says how the pool is doing, also when it is lost. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ROOT } from "../support/imports.ts";
import { startRedis, whyNoRedis } from "../support/redis.ts";
import { findings } from "./axe.ts";
import { apiOf } from "./driver.ts";
import { electron } from "./harness.ts";
import { photographThemes } from "./photograph.ts";
import { sharedApp } from "./shared.ts";
import { choice, choose, compose, DRAWING_LIMIT, open, results, runFromPalette, settled } from "./window.ts";

const PASSWORD = "correct-horse-%-staple";

/** A worker as people start it, with the demo model. */
async function startWorker(queue: string): Promise<void> {
  const config = await mkdtemp(join(tmpdir(), "diorama-worker-"));
  const args = [join(ROOT, "src-main", "cli", "worker.ts"), "--queue", "env", "--name", "workstation"];
  const env = { ...process.env, XDG_CONFIG_HOME: config, DIORAMA_QUEUE: queue };
  const child: ChildProcess = spawn(process.execPath, args, { env, stdio: "ignore" });
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill();
    await ended;
    await rm(config, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
}

/** Files below a folder that hold a text. */
function holding(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(folder, name);
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path).includes(text);
  });
}

describe.skipIf(!electron || whyNoRedis())("a pool", { timeout: 240_000 }, () => {
  const running = sharedApp();

  test("is entered, drawn in and looked at, says when it is lost, and is forgotten", async () => {
    const { page, problems, dataFolder } = running();
    const server = await startRedis({ password: PASSWORD });
    await open(page);
    await settled(page);
    const found: string[] = [];
    const look = async (name: string) => {
      found.push(...(await findings(page, name)));
      await photographThemes(page, `pool-${name}`);
    };

    await runFromPalette(page, "Pool");
    const dialog = page.getByRole("dialog", { name: "Pool" });
    await dialog.getByLabel("Address").fill(`redis://127.0.0.1:${server.port}`);
    await dialog.getByLabel("Password").fill("wrong");
    await dialog.getByRole("button", { name: "Test" }).click();
    await dialog
      .getByRole("alert")
      .filter({ hasText: /refuses the password/ })
      .waitFor();
    await look("wrong-password");
    await dialog.getByLabel("Password").fill(PASSWORD);
    await dialog.getByRole("button", { name: "Test" }).click();
    await dialog.getByText(new RegExp(`^(Redis|Valkey) \\S+ at redis://127.0.0.1:${server.port}$`)).waitFor();
    await dialog.getByRole("button", { name: "Use this pool" }).click();
    await dialog.getByText(/^Nobody draws here yet/).waitFor();
    await look("empty");

    await startWorker(`redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${server.port}`);
    const workers = dialog.getByRole("region", { name: "Workers" });
    await workers.getByText("Waits for work").waitFor({ timeout: 60_000 });
    await page.keyboard.press("Escape");
    await compose(page, { prompt: "a red circle", seeds: "1,2", steps: 40 });
    await choose(page, "Runs on", /^Pool: 1 worker, 1 model/);
    await expect.poll(() => choice(page, "Checkpoint").getAttribute("aria-label")).toBe("Checkpoint: Demo model");
    await page.getByText(/M parameters/).waitFor();
    await page.getByRole("button", { name: /^Generate/ }).click();
    await runFromPalette(page, "Pool");
    await workers.getByText(/^Demo model, seed \d of /).waitFor({ timeout: DRAWING_LIMIT });
    await look("drawing");
    await page.keyboard.press("Escape");
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(2);
    const api = apiOf(page);
    const { results: drawn } = await api.listResults({ order: "newest", offset: 0, limit: 9 });
    expect(drawn.map(({ seed }) => seed).toSorted()).toEqual(["1", "2"]);
    await expect.poll(async () => (await api.poolState()).queues).toEqual([]);

    await runFromPalette(page, "Pool");
    await server.kill();
    await dialog
      .getByRole("status")
      .filter({ hasText: /Nothing listens at redis:|Connection lost/ })
      .waitFor();
    await look("lost");
    await server.start();
    await dialog
      .getByRole("status")
      .filter({ hasText: /^Connected/ })
      .waitFor({ timeout: 30_000 });
    expect(holding(dataFolder, encodeURIComponent(PASSWORD))).toEqual(["pool.json"]);
    expect(holding(dataFolder, PASSWORD)).toEqual([]);
    await dialog.getByRole("button", { name: "Forget this pool" }).click();
    await dialog.getByRole("button", { name: "Use this pool" }).waitFor();
    expect(holding(dataFolder, encodeURIComponent(PASSWORD))).toEqual([]);
    await page.keyboard.press("Escape");
    await page
      .getByRole("alert")
      .filter({ hasText: /not known here any more/ })
      .waitFor();
    expect(found).toEqual([]);
    expect(problems).toEqual([]);
  });
});
