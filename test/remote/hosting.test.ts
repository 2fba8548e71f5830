/** What a machine does for others, without a network: how much of one of them may wait. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { RemoteApi, RemoteEvents } from "../../src-main/remote/contract.ts";
import { Hosting, type HostingOptions } from "../../src-main/remote/hosting.ts";
import { connect } from "../../src-main/wire/rpc.ts";
import { memoryPorts } from "../support/memoryPorts.ts";
import { sampleScene } from "../support/projects.ts";

test("what a machine asks for and takes back again keeps its place, and is refused where too much of it waits", async () => {
  const engine = { with: () => new Promise(() => undefined), cancel: () => undefined, summaryOf: () => undefined };
  const models = { api: { listModels: () => Promise.resolve([]) }, on: () => undefined };
  const hosting = new Hosting({ engine, models, name: "Workstation", app: "1.2.3" } as unknown as HostingOptions);
  const ports = memoryPorts();
  // The first one waits for room for ever, and all others for it.
  const room = () => new Promise<void>(() => undefined);
  hosting.serve({ port: ports.far, machine: "laptop", id: "session", room });
  const { api } = connect<RemoteApi, RemoteEvents>(ports.near);
  const draw = (call: string) =>
    api.draw({ call, model: { key: "demo", provider: "cpu" }, scene: sampleScene(), seeds: ["1"], previewEvery: 0, attention: false }); // prettier-ignore
  void draw(randomUUID()).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 0)); // it is in its turn
  const refusals: string[] = [];
  for (let n = 1; n < 130; n++) {
    const call = randomUUID();
    const drawn = draw(call);
    const settled = drawn.then(
      () => "drawn",
      (error: unknown) => (error as Error).message,
    );
    await api.cancel({ call, keep: false });
    refusals.push(await settled);
  }
  const kinds = new Set(refusals.slice(0, 127));
  expect(kinds).toEqual(new Set(["Cancelled before the picture."]));
  for (const one of refusals.slice(127))
    expect(one).toMatch(/^128 pictures and questions of this machine wait already/);
});
