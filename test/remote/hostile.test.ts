/** Every way in, tried by those who mean harm: nothing they send does more than end their own connection. */
import { readFileSync, writeFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { Engine } from "../../src-main/engine/host.ts";
import { decode, encode } from "../../src-main/remote/codec.ts";
import { type Identity, identityIn } from "../../src-main/remote/identity.ts";
import { PATHS, PROTOCOL } from "../../src-main/remote/protocol.ts";
import { drawRequest, fakeEngine, startHost, tempFolder } from "./ends.ts";

let engine: Engine;
beforeAll(async () => void (engine = await fakeEngine()));
afterAll(() => engine.stop(1_000));

type Host = Awaited<ReturnType<typeof startHost>>;

/** A WebSocket with a certificate of one's own choice, and what came of it. */
function knock(host: Host, identity: Identity | undefined, path: string) {
  const own = identity ? { key: identity.key, cert: identity.cert } : {};
  const createConnection = () =>
    connect({ port: host.port, host: "127.0.0.1", ...own, rejectUnauthorized: false, servername: "diorama" });
  const socket = new WebSocket(`ws://diorama${path}`, { createConnection, perMessageDeflate: false });
  onTestFinished(() => socket.terminate());
  const heard: unknown[] = [];
  socket.on("message", (data: Buffer) => heard.push(decode(data)));
  const refusal = new Promise<string>((resolve) => {
    socket.on("unexpected-response", (request, response) => {
      resolve(String(response.headers["x-diorama-refusal"]));
      request.destroy();
    });
    socket.on("error", () => resolve("error"));
  });
  const opened = new Promise<void>((resolve) => socket.on("open", resolve));
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  return { socket, heard, refusal, opened, closed };
}

/** A host that knows one identity, which a test speaks for itself. */
async function known(limits: Parameters<typeof startHost>[0]["limits"] = {}) {
  const host = await startHost({ engine, limits });
  const identity = await identityIn(await tempFolder());
  host.paired.add("laptop", identity.fingerprint);
  return { host, identity };
}

const hello = (more = {}) =>
  encode({ kind: "hello", protocol: PROTOCOL, app: "1", session: null, received: 0, ...more });
const data = (number: number, message: unknown) => encode({ kind: "data", number, received: 0, message });

async function greeted({ host, identity }: Awaited<ReturnType<typeof known>>) {
  const at = knock(host, identity, PATHS.engine);
  await at.opened;
  const welcome = new Promise<void>((resolve) => at.socket.once("message", () => resolve()));
  at.socket.send(hello());
  await welcome;
  return at;
}

test("strangers are turned away before a word: without a certificate, with one that nobody knows, at other paths, for a code that nobody shows", async () => {
  const host = await startHost({ engine });
  const stranger = await identityIn(await tempFolder());
  expect(await knock(host, undefined, PATHS.engine).refusal).toBe("unpaired");
  expect(await knock(host, undefined, PATHS.pair).refusal).toBe("unpaired");
  expect(await knock(host, stranger, PATHS.engine).refusal).toBe("unpaired");
  expect(await knock(host, stranger, PATHS.pair).refusal).toBe("pairing-closed");
  expect(await knock(host, stranger, "/../etc").refusal).toBe("foreign");
  expect(host.said).toEqual([]);
});

test.each([
  ["nothing but noise", Buffer.from("\u0000\u00ff\u00c1 hello"), 4_400],
  ["text", "hello", 4_400],
  ["lists within lists", Buffer.alloc(200, 0x91), 4_400],
  ["a greeting that is too long", Buffer.alloc(100_000, 1), 4_400],
  ["a greeting of another kind", encode({ kind: "data", protocol: PROTOCOL, app: "1" }), 4_400],
  ["a greeting with more than it has", hello({ extra: true }), 4_400],
  ["a greeting of a later program", hello({ protocol: PROTOCOL + 1, extra: { of: "later" } }), 4_403],
])("%s in place of a greeting ends that connection", async (_, bytes, code) => {
  const at = await known();
  const { socket, opened, closed, heard } = knock(at.host, at.identity, PATHS.engine);
  await opened;
  socket.send(bytes);
  expect(await closed).toBe(code);
  expect(heard).toEqual(code === 4_403 ? [{ kind: "refused", why: "version", protocol: PROTOCOL, app: "1.2.3" }] : []);
});

test.each([
  ["noise", Buffer.from([0xc1, 0xff])],
  ["a frame that is none", encode({ kind: "shout" })],
  ["a frame out of its order", data(7, {})],
  ["an answer to what was never said", encode({ kind: "ack", received: 9 })],
  ["a map of four milliards", Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff])],
])("%s in a session ends the session, says so, and nothing else", async (_, bytes) => {
  const at = await known();
  const { socket, closed } = await greeted(at);
  socket.send(bytes);
  expect(await closed).toBe(4_400);
  expect(at.host.said.at(-1)).toMatch(/^“laptop” sent what is no message: .*\. It was disconnected\.$/);
});

