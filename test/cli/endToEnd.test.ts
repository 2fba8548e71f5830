/** The command as people type it, with the real engine and the demo model. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { decodePng } from "../../src-main/image/png.ts";

const root = join(import.meta.dirname, "../..");
const out = mkdtempSync(join(tmpdir(), "diorama-end-to-end-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

async function renderScene(...args: string[]) {
  const argv = [join(root, "src-main/cli/render.ts"), join(root, "resources/examples/two-icons.json"), "--out", out];
  const { stdout } = await promisify(execFile)(process.execPath, [...argv, "--provider", "cpu", ...args]);
  return stdout;
}

test("a scene becomes a picture that can be made again from what it carries", { timeout: 300_000 }, async () => {
  const stdout = await renderScene("--steps", "4", "--seeds", "7", "--sheet");
  expect(stdout).toMatch(/two-icons-seed7-ilgd\.png {2}[\d.]+ s {2}red circle \d+%, blue square \d+%\n/);
  expect(readdirSync(out).toSorted()).toEqual(["two-icons-ilgd-sheet.png", "two-icons-seed7-ilgd.png"]);

  const png = readFileSync(join(out, "two-icons-seed7-ilgd.png"));
  const { pixels } = decodePng(png);
  expect([pixels.width, pixels.height]).toEqual([256, 256]);
  expect(new Set(pixels.data).size).toBeGreaterThan(20); // not one colour
  const metadata = readMetadata(png);
  if (metadata.kind !== "record") throw new Error(`the picture carries ${metadata.kind}`);
  const { record } = metadata;
  expect(record.seed).toBe("7");
  expect(record.scene.settings).toMatchObject({ steps: 4, guidance: { method: "ilgd" } });
  expect(record.tokens).toEqual({ circle: [2, 3], square: [6, 7] });
  expect(Object.keys(record.obedience)).toEqual(["circle", "square"]);
  for (const share of Object.values(record.obedience)) expect(share).toBeLessThanOrEqual(1); // none need lie there after four steps

  await renderScene("--steps", "4", "--seeds", "7", "--quiet");
  expect(decodePng(readFileSync(join(out, "two-icons-seed7-ilgd-2.png"))).pixels).toEqual(pixels);
});
