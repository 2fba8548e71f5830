/** The command as people start it, with the model that comes with the program. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { serve } from "../../src-main/server/serve.ts";
import { fakeTerminal } from "../cli/fakes.ts";
import { ROOT } from "../support/imports.ts";
import { readEvents } from "./setting.ts";

test("`npm run serve` draws a scene file with the demo model, and ends by Ctrl-C", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "diorama-serve-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { terminal, written, interrupt } = fakeTerminal();
  const env = { HOME: folder, XDG_CONFIG_HOME: folder, PATH: process.env["PATH"] };
  const argv = ["--listen", "127.0.0.1:0", "--provider", "cpu"];
  const ended = serve(argv, { ...terminal, env });
  await expect.poll(() => written.stderr, { timeout: 20_000 }).toContain("Made a token");
  const [, url] = /Listening at (\S+),/.exec(written.stderr)!;
  const file = join(folder, "Diorama", "server-token");
  expect(statSync(file).mode & 0o077).toBe(0);
  const token = readFileSync(file, "utf8").trim();
  const headers = { Authorization: `Bearer ${token}` };

  const scene = JSON.parse(readFileSync(join(ROOT, "resources/examples/two-icons.json"), "utf8")) as object;
  const body = JSON.stringify({ ...scene, steps: 2 });
  const json = { "Content-Type": "application/json" };
  const post = await fetch(`${url!}/v1/scenes?seeds=1-2&previews=1`, { method: "POST", body, headers: { ...headers, ...json } }); // prettier-ignore
  expect(post.status).toBe(202);
  const { id } = (await post.json()) as { id: string };
  const events = readEvents(await (await fetch(`${url!}/v1/runs/${id}/events`, { headers })).text());
  const names = events.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["state", "loading", "step", "picture", "end"]));
  expect(events.at(-1)!.data).toEqual({ state: "done", pictures: 2, failures: 0 });
  const preview = events.find(({ name }) => name === "step")!.data["preview"] as string;
  expect(Buffer.from(preview, "base64").subarray(1, 4).toString()).toBe("PNG");
  const { hash } = events.find(({ name }) => name === "picture")!.data as { hash: string };
  const png = await (await fetch(`${url!}/v1/pictures/${hash}`, { headers })).bytes();
  expect(readMetadata(png)).toMatchObject({ kind: "record", record: { seed: "1", scene: { settings: { steps: 2 } } } });
  expect(readdirSync(join(folder, "Diorama", "server-pictures"))).toHaveLength(2);

  interrupt();
  expect(await ended).toBe(0);
  // No person reads this terminal: what is written to it may end in a log.
  expect(written.stderr).not.toContain(token);
});