test("who says to have heard much of a session that is gone begins a new one, which keeps nothing for good", async () => {
  const at = await known();
  const { socket, opened, heard } = knock(at.host, at.identity, PATHS.engine);
  await opened;
  const session = "00000000-0000-4000-8000-000000000000";
  socket.send(hello({ session, received: Number.MAX_SAFE_INTEGER }));
  await expect.poll(() => heard.length, { timeout: 5_000 }).toBe(1);
  expect(heard[0]).toMatchObject({ kind: "welcome", resumed: false, received: 0 });
});

test("requests are looked at like any other: a wrong field is named, a method that is none is too, and the session goes on", async () => {
  const at = await known();
  const { socket, heard } = await greeted(at);
  const model = { key: "demo", provider: "cpu" };
  const call = "00000000-0000-4000-8000-000000000000";
  const requests: [string, unknown][] = [
    ["load", { call, model: { ...model, key: "../../etc/passwd" } }],
    ["load", { call, model: { ...model, vae: "/etc/passwd" } }],
    ["draw", { call, model, ...drawRequest("a") }],
    ["constructor", {}],
    ["unload", undefined],
    ["load", { call, model: { ...model, key: "name-mice" } }],
  ];
  for (const [i, [method, request]] of requests.entries())
    socket.send(data(i + 1, { kind: "call", id: i, method, request }));
  const answers = () =>
    heard.flatMap((frame) =>
      (frame as { message?: { error?: { message: string } } }).message?.error
        ? [(frame as { message: { error: { message: string } } }).message.error.message]
        : [],
    );
  await expect.poll(() => answers().length, { timeout: 5_000 }).toBe(requests.length);
  expect(answers().join("\n")).toMatch(
    /model\.key: expected the key.*\n.*vae.*\n.*\n.*no method "constructor".*\n.*no method "unload".*\n.*Workstation has no checkpoint “mice”/,
  );
  expect(socket.readyState).toBe(socket.OPEN);
});

test("who says nothing, or says it letter by letter, is dropped in time, and takes nobody's place", async () => {
  const at = await known({ greeting: 1_000, strangers: 4 });
  const ended = (socket: Socket | TLSSocket) => new Promise<void>((resolve) => socket.on("close", () => resolve()));
  const raw = connectTcp(at.host.port, "127.0.0.1"); // not even TLS
  const { key, cert } = at.identity;
  const tls = connect({ port: at.host.port, host: "127.0.0.1", key, cert, rejectUnauthorized: false });
  for (const socket of [raw, tls]) socket.on("error", () => undefined);
  const letters = setInterval(() => tls.writable && tls.write("G"), 50);
  onTestFinished(() => clearInterval(letters));
  const silent = knock(at.host, at.identity, PATHS.engine); // a WebSocket without a greeting
  await Promise.all([ended(raw), ended(tls), silent.closed]);
  // More strangers at a time than one address may have.
  const crowd = Array.from({ length: 8 }, () => connectTcp(at.host.port, "127.0.0.1"));
  for (const socket of crowd) socket.on("error", () => undefined);
  await Promise.all(crowd.map(ended));
  const { socket } = await greeted(at);
  expect(socket.readyState).toBe(socket.OPEN);
});

test("who is revoked while it says nothing is not let in by the greeting that it kept back", async () => {
  const at = await known();
  const { socket, opened, closed, heard } = knock(at.host, at.identity, PATHS.engine);
  await opened;
  at.host.paired.revoke("laptop");
  socket.send(hello());
  expect(await closed).toBe(4_403);
  expect([heard, at.host.server.connected]).toEqual([[], []]);
});

test("what a stranger writes moves no cursor in the terminal of whoever sits at the engine", async () => {
  const at = await known();
  const { socket, opened, closed } = knock(at.host, at.identity, PATHS.engine);
  await opened;
  socket.send(hello({ kind: "\u001b[2J\u001b]0;x\u0007\n" }));
  await closed;
  expect(at.host.said.join("")).toMatch(/^[^\p{C}]+$/u);
  expect(at.host.said).toHaveLength(1);
});

test("a pairing that is begun and left is a try all the same", async () => {
  const host = await startHost({ engine, limits: { greeting: 1_000 } });
  const identity = await identityIn(await tempFolder());
  host.server.beginPairing();
  const { socket, opened, closed } = knock(host, identity, PATHS.pair);
  await opened;
  socket.send(encode({ kind: "pair", protocol: PROTOCOL, app: "1", name: "x", share: new Uint8Array(32) }));
  await closed;
  expect(host.server.pairing!.left).toBe(4);
  // Whoever shows the code hears of it: a stranger's tries make it void.
  await expect.poll(() => host.said).toEqual(["Somebody began to pair and left off. 4 more tries."]);
  expect(host.paired.list()).toEqual([]);
});

test("where the list of machines is damaged nobody is let in, and the engine says so and stays", async () => {
  const at = await known();
  const list = join(at.host.folder, "paired.json");
  const before = readFileSync(list);
  writeFileSync(list, "{");
  expect(await knock(at.host, at.identity, PATHS.engine).refusal).toBe("busy");
  expect(at.host.said).toEqual([
    expect.stringMatching(/paired\.json cannot be read: .* Remove the file and pair them again\./),
  ]);
  writeFileSync(list, before);
  const { socket } = await greeted(at);
  expect(socket.readyState).toBe(socket.OPEN);
});
