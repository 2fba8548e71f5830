/** Who may draw on a machine: whoever typed its code, saw its certificate, and was not revoked. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { connect } from "node:tls";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Engine } from "../../src-main/engine/host.ts";
import { identityIn } from "../../src-main/remote/identity.ts";
import { readAddress, showAddress } from "../../src-main/remote/dial.ts";
import { drawRequest, fakeEngine, pairedGuest, startGuest, startHost, tempFolder } from "./ends.ts";

let engine: Engine;
beforeAll(async () => void (engine = await fakeEngine()));
afterAll(() => engine.stop(1_000));

test("with the code that one shows, the other is paired, knows its models, and draws on it", async () => {
  const host = await startHost({ engine });
  expect(host.server.pairing).toBeUndefined(); // nothing is open that nobody asked for
  const guest = await pairedGuest(host);
  const { name, info, state } = await guest.until("connected");
  expect([name, state, info!.provider, info!.models.map((model) => model.name)]).toEqual([
    ...["Workstation", "connected", "cpu"],
    ["demo", "cats", "dogs"],
  ]);
  expect(host.server.pairing).toBeUndefined(); // a code pairs one machine
  const images: unknown[] = [];
  guest.on("image", (image) => images.push(image));
  const summary = await guest.api.load({ call: "1", model: guest.cats });
  expect(summary).toMatchObject({ path: guest.cats.path, name: "cats" });
  expect(await guest.api.draw({ model: guest.cats, request: drawRequest("a", "7") })).toEqual({ finished: 1 });
  expect(images).toMatchObject([
    { jobId: "a", pixels: { width: 64, height: 64, data: new Uint8Array(64 * 64 * 4).fill(7) }, record: { seed: "7" } },
  ]);
  expect(host.paired.list()).toMatchObject([{ revoked: null }]);
  // A live draft there takes over what the one before has drawn, as it does here.
  const live = { ...drawRequest("b", "7"), sharesBeginning: true };
  await guest.api.draw({ model: guest.cats, request: live });
  expect(images[1]).toMatchObject({ jobId: "b", shared: 1 });
});

test("keys are nobody else's to read", async () => {
  const folder = await tempFolder();
  const made = await identityIn(folder);
  expect(await identityIn(folder)).toEqual(made);
  if (process.platform !== "win32") expect(statSync(join(folder, "identity.json")).mode & 0o077).toBe(0);
});

test("another code is refused, and after five tries every code is", async () => {
  const host = await startHost({ engine });
  const guest = await startGuest();
  const { code } = host.server.beginPairing();
  const wrong = code.startsWith("0000") ? "1111 1111" : "0000 0000";
  for (const left of ["4 more tries", "3 more", "2 more", "1 more", "That was the last try"]) {
    await expect(guest.api.pairMachine({ address: host.address, code: wrong })).rejects.toMatchObject({
      code: "machine-failed",
      message: expect.stringContaining(left) as string,
      details: { why: "wrong-code" },
    });
  }
  await expect(guest.api.pairMachine({ address: host.address, code })).rejects.toMatchObject({
    details: { why: "pairing-closed" },
  });
  expect(host.paired.list()).toEqual([]);
  expect(host.said.slice(-2)).toEqual([
    "A wrong code was typed. 1 more try.",
    "A wrong code was typed. That was the last try: the code is void. Show another one.",
  ]);
});

test("a code is good for its time, and what is no code is told before anything is sent", async () => {
  const host = await startHost({ engine, limits: { code: -1 } });
  const guest = await startGuest();
  const { code } = host.server.beginPairing();
  await expect(guest.api.pairMachine({ address: host.address, code })).rejects.toMatchObject({
    details: { why: "pairing-closed" },
  });
  await expect(guest.api.pairMachine({ address: host.address, code: "12 34" })).rejects.toThrow("eight digits");
  await expect(guest.api.pairMachine({ address: "no address", code })).rejects.toThrow("is no address");
});

test("a relay that ends TLS itself pairs nobody, though it passes on every word", async () => {
  const host = await startHost({ engine });
  const { key, cert } = await identityIn(await tempFolder());
  const relay = createServer({ key, cert, requestCert: true, rejectUnauthorized: false }, (near: TLSSocket) => {
    const far = connect({
      port: host.port,
      host: "127.0.0.1",
      key,
      cert,
      rejectUnauthorized: false,
      servername: "diorama",
    });
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void relay.close());
  const guest = await startGuest();
  const { code } = host.server.beginPairing();
  const address = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
  await expect(guest.api.pairMachine({ address, code })).rejects.toMatchObject({ details: { why: "wrong-code" } });
  expect(host.paired.list()).toEqual([]);
  expect(host.server.pairing).toMatchObject({ left: 4 });
});

test("a machine that was paired is known by its certificate: another at its address hears nothing", async () => {
  const host = await startHost({ engine });
  const guest = await pairedGuest(host);
  await host.close();
  const other = await startHost({ engine, port: host.port });
  const refused = await guest.until("refused");
  expect(refused.problem).toContain("has another certificate than the machine that was paired");
  expect(other.said).toEqual([]);
  await expect(guest.api.load({ call: "1", model: guest.cats })).rejects.toMatchObject({
    details: { why: "certificate" },
  });
});

test("a machine that is not on the list is turned away before a word, one that was revoked is cut off", async () => {
  const host = await startHost({ engine });
  const [guest, stays] = [await pairedGuest(host), await pairedGuest(host)];
  const [first, second] = host.paired.list();
  expect(second!.name).toBe(`${first!.name} (2)`);
  expect(() => host.paired.revoke(`${first!.name}x`)).toThrow(`did you mean`);
  const drawing = guest.api.draw({ model: guest.cats, request: drawRequest("a", "1", { steps: 200 }) });
  drawing.catch(() => undefined);
  host.paired.revoke(first!.name);
  const refused = await guest.until("refused");
  expect(refused.problem).toContain("has revoked this machine");
  await expect(drawing).rejects.toMatchObject({ details: { why: "revoked" } });
  expect(stays.machines()[0]!.state).toBe("connected");
  expect(await stays.api.draw({ model: stays.cats, request: drawRequest("b") })).toEqual({ finished: 1 });
  host.server.beginPairing();
  await guest.api.retryMachine({ id: guest.id });
  expect((await guest.until("refused")).problem).toContain("has revoked this machine");
  // Whoever sits there lets it in again.
  await guest.api.pairMachine({ address: host.address, code: host.server.pairing!.code });
  await guest.until("connected");
});

test("addresses are read as people write them", () => {
  const read = (text: string) => showAddress(readAddress(text));
  expect(["ws", " ws:80 ", "192.168.1.20", "[::1]:5", "fe80::1", "https://a.local:7/"].map(read)).toEqual([
    ...["ws:7493", "ws:80", "192.168.1.20:7493", "[::1]:5", "[fe80::1]:7493", "a.local:7"],
  ]);
  for (const text of ["", "a b", "a:99999", "a:0", "user@a", "a/b"])
    expect(() => readAddress(text)).toThrow("is no address");
});
