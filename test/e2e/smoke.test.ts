import { describe, expect, test } from "vitest";
import type { AppBridge } from "../../src-main/api/main.ts";
import { CONTENT_POLICY } from "../../src-main/main/policy.ts";
import { electron, launch } from "./harness.ts";

describe.skipIf(!electron)("the app at its first start", () => {
  test("opens a window with the sample scene, under our content policy, without a complaint", async () => {
    await using running = await launch();
    const { page, problems } = running;
    expect(page.url()).toBe("app://diorama/index.html");

    const state = await page.evaluate(() => (globalThis as unknown as { app: AppBridge }).app.call("windowState"));
    expect(state).toMatchObject({
      ok: true,
      value: {
        firstStart: true,
        recovered: false,
        project: { name: "Untitled", untitled: true },
        draft: { draft: { scene: { prompt: "a red circle and a blue square on a white background" } } },
      },
    });

    const policy = await page.evaluate(async () =>
      (await fetch("app://diorama/index.html")).headers.get("content-security-policy"),
    );
    expect(policy).toBe(CONTENT_POLICY);
    expect(await running.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getTitle())).toBe(
      "Untitled: a red circle and a blue square on a… – Diorama",
    );
    expect(problems).toEqual([]);
  });
});
