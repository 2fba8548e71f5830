/** Workers as people start them, with the demo model: one is killed, and every picture is the one that is drawn alone. And the commands' words. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { pool } from "../../src-main/cli/pool.ts";
import { render } from "../../src-main/cli/render.ts";
import { worker } from "../../src-main/cli/worker.ts";
import type { DrawTask } from "../../src-main/pool/drawing.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { fakeTerminal } from "../cli/fakes.ts";
import { eventually, poolAt } from "../support/pool.ts";
import { freePort } from "../support/freePort.ts";
import { startRedis, whyNoRedis } from "../support/redis.ts";

vi.setConfig({ testTimeout: 480_000 });

const MODEL = "resources/models/demo";

function startWorker(url: string, name: string): ChildProcess {
  const args = ["--queue", "env", "--name", name, "--provider", "cpu", "--model", MODEL];
  const env = { ...process.env, DIORAMA_QUEUE: url };
  const child = spawn(process.execPath, ["src-main/cli/worker.ts", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

describe.skipIf(whyNoRedis())("real workers", () => {
  test("one is killed in the middle: render has every picture, each equal to the one drawn alone; no password is said", async () => {
    const { port } = await startRedis({ password: "sesame-4711" });
    const url = `redis://:sesame-4711@127.0.0.1:${port}`;
    const folder = mkdtempSync(join(tmpdir(), "diorama-pool-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const scene = join(folder, "scene.json");
    writeFileSync(scene, JSON.stringify({ prompt: "a red circle", boxes: [{ phrase: "red circle", box: [0.1, 0.1, 0.5, 0.5] }] })); // prettier-ignore
    const draw = async (out: string, args: string[]) => {
      const { terminal, written } = fakeTerminal({});
      const argv = [scene, "--out", join(folder, out), "--provider", "cpu", "--steps", "4", "--seeds", "1-5", "--model", MODEL, ...args]; // prettier-ignore
      expect([await render(argv, terminal), written.stderr]).toEqual([0, expect.anything()]);
      return written;
    };
    const names = (out: string) => readdirSync(join(folder, out)).sort();
    const one = startWorker(url, "one");
    let said = "";
    for (const stream of [one.stdout!, one.stderr!]) stream.on("data", (text: Buffer) => (said += String(text)));
    const drawing = draw("pool", ["--queue", url]);
    // Two programs are started, and a checkpoint is opened by each.
    await vi.waitFor(() => expect(said).toContain("drawn in"), { timeout: 150_000, interval: 50 });
    one.kill("SIGKILL");
    startWorker(url, "two");
    const written = await drawing;
    await draw("alone", []);
    expect(names("pool")).toEqual(names("alone"));
    for (const name of names("alone")) {
      const [pooled, alone] = ["pool", "alone"].map((out) => decodePng(readFileSync(join(folder, out, name))).pixels);
      expect(Buffer.compare(pooled!.data, alone!.data), name).toBe(0);
    }
    expect(said).toMatch(/one draws for redis:\/\/127\.0\.0\.1:\d+ \(Redis/);
    expect(said + written.stdout + written.stderr).not.toContain("sesame-4711");
  });

  test("a worker says what is wrong with its options and its pool, and ends", async () => {
    const run = async (...args: string[]) => {
      const { terminal, written } = fakeTerminal({});
      return [await worker(args, terminal), written.stderr] as const;
    };
    expect(await run()).toEqual([2, expect.stringContaining("--queue redis://user:password@host is missing")]);
    expect(await run("--queue", "http://x")).toEqual([2, expect.stringContaining("begins with http://")]);
    expect(await run("--queue", "redis://x", "--memory", "much")).toEqual([
      2,
      expect.stringContaining("auto, fast, low"),
    ]);
    expect(await run("--queue", `redis://127.0.0.1:${await freePort()}`)).toEqual([1, expect.stringContaining("Nothing listens at")]); // prettier-ignore
  });
});

describe.skipIf(whyNoRedis())("npm run pool", () => {
  test("tells who draws what, what waits and what failed, and has that tried again", async () => {
    const { port } = await startRedis();
    const s = poolAt(port);
    const tell = async (...args: string[]) => {
      const { terminal, written } = fakeTerminal({});
      const code = await pool(["--queue", `redis://127.0.0.1:${port}`, ...args], terminal);
      return { code, ...written };
    };
    expect((await tell()).stdout).toMatch(/No worker is there\. Start one[^]*Nothing waits\./);
    const tries: string[] = [];
    const draw: DrawTask = ({ seed }) => {
      tries.push(seed);
      return seed === "1" ? Promise.reject(new AppError("scene-invalid", "no such box", { at: "" })) : new Promise(() => undefined); // prettier-ignore
    };
    await s.work("attic", { draw });
    const { collection } = await s.ask(["1", "2", "3"]);
    await eventually(() => expect(tries).toEqual(["1", "2"]));
    const { stdout } = await tell();
    expect(stdout).toContain("attic on cpu: cat, seed 2 of ann, step 0 of 3; 0 drawn, 1 failed");
    expect(stdout).toContain("cat: 1 wait, 1 being drawn, on 1 worker");
    expect(stdout).toContain("run-1_1: cat, seed 1, of ann: no such box (worker attic)");
    expect((await tell("--retry", "run-9_9")).stderr).toContain("no failed picture is called run-9_9");
    expect((await tell("--retry", "all")).stdout).toContain("1 picture is tried again.");
    expect((await tell()).stdout).not.toContain("Failed");
    await collection.stop();
  });
});
