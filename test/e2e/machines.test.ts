/** A window draws on another machine: paired by a code, chosen like a device, through a connection that is cut, until it is revoked. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ROOT } from "../support/imports.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import { freePort } from "../support/freePort.ts";
import { findings } from "./axe.ts";
import { apiOf, setTheme } from "./driver.ts";
import { electron } from "./harness.ts";
import { sharedApp } from "./shared.ts";
import { choice, choose, compose, DRAWING_LIMIT, open, results, runFromPalette, settled } from "./window.ts";

const ENGINE = join(ROOT, "src-main", "cli", "engine.ts");
/** Where pictures of the window go, when somebody wants to look at them. */
const SHOTS = process.env["DIORAMA_SHOTS"];

const ending: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ending.toReversed()) await end();
});

/** An engine as people start it, behind a relay that can be cut. */
async function startWorkstation() {
  const data = await mkdtemp(join(tmpdir(), "diorama-workstation-"));
  ending.push(() => rm(data, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const port = await freePort();
  const args = [ENGINE, "--listen", `127.0.0.1:${port}`, "--name", "Workstation", "--data", data];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  ending.push(() => child.kill());
  let said = "";
  child.stdout!.on("data", (text: Buffer) => (said += text.toString()));
  child.stderr!.on("data", (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said, { timeout: 30_000 }).toMatch(/: \d{4} \d{4}\n/);
  const relay: Relay = await startRelay(port);
  ending.push(() => relay.close());
  const revoke = (name: string) => execFileSync(process.execPath, [ENGINE, "--revoke", name, "--data", data]);
  return { relay, code: /: (\d{4} \d{4})\n/.exec(said)![1]!, revoke, said: () => said };
}

describe.skipIf(!electron)("another machine", { timeout: 240_000 }, () => {
  const running = sharedApp();

  test("is paired, chosen like a device, draws through a cut, and says when it lets nobody in any more", async () => {
    const { page, problems } = running();
    const { relay, code, revoke, said } = await startWorkstation();
    await open(page);
    await settled(page);
    const look = async (name: string) => {
      for (const theme of ["light", "dark"] as const) {
        if (!SHOTS) continue;
        await setTheme(page, theme);
        await page.screenshot({ path: join(SHOTS, `${name}-${theme}.png`) });
      }
    };

    await runFromPalette(page, "Other machines");
    const dialog = page.getByRole("dialog", { name: "Other machines" });
    await dialog.getByLabel("Address").fill(`127.0.0.1:${relay.port}`);
    await dialog.getByLabel("Code").fill(code.startsWith("1") ? "2222 2222" : "1111 1111");
    await dialog.getByRole("button", { name: "Pair", exact: true }).click();
    await dialog
      .getByRole("alert")
      .filter({ hasText: /That is not the code .* 4 more tries\./ })
      .waitFor();
    await look("machines-wrong-code");
    await dialog.getByLabel("Code").fill(code);
    await dialog.getByRole("button", { name: "Pair", exact: true }).click();
    await dialog.getByText(/^Workstation: .*, 1 model$/).waitFor();
    await dialog.getByText(/^Connected · 127\.0\.0\.1/).waitFor();
    expect(await findings(page, "other machines")).toEqual([]);
    await look("machines-paired");
    await page.keyboard.press("Escape");

    await compose(page, { prompt: "a red circle", seeds: "1,2", steps: 10 });
    await choose(page, "Runs on", /^Workstation: .*, 1 model/);
    await expect.poll(() => choice(page, "Checkpoint").getAttribute("aria-label")).toBe("Checkpoint: Demo model");
    await page.getByText(/M parameters/).waitFor();
    await page.getByRole("button", { name: /^Generate/ }).click();
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBeGreaterThan(0);
    relay.isDown = true;
    relay.cut();
    const lost = page.getByRole("status").filter({ hasText: /Workstation: Connection lost, tried again in \d+ s/ });
    await lost.waitFor();
    // Above the button, too, where it is seen without scrolling.
    const away = page.locator("footer").getByText(/^Workstation is away, and is tried again in \d+ s/);
    await expect.poll(() => away.isVisible()).toBe(true);
    expect(await findings(page, "a machine that is away")).toEqual([]);
    await look("machines-lost");
    relay.isDown = false;
    await lost.waitFor({ state: "detached" });
    await away.waitFor({ state: "detached" });
    await expect.poll(() => results(page).count(), { timeout: DRAWING_LIMIT }).toBe(2);
    const { results: drawn } = await apiOf(page).listResults({ order: "newest", offset: 0, limit: 9 });
    expect(drawn.map(({ seed }) => seed).toSorted()).toEqual(["1", "2"]);
    expect(said()).toContain("is connected again");

    const [, name] = /“(.+)” is paired/.exec(said())!;
    revoke(name!);
    await page
      .getByRole("status")
      .filter({ hasText: /has revoked this machine/ })
      .waitFor();
    await look("machines-revoked");
    await choose(page, "Runs on", /^Processor/);
    await expect.poll(() => choice(page, "Runs on").getAttribute("aria-label")).toBe("Runs on: Processor");
    expect(problems).toEqual([]);
  });
});
