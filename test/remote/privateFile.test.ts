/** Files of machines that several programs change: what one writes no other writes over, and a lock that was left holds nobody up. */
import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PairedMachines } from "../../src-main/remote/pairedMachines.ts";
import { identityIn } from "../../src-main/remote/identity.ts";
import { tempFolder } from "./ends.ts";

test("a machine that is revoked while others are seen stays revoked", async () => {
  const path = join(await tempFolder(), "paired.json");
  const paired = new PairedMachines(path);
  paired.add("laptop", "a".repeat(64));
  paired.add("tablet", "b".repeat(64));
  const seer = new Worker(
    `import("${new URL("../../src-main/remote/pairedMachines.ts", import.meta.url).href}").then(({ PairedMachines }) => {
       const paired = new PairedMachines(${JSON.stringify(path)});
       for (let i = 0; i < 60; i++) paired.seen("${"b".repeat(64)}");
     });`,
    { eval: true },
  );
  const ended = new Promise((resolve) => seer.once("exit", resolve));
  await new Promise((resolve) => seer.once("online", resolve));
  let revocations = 0;
  for (let i = 0; i < 20; i++) {
    paired.add("laptop", "a".repeat(64));
    paired.revoke("laptop");
    if (paired.find("a".repeat(64))?.revoked) revocations++;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(await ended).toBe(0);
  expect(revocations).toBe(20);
  expect(paired.find("a".repeat(64))?.revoked).not.toBeNull();
});

test("a lock that a dead program left is taken over", async () => {
  const path = join(await tempFolder(), "paired.json");
  writeFileSync(`${path}.lock`, "");
  utimesSync(`${path}.lock`, 1, 1);
  const paired = new PairedMachines(path);
  paired.add("laptop", "a".repeat(64));
  expect([paired.list().length, existsSync(`${path}.lock`)]).toEqual([1, false]);
});

test("a window and an engine that begin at once are known by one certificate", async () => {
  const folder = await tempFolder();
  const [window, engine] = await Promise.all([identityIn(folder), identityIn(folder)]);
  expect(window).toEqual(engine);
});
