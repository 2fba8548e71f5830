/** Connections that are cut and come back: nothing is lost, nothing comes twice; and several who draw on one engine. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Engine } from "../../src-main/engine/host.ts";
import { startRelay } from "../support/relay.ts";
import { drawRequest, fakeEngine, pairedGuest, startGuest, startHost } from "./ends.ts";

let engine: Engine;
beforeAll(async () => void (engine = await fakeEngine()));
afterAll(() => engine.stop(1_000));

async function throughRelay(
  options: Partial<Parameters<typeof startHost>[0]> = {},
  limits: NonNullable<Parameters<typeof startGuest>[0]>["limits"] = {},
) {
  const host = await startHost({ engine, ...options });
  const relay = await startRelay(host.port);
  onTestFinished(() => relay.close());
  const guest = await pairedGuest(host, { address: `127.0.0.1:${relay.port}`, limits });
  await guest.api.load({ call: "1", model: guest.cats });
  const images: string[] = [];
  guest.on("image", ({ jobId, pixels }) => images.push(`${jobId} of ${pixels.data[0]}`));
  return { host, relay, guest, images };
}

test("a socket that is cut every moment loses no picture, and none comes twice", async () => {
  const { relay, guest, images } = await throughRelay();
  let cuts = 0;
  guest.on("machines", ({ machines: [first] }) => {
    if (first?.state === "connected" && cuts < 8) setTimeout(() => relay.cut(), 25 * (cuts++ % 4));
  });
  const jobs = Array.from({ length: 12 }, (_, i) => i + 1);
  const replies = jobs.map((i) =>
    guest.api.draw({ model: guest.cats, request: drawRequest(`job ${i}`, String(i), { steps: 2 }) }),
  );
  relay.cut();
  expect(await Promise.all(replies)).toEqual(jobs.map(() => ({ finished: 1 })));
  expect(images).toEqual(jobs.map((i) => `job ${i} of ${i}`));
  expect(cuts).toBeGreaterThan(4);
});

test("what was drawn while the other was away is kept for it", async () => {
  const { host, relay, guest, images } = await throughRelay();
  relay.isDown = true;
  const reply = guest.api.draw({ model: guest.cats, request: drawRequest("a", "5", { steps: 3 }) });
  await expect.poll(() => engine.pid).toBeDefined();
  await new Promise((resolve) => setTimeout(resolve, 50)); // it has been asked for
  relay.cut();
  const lost = await guest.until("lost");
  expect(lost.problem).toContain("Workstation does not answer");
  expect(lost.retryAt).toBeGreaterThan(Date.now() - 1_000);
  // A question is answered at once, if only by what is wrong.
  await expect(guest.api.check({ call: "2", model: guest.cats, scene: drawRequest("b").scene })).rejects.toMatchObject({
    details: { why: "unreachable" },
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(images).toEqual([]);
  relay.isDown = false;
  expect(await reply).toEqual({ finished: 1 });
  expect(images).toEqual(["a of 5"]);
  expect(host.said.filter((line) => line.includes("connected again"))).toHaveLength(1);
});

test("who cancels while the other is away need not wait, and the other hears it when it is back", async () => {
  const { relay, guest, images } = await throughRelay();
  const reply = guest.api.draw({ model: guest.cats, request: drawRequest("a", "5", { steps: 300 }) });
  const next = guest.api.draw({ model: guest.cats, request: drawRequest("b", "6", { steps: 1 }) });
  await new Promise((resolve) => setTimeout(resolve, 100));
  relay.isDown = true;
  relay.cut();
  await guest.until("lost");
  await guest.api.cancel({ jobId: "a", keep: false });
  await expect(reply).rejects.toMatchObject({ code: "cancelled" });
  relay.isDown = false;
  expect(await next).toEqual({ finished: 1 });
  expect(images).toEqual(["b of 6"]);
});

test("a machine that was started again knows nothing of before: that is told, and what comes next is drawn", async () => {
  const { host, relay, guest } = await throughRelay();
  const reply = guest.api.draw({ model: guest.cats, request: drawRequest("a", "5", { steps: 300 }) });
  reply.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 100));
  relay.isDown = true;
  await host.close();
  const again = await startHost({ engine, folder: host.folder, port: host.port });
  relay.isDown = false;
  await expect(reply).rejects.toMatchObject({ code: "service-crashed" });
  await guest.until("connected");
  expect(await guest.api.draw({ model: guest.cats, request: drawRequest("b", "1", { steps: 1 }) })).toEqual({
    finished: 1,
  });
  expect(again.said.at(-1)).toMatch(/is connected\.$/);
});

test("who waits longer than the other keeps anything for it hears so", async () => {
  const { relay, guest } = await throughRelay({}, { absence: 300 });
  const reply = guest.api.draw({ model: guest.cats, request: drawRequest("a", "5", { steps: 300 }) });
  reply.catch(() => undefined);
  relay.isDown = true;
  relay.cut();
  await expect(reply).rejects.toMatchObject({ code: "machine-failed", details: { why: "unreachable" } });
});

test("a guest that goes stops its own pictures and nobody else's", async () => {
  const host = await startHost({ engine });
  const [goes, stays] = [await pairedGuest(host), await pairedGuest(host)];
  goes.api.draw({ model: goes.cats, request: drawRequest("a", "1", { steps: 1_000 }) }).catch(() => undefined);
  const reply = stays.api.draw({ model: stays.cats, request: drawRequest("b", "2", { steps: 2 }) });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await goes.leave();
  expect(await reply).toEqual({ finished: 1 }); // behind a picture of 1000 steps it would take half a minute
  expect(host.server.connected).toHaveLength(1);
});

test("two who draw have a picture each in turn, however many one of them asks for", async () => {
  const host = await startHost({ engine });
  const [many, few] = [await pairedGuest(host), await pairedGuest(host)];
  await many.api.load({ call: "1", model: many.cats });
  const order: string[] = [];
  many.on("image", () => order.push("many"));
  few.on("image", () => order.push("few"));
  const draw = (guest: typeof many, name: string) =>
    guest.api.draw({ model: guest.cats, request: drawRequest(name, "1", { steps: 2 }) });
  const all = Array.from({ length: 8 }, (_, i) => draw(many, `many ${i}`));
  await new Promise((resolve) => setTimeout(resolve, 50));
  all.push(draw(few, "few 1"), draw(few, "few 2"));
  await Promise.all(all);
  expect(order.lastIndexOf("few")).toBeLessThan(6);
  expect(order).toHaveLength(10);
});

test("a checkpoint that is not there any more, an address where nobody is, and parts that are files of here: each is told", async () => {
  const { guest } = await throughRelay();
  const mice = { ...guest.cats, path: guest.cats.path.replace(/sha256-.*/, "name-mice") };
  await expect(guest.api.load({ call: "1", model: mice })).rejects.toThrow(
    "Workstation has no checkpoint “mice” in its folders of models now.",
  );
  const withVae = { ...guest.cats, vae: "/home/me/vae.safetensors" };
  await expect(guest.api.load({ call: "1", model: withVae })).rejects.toThrow(
    "/home/me/vae.safetensors is a file of this machine, which Workstation cannot open.",
  );
  const nobody = await startGuest();
  await expect(nobody.api.pairMachine({ address: "127.0.0.1:1", code: "1234 5678" })).rejects.toThrow(
    "127.0.0.1:1 does not answer.",
  );
});
