/** Pictures that another machine draws side by side: asked for in one call, told apart by their index, stopped by themselves. */
import { afterAll, expect, test } from "vitest";
import { fakeScene } from "../support/fakePipeline.ts";
import { drawRequest, fakeEngine, pairedGuest, startHost } from "./ends.ts";

const engine = await fakeEngine();
afterAll(() => engine.stop());

const scene = fakeScene("together", 20);
const request = (jobId: string, ...seeds: string[]) => ({ ...drawRequest(jobId), scene, seeds });

test("how many go together is known when the checkpoint is open there, and no call has more", async () => {
  const guest = await pairedGuest(await startHost({ engine }));
  expect(await guest.api.atOnce({ call: "1", model: guest.cats, scene })).toBe(1);
  await guest.api.load({ call: "2", model: guest.cats });
  expect(await guest.api.atOnce({ call: "3", model: guest.cats, scene })).toBe(3);
  expect(await guest.api.atOnce({ call: "4", model: guest.cats, scene: fakeScene("a cat") })).toBe(1);
  const many = guest.api.draw({ model: guest.cats, request: request("a", "1", "2", "3", "4") });
  await expect(many).rejects.toMatchObject({ code: "bad-request", message: /^4 pictures are not drawn side by side/ });
  const more = guest.api.draw({
    model: guest.cats,
    request: request("b", ...Array.from({ length: 9 }, (_, i) => String(i))),
  });
  await expect(more).rejects.toMatchObject({ code: "bad-request", message: /at most 8 pictures/ });
});

test("each is told of by its index; one that is stopped keeps its state and leaves the others, and goes on from there", async () => {
  const guest = await pairedGuest(await startHost({ engine }));
  const told: string[] = [];
  const states: { index: number; step: number; state: Uint8Array<ArrayBuffer> }[] = [];
  guest.on("state", (event) => states.push(event));
  guest.on("image", ({ index, record }) => told.push(`${index}: ${record.seed}`));
  let stopped = false;
  guest.on("step", ({ jobId, index, step }) => {
    if (stopped || index !== 1 || step < 3) return;
    stopped = true;
    void guest.api.cancel({ jobId, index, keep: true });
  });
  expect(await guest.api.draw({ model: guest.cats, request: request("a", "5", "6", "7") })).toEqual({ finished: 2 });
  expect(told).toEqual(["0: 5", "2: 7"]);
  expect(states.map(({ index }) => index)).toEqual([1]);
  expect(states[0]!.step).toBeLessThan(20);
});

test("one that nobody wants before its turn is never drawn; with the last of them the call ends", async () => {
  const host = await startHost({ engine });
  const guest = await pairedGuest(host);
  const images: string[] = [];
  guest.on("image", ({ jobId, index }) => images.push(`${jobId} ${index}`));
  const first = guest.api.draw({ model: guest.cats, request: drawRequest("first", "1", { steps: 20 }) });
  await new Promise<void>((resolve) => guest.on("step", () => resolve())); // it has its turn
  const second = guest.api.draw({ model: guest.cats, request: request("second", "1", "2", "3") });
  const third = guest.api.draw({ model: guest.cats, request: request("third", "1", "2") });
  third.catch(() => undefined);
  await guest.api.listMachines(); // they are on their way
  await guest.api.cancel({ jobId: "second", index: 0, keep: true });
  for (const index of [0, 1]) await guest.api.cancel({ jobId: "third", index, keep: true });
  await expect(third).rejects.toMatchObject({ code: "cancelled" });
  expect([await first, await second]).toEqual([{ finished: 1 }, { finished: 2 }]);
  expect(images).toEqual(["first 0", "second 1", "second 2"]);
});
