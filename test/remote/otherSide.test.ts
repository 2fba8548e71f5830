/** The other machine as a guest meets it: one that says what the protocol does not allow, one that is away, one that is forgotten. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { identityIn } from "../../src-main/remote/identity.ts";
import { KnownMachines } from "../../src-main/remote/knownMachines.ts";
import { PairedMachines } from "../../src-main/remote/pairedMachines.ts";
import { EngineServer, type ServerOptions } from "../../src-main/remote/server.ts";
import { encodePng } from "../../src-main/image/png.ts";
import { refuseAnother } from "../../src-main/remote/service.ts";
import { sampleRecord, sampleScene } from "../support/projects.ts";
import { startGuest, tempFolder } from "./ends.ts";

/** A host without an engine that serves as it likes, and a guest that knows it. */
async function met(serve: ServerOptions["hosting"]["serve"], retries: number[]) {
  const folder = await tempFolder();
  const [identity, guestFolder] = [await identityIn(folder), await tempFolder()];
  const paired = new PairedMachines(join(folder, "paired.json"));
  const names = { name: "Workstation", app: "1.2.3", say: () => undefined };
  const address = { host: "127.0.0.1", port: 0 };
  const server = new EngineServer({ ...names, identity, paired, hosting: { serve }, address });
  const { port } = await server.listen();
  onTestFinished(() => server.close());
  paired.add("laptop", (await identityIn(guestFolder)).fingerprint);
  const known = new KnownMachines(join(guestFolder, "machines.json"));
  known.add({ name: "Workstation", address: `127.0.0.1:${port}`, fingerprint: identity.fingerprint });
  return { server, guest: await startGuest({ folder: guestFolder, retries }) };
}

test("a machine that says what no engine says is told as that, not as one that does not answer", async () => {
  const { guest } = await met(({ port }) => port.post({ kind: "shout" }), [60_000]);
  await guest.api.listMachines();
  const { problem } = await guest.until("lost");
  expect(problem).toMatch(/is no engine of Diorama, or does not say what it should/);
});

test("a machine is forgotten at once, connected or away, however long until the next try", async () => {
  const { server, guest } = await met(() => undefined, [60_000]);
  const [machine] = await guest.api.listMachines();
  await expect.poll(() => server.connected, { timeout: 5_000 }).toEqual(["laptop"]);
  await guest.api.forgetMachine({ id: machine!.id });
  expect(await guest.api.listMachines()).toEqual([]);
}, 10_000);

test("a picture of another size or seed than was asked for is refused, before it is decoded", () => {
  const scene = sampleScene();
  const { width, height } = scene.settings;
  const picture = (side: number) => encodePng({ width: side, height, data: new Uint8Array(side * height * 4) });
  const asked = { scene, seeds: ["7", "8"] };
  const take = (side: number, seed: string, index: number) => () =>
    refuseAnother({ index, picture: picture(side), record: sampleRecord(scene, seed) }, asked);
  expect(take(width, "7", 0)).not.toThrow();
  expect(take(width, "8", 1)).not.toThrow();
  expect(take(width + 8, "7", 0)).toThrow(`it is ${width + 8} x ${height}, not ${width} x ${height}`);
  expect(take(width, "8", 0)).toThrow("it is of seed 8, not 7");
  expect(take(width, "9", 2)).toThrow("it is of seed 9, not undefined");
});
