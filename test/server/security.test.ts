/** Each way in: the token, names and pages (DNS rebinding), bodies and addresses, clients that are slow, and the token's file. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readServeOptions } from "../../src-main/server/serve.ts";
import { tokenOf } from "../../src-main/server/token.ts";
import { fakeTerminal } from "../cli/fakes.ts";
import { SCENE, startServer } from "./setting.ts";

const ADDRESSES = ["/v1/models", "/v1/openapi.json", "/v1/runs/x", "/v1/runs/x/events", "/v1/pictures/x", "/v1/scenes", "/", "/x"]; // prettier-ignore

describe("the token", () => {
  test.each(ADDRESSES)("%s says nothing without it", async (path) => {
    const server = await startServer();
    const none = await server.send(path, { headers: { Authorization: undefined } });
    expect([none.status, none.json.error?.["code"]]).toEqual([401, "wrong-token"]);
    expect(none.headers["www-authenticate"]).toContain("Bearer");
    for (const wrong of ["Bearer x", `Bearer ${server.token.slice(1)}`, `Basic ${server.token}`, server.token]) {
      expect((await server.send(path, { headers: { Authorization: wrong } })).status).toBe(401);
    }
  });

  test("may be guessed ten times in a minute; whoever has it is let in all the same, though others guess from the same address", async () => {
    const server = await startServer();
    for (let i = 0; i < 10; i++) await server.send("/v1/models", { headers: { Authorization: `Bearer wrong${i}` } });
    const guess = () => server.send("/v1/models", { headers: { Authorization: "Bearer another" } });
    const eleventh = await guess();
    expect([eleventh.status, eleventh.headers["retry-after"]]).toEqual([429, "60"]);
    expect((await server.send("/v1/models")).status).toBe(200);
    server.clock.later(61_000);
    expect((await guess()).status).toBe(401);
  });

  test("is never written to anything but its file", async () => {
    const server = await startServer();
    const { id } = await server.begin();
    const said = JSON.stringify([server.notes, (await server.events(id)).bytes.toString(), (await server.send("/v1/openapi.json")).json]); // prettier-ignore
    expect(said).not.toContain(server.token);
  });
});

describe("the token’s file", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "diorama-token-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("is made once, for its owner alone", () => {
    const file = join(folder, "deeper", "token");
    const { made } = tokenOf(file);
    expect(made).toMatch(/^[\w-]{43}$/);
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = tokenOf(file);
    expect([again.made, again.matches(made!), again.matches(`${made!}x`), again.matches("")]).toEqual([undefined, true, false, false]); // prettier-ignore
    expect(readFileSync(file, "utf8").trim()).toBe(made);
  });

  test.skipIf(process.platform === "win32")("that others can read is refused, and so is what holds no token", () => {
    const file = join(folder, "token");
    writeFileSync(file, "a".repeat(40));
    chmodSync(file, 0o640);
    expect(() => tokenOf(file)).toThrow(`The token’s file ${file} can be read by others on this machine. Run chmod 600 on it`); // prettier-ignore
    chmodSync(file, 0o600);
    expect(tokenOf(file).matches("a".repeat(40))).toBe(true);
    writeFileSync(file, "short");
    expect(() => tokenOf(file)).toThrow("holds no token: a token has 24 to 512 letters");
    writeFileSync(file, "");
    expect(() => tokenOf(file)).toThrow("holds no token");
    expect(() => tokenOf(folder)).toThrow("cannot be read: ");
    symlinkSync(join(folder, "nowhere"), join(folder, "link")); // is there already, and leads nowhere: nothing is made at its end
    expect(() => tokenOf(join(folder, "link"))).toThrow("cannot be read: ");
  });
});

describe("a name that is not this machine’s", () => {
  test.each(["evil.example", "evil.example:80", "127.0.0.1.evil.example", "169.254.1.1", "[::2]", "localhost.evil", "a b", "127.0.0.1@evil"])("%j is refused", async (Host) => {
    const server = await startServer();
    const { status, json } = await server.send("/v1/models", { headers: { Host } });
    // Of Host headers that are none at all Node itself says no.
    expect([400, 421]).toContain(status);
    if (status === 421) expect(json.error?.["code"]).toBe("wrong-host");
  }); // prettier-ignore

  test.each(["localhost", "LOCALHOST:9000", "127.0.0.1", "127.0.0.1:9000", "studio.example", "[::ffff:127.0.0.1]:1"])("%s is one of ours", async (Host) => {
    const server = await startServer({ names: ["studio.example"] });
    expect((await server.send("/v1/models", { headers: { Host } })).status).toBe(200);
  }); // prettier-ignore

  test("stands in Origin where a page of another place asks", async () => {
    const server = await startServer();
    for (const Origin of ["http://evil.example", "null", "file://", "http://127.0.0.1:1"]) {
      const answer = await server.send("/v1/models", { headers: { Origin } });
      expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([403, undefined]);
    }
    const own = { Origin: `http://127.0.0.1:${server.port}`, Host: `127.0.0.1:${server.port}` };
    expect((await server.send("/v1/models", { headers: own })).status).toBe(200);
    const preflight = await server.send("/v1/scenes", { method: "OPTIONS", headers: { Authorization: undefined } });
    expect(preflight.status).toBe(401);
  });
});

describe("what is sent", () => {
  test("is not read beyond 12 MiB, whatever its length says", async () => {
    const server = await startServer();
    const post = { method: "POST", body: SCENE };
    const said = await server.send("/v1/scenes", { ...post, headers: { "Content-Length": String(13 * 2 ** 20) } });
    expect([said.status, said.headers.connection]).toEqual([413, "close"]);
    const status = await new Promise((resolve, reject) => {
      const socket = connect(server.port, "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => (text += chunk.toString()));
      socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "EPIPE" || error.code === "ECONNRESET" ? undefined : reject(error))); // prettier-ignore
      socket.on("close", () => resolve(text.split("\r\n")[0]));
      socket.write(`POST /v1/scenes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`); // prettier-ignore
      const piece = Buffer.alloc(2 ** 20, 32);
      for (let i = 0; i < 13; i++) {
        socket.write(`${piece.length.toString(16)}\r\n`);
        socket.write(piece);
        socket.write("\r\n");
      }
    });
    expect(status).toBe("HTTP/1.1 413 Payload Too Large");
  });

  test("has to be JSON in UTF-8, not packed", async () => {
    const server = await startServer();
    const status = async (headers: Record<string, string>, body: unknown = SCENE) =>
      (await server.send("/v1/scenes", { method: "POST", body, headers })).status;
    expect(await status({ "Content-Type": "text/plain" })).toBe(415);
    expect(await status({ "Content-Type": "application/x-www-form-urlencoded" })).toBe(415);
    expect(await status({ "Content-Encoding": "gzip" })).toBe(415);
    expect(await status({}, "")).toBe(400);
    expect(await status({}, `${"[".repeat(100_000)}${"]".repeat(100_000)}`)).toBe(422);
    expect(await status({}, { ...SCENE, odd: 1 })).toBe(422);
  });

  test("is nothing for an address that is none of ours, or a method that does nothing there", async () => {
    const server = await startServer();
    const asked = ["/v1/pictures/..%2f..%2ftoken", "/v1/pictures/../token", `/v1/pictures/${"a".repeat(64)}`, "/v1/pictures/", "//evil/v1/models", "/v1/runs/__proto__", "/v1/models/", "/token"]; // prettier-ignore
    for (const path of asked) expect([path, (await server.send(path)).status]).toEqual([path, 404]);
    const put = await server.send("/v1/models", { method: "PUT" });
    expect([put.status, put.headers.allow]).toEqual([405, "GET, HEAD"]);
    expect((await server.send("/v1/scenes")).headers.allow).toBe("POST");
  });

  test("cannot fill the queue", async () => {
    const gate = Promise.withResolvers<undefined>();
    const server = await startServer({ beforeStep: () => gate.promise });
    const statuses: number[] = [];
    for (let i = 0; i < 11; i++) statuses.push((await server.begin(SCENE, "?seeds=1-1000")).status);
    expect(statuses.slice(-2)).toEqual([202, 429]);
    gate.reject(new Error("enough"));
  });
});

describe("a client that is slow", () => {
  const HEAD = "POST /v1/scenes HTTP/1.1\r\nHost: localhost\r\n";

  test("with the head or the body of a request is let go", { timeout: 10_000 }, async () => {
    const server = await startServer({ times: { head: 300, request: 600 } });
    const ended = (text: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(server.port, "127.0.0.1", () => socket.write(text));
        let answer = "";
        socket.on("data", (chunk) => (answer += chunk.toString()));
        socket.on("close", () => resolve(answer.split("\r\n")[0]!));
      });
    const body = `${HEAD}Authorization: Bearer ${server.token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
    const answers = await Promise.all([ended(HEAD), ended(body)]);
    expect(answers[0]).toBe("HTTP/1.1 408 Request Timeout");
    expect(["HTTP/1.1 408 Request Timeout", ""]).toContain(answers[1]);
  });

  test("in taking events misses steps, never pictures, and is let go when it takes nothing", async () => {
    const gate = Promise.withResolvers<undefined>();
    const beforeStep = async () => {
      await gate.promise;
      await new Promise((resolve) => setImmediate(resolve));
    };
    const server = await startServer({ patience: 300, beforeStep });
    const boxes = Array.from({ length: 60 }, (_, i) => ({ ...SCENE.boxes[0]!, name: `${"n".repeat(180)}${i}` }));
    const { id } = await server.begin({ ...SCENE, boxes, steps: 200 }, "?seeds=1-4");
    const socket: Socket = connect(server.port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.on("error", () => undefined);
    const begun = new Promise((resolve) => socket.once("data", resolve));
    socket.write(
      `GET /v1/runs/${id}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.token}\r\n\r\n`,
    );
    await begun;
    socket.pause(); // takes nothing from now on
    const other = server.events(id); // another client is told all the same
    await new Promise((resolve) => setTimeout(resolve, 50));
    gate.resolve(undefined);
    const { events, bytes } = await other;
    expect(events.filter(({ name }) => name === "picture")).toHaveLength(4);
    expect(bytes.length).toBeGreaterThan(8 * 2 ** 20);
    await new Promise((resolve) => setTimeout(resolve, 400));
    let taken = 0;
    socket.on("data", (chunk) => (taken += chunk.length));
    socket.resume();
    await closed;
    expect(taken).toBeLessThan(bytes.length - 2 ** 20);
  });
});

describe("the command line", () => {
  const read = (...argv: string[]) => readServeOptions(argv, { ...fakeTerminal().terminal, env: { XDG_CONFIG_HOME: "/data" } }); // prettier-ignore

  test("listens to this machine alone unless another address is named", () => {
    expect(read()).toMatchObject({ host: "127.0.0.1", port: 7531 });
    expect(read("--listen", ":80")).toMatchObject({ host: "127.0.0.1", port: 80 });
    expect(read("--listen", "0.0.0.0:80", "--name", "a", "--name", "b")).toMatchObject({ host: "0.0.0.0", names: ["a", "b"] }); // prettier-ignore
    expect(read("--listen", "[::1]:80", "--keep", "0.5")).toMatchObject({ host: "::1", port: 80, mostBytes: 2 ** 29 });
  });

  test.each([
    [["--listen", "80"], '--listen: expected host:port such as 127.0.0.1:7531, got "80"'],
    [["--listen", "a:99999"], "--listen: expected host:port"],
    [["--provider", "cdua"], '--provider: there is no "cdua"; did you mean "cuda"?'],
    [["--keep", "-1"], '--keep: expected GiB above 0, got "-1"'],
    [["scene.json"], "serve takes no words, got scene.json"],
    [["--lisen", "x"], "unknown option --lisen"],
  ])("refuses %j", (argv, message) => expect(() => read(...argv)).toThrow(message));
});
