/** Real signals to a real process with a real engine process; only the model in it is fake. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { decodePng } from "../../src-main/image/png.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "diorama-interrupt-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a run whose lines are events, and waits for the process to end. */
function start(prompt: string, args: string[]) {
  const scene = join(folder, "scene.json");
  writeFileSync(scene, JSON.stringify({ prompt, boxes: [], width: 64, height: 64 }));
  const program = join(import.meta.dirname, "fakeRender.ts");
  // A group of its own: a terminal sends Ctrl-C to all processes of the command.
  const child = spawn(
    process.execPath,
    [program, scene, "--out", join(folder, "out"), "--provider", "cpu", "--json", ...args],
    {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let stdout = "";
  const waiting = new Set<() => void>();
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.toString();
    for (const check of waiting) check();
  });
  return {
    ended: new Promise<number | null>((resolve) => child.on("close", resolve)),
    events: () =>
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    until: (text: string) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (stdout.includes(text)) resolve();
        };
        waiting.add(check);
        check();
      }),
    signal: (name: NodeJS.Signals) => process.kill(-child.pid!, name),
  };
}
/** Pictures; beside them lies what `--resume` goes on with. */
const files = () => readdirSync(join(folder, "out")).filter((name) => !name.endsWith(".unfinished.json"));

test.skipIf(process.platform === "win32")(
  "Ctrl-C keeps what is finished, leaves no half file and exits with 130",
  async () => {
    const run = start("a cat", ["--seeds", "1-50"]);
    await run.until('"event":"image"');
    run.signal("SIGINT");
    expect(await run.ended).toBe(130);
    const finished = run.events().filter(({ event }) => event === "image");
    expect(files().toSorted()).toEqual(finished.map(({ seed }) => `scene-seed${seed as string}-ilgd.png`).toSorted());
    for (const file of files()) decodePng(readFileSync(join(folder, "out", file)));
    expect(run.events().at(-1)).toMatchObject({ event: "error", code: "cancelled", exitCode: 130 });
  },
);

test.skipIf(process.platform === "win32")("a second Ctrl-C does not wait for the step", async () => {
  const run = start("deep", []); // its second step takes five seconds
  await run.until('"event":"step"');
  const begun = performance.now();
  run.signal("SIGINT");
  await run.until('"event":"note"');
  run.signal("SIGINT");
  expect(await run.ended).toBe(130);
  expect(performance.now() - begun).toBeLessThan(3_000);
  expect(files()).toEqual([]);
});

test("an engine process that dies is said, with exit code 1", async () => {
  const run = start("crash", []);
  expect(await run.ended).toBe(1);
  expect(run.events().at(-1)).toMatchObject({ event: "error", code: "service-crashed", exitCode: 1 });
});
