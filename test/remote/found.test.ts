/** Machines that find each other by mDNS: what is found is a name and an address, and no more than a hint. */
import { createSocket } from "node:dgram";
import { Bonjour } from "bonjour-service";
import { expect, onTestFinished, test } from "vitest";
import type { FoundMachine } from "../../src-main/api/machines.ts";
import { announce, lookAround } from "../../src-main/remote/announce.ts";
import { SERVICE_TYPE } from "../../src-main/remote/protocol.ts";

test("an engine that is announced is found by its name, with its address and the beginning of its fingerprint; what is no engine of ours is not", async () => {
  const problems: string[] = [];
  let found: (Omit<FoundMachine, "id"> & { print: string })[] = [];
  const stop = lookAround(
    (now) => (found = now),
    (problem) => problems.push(problem),
  );
  onTestFinished(stop);
  const fingerprint = "ab".repeat(32);
  const takeBack = announce({ name: "Workstation", port: 7_493, fingerprint }, (problem) => problems.push(problem));
  const stranger = new Bonjour();
  stranger.publish({ name: "stranger", type: SERVICE_TYPE, port: 1, txt: { id: "../etc", name: "\u202estranger" } });
  onTestFinished(() => new Promise<void>((resolve) => stranger.destroy(() => resolve())));
  await expect
    .poll(() => found, { timeout: 10_000 })
    .toMatchObject([{ name: "Workstation", print: fingerprint.slice(0, 16) }]);
  expect(found[0]!.address).toMatch(/:7493$/);
  await takeBack();
  await expect.poll(() => found, { timeout: 10_000 }).toEqual([]);
  expect(problems).toEqual([]);
});

test("a machine that is switched off, and says no goodbye, is not shown for ever", async () => {
  let found: { name: string }[] = [];
  const none = () => undefined;
  onTestFinished(lookAround((now) => (found = now), none, {}, 300));
  const engine = new Bonjour();
  engine.publish({ name: "ws", type: SERVICE_TYPE, port: 7_493, txt: { id: "ef".repeat(8), name: "Workstation" } });
  await expect.poll(() => found, { timeout: 10_000 }).toMatchObject([{ name: "Workstation" }]);
  await new Promise((resolve) => setTimeout(resolve, 700)); // asked again, it answers
  expect(found).toHaveLength(1);
  engine.destroy();
  await expect.poll(() => found, { timeout: 10_000 }).toEqual([]);
});

test("where another program keeps the port to itself, that is told, and nothing else comes of it", async () => {
  const other = createSocket("udp4");
  await new Promise<void>((resolve) => other.bind(0, () => resolve()));
  onTestFinished(() => void other.close());
  const { port } = other.address();
  const problems: string[] = [];
  const note = (problem: string) => void problems.push(problem);
  const takeBack = announce({ name: "Workstation", port: 7_493, fingerprint: "cd".repeat(32) }, note, { port });
  const stop = lookAround(() => undefined, note, { port });
  await expect.poll(() => problems.length, { timeout: 5_000 }).toBeGreaterThan(1);
  expect(problems.every((problem) => problem.includes("EADDRINUSE"))).toBe(true);
  stop();
  await takeBack();
});
