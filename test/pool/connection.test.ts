/** The way to a pool: addresses, passwords, TLS; every refusal in words, and no password in any of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readAddress, shownAddress } from "../../src-main/pool/address.ts";
import { accessOf, checkPool } from "../../src-main/pool/connection.ts";
import { messageOf } from "../../src-main/wire/errors.ts";
import { freePort } from "../support/freePort.ts";
import { startRedis, whyNoRedis } from "../support/redis.ts";

const problemOf = (url: string, ca?: string) =>
  checkPool(accessOf(url, ca), 1_000).then(
    ({ server }) => `no problem with ${server}`,
    (error: unknown) => messageOf(error),
  );

test("an address is read with all its parts, and shown without the password", () => {
  const address = readAddress("rediss://ann:p%40ss%2Fword@pool.example:6380/3");
  expect(address).toEqual({ host: "pool.example", port: 6380, tls: true, user: "ann", password: "p@ss/word", database: 3 }); // prettier-ignore
  expect(shownAddress(address)).toBe("rediss://ann@pool.example:6380/3");
  expect(shownAddress(readAddress("redis://[::1]"))).toBe("redis://[::1]:6379");
});

test.each([
  ["http://host", "begins with http://"],
  ["redis://", "names no host"],
  ["redis://host/cats", "no number of a database"],
  ["redis://ann:50%@host", "% signs"],
  ["host", "cannot be read"],
  [`redis://ann:${"secret".repeat(300)}@host`, "more than 1000 characters"],
])("%.30s is refused in words, without what it says", (text, why) => {
  let problem = "";
  try {
    readAddress(text);
  } catch (error) {
    problem = messageOf(error);
  }
  expect(problem).toContain(why);
  expect(problem).toContain("redis://user:password@host:6379");
  expect(problem).not.toMatch(/secret|50%/);
});

describe.skipIf(whyNoRedis())("a server", () => {
  test("is described: what it is, and that it keeps no log", async () => {
    const { url, port } = await startRedis();
    const check = await checkPool(accessOf(url));
    expect(check.address).toBe(`redis://127.0.0.1:${port}`);
    expect(check.server).toMatch(/^(Redis|Valkey) \d+\.\d/);
    expect(check.notes).toEqual([expect.stringContaining("appendonly no")]);
  });

  test("with a password: a wrong one, none, and one too many", async () => {
    const { port } = await startRedis({ password: "sesame-4711" });
    const at = (who: string) => `redis://${who}127.0.0.1:${port}`;
    expect(await problemOf(at(":sesame-4711@"))).toContain("no problem");
    const wrong = await problemOf(at("ann:open-4712@"));
    expect(wrong).toContain(`refuses the password for the user ann`);
    expect(wrong).not.toContain("open-4712");
    expect(await problemOf(at(""))).toContain("wants a password");
  });

  test("with TLS: asked without, asked by the wrong name, with and without its certificate", async () => {
    const { port, folder } = await startRedis({ tls: true });
    expect(await problemOf(`redis://127.0.0.1:${port}`)).toContain("wants TLS. Write its address with rediss://");
    expect(await problemOf(`rediss://127.0.0.1:${port}`)).toContain("signed by nobody whom this computer knows");
    const ca = readFileSync(join(folder, "cert.pem"), "utf8");
    expect(await problemOf(`rediss://127.0.0.1:${port}`, ca)).toContain("no problem");
    const plain = await startRedis();
    expect(await problemOf(`rediss://127.0.0.1:${plain.port}`)).toContain("does not speak TLS");
  });

  test("that is not there, or that nobody knows", async () => {
    expect(await problemOf(`redis://127.0.0.1:${await freePort()}`)).toContain("Nothing listens at");
    expect(await problemOf("redis://no-such-host.invalid")).toContain(
      "There is no computer called no-such-host.invalid",
    );
  });
});
