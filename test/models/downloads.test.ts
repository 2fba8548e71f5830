/** Downloads from a hub on this machine, and everything that can go wrong with them. */
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { RepoCache, refuseWithoutRoom } from "../../src-main/models/hub/cache.ts";
import { retryAfter, transfer } from "../../src-main/models/hub/transfer.ts";
import { always, BIG, blobs, cache, get, hub, make, onBytes, SMALL } from "../support/downloading.ts";
import { COMMIT, oidOf } from "../support/hub.ts";
import { canMount, smallDisk } from "../support/smallDisk.ts";

describe("a download", () => {
  test("lies in the cache as its other programs keep it, and opens", async () => {
    const { downloads, memory } = make();
    const described = await downloads.describe("me/demo");
    expect(described).toMatchObject({
      repo: "me/demo",
      commit: COMMIT,
      licence: "mit",
      gated: false,
      link: `${hub.url}/me/demo`,
      notes: [],
    });
    expect(described.choices[0]).toMatchObject({ id: "folder", cached: 0 });
    const done = await get(downloads, "me/demo");
    const snapshot = join(cache, "models--me--demo", "snapshots", COMMIT);
    expect(done).toMatchObject({ state: "done", path: snapshot, message: null });
    expect(done.done).toBe(done.total);
    const checkpoint = await openCheckpoint(snapshot);
    expect(checkpoint.name).toBe("me/demo");
    const link = join(snapshot, "unet", "diffusion_pytorch_model.safetensors");
    const original = readFileSync("resources/models/demo/unet/diffusion_pytorch_model.safetensors");
    expect(readlinkSync(link)).toBe(`../../../blobs/${oidOf(original, true)}`);
    expect(readFileSync(link).equals(original)).toBe(true);
    expect(readFileSync(join(cache, "models--me--demo", "refs", "main"), "utf8")).toBe(COMMIT);
    expect(memory.choices.downloads).toEqual([]);
    expect((await downloads.describe("me/demo")).choices[0]!.cached).toBe(done.total);
  });

  test("has weights, JSON and text alone: nothing else is asked for", async () => {
    const { downloads } = make();
    await get(downloads);
    expect(blobs()).toEqual([oidOf(BIG, true), oidOf(SMALL, false)].filter((oid) => oid === oidOf(BIG, true)).sort());
    expect(hub.asked.filter(({ url }) => /evil|readme/.test(url))).toEqual([]);
  });

  test("what is here already is not fetched again", async () => {
    const { downloads } = make();
    await get(downloads);
    const before = hub.asked.length;
    expect((await get(downloads)).state).toBe("done");
    expect(hub.asked.slice(before).filter(({ url }) => url.includes("/resolve/"))).toEqual([]);
  });

  test("goes on where the connection was cut", async () => {
    const { downloads, waits } = make();
    onBytes(2, (response, { range }) => {
      const from = Number(/\d+/.exec(range ?? "0")![0]);
      const head = range === undefined ? {} : { "Content-Range": `bytes ${from}-${BIG.length - 1}/${BIG.length}` };
      response.writeHead(range === undefined ? 200 : 206, { "Content-Length": BIG.length - from, ...head });
      response.write(BIG.subarray(from, from + 1_000_000), () => setTimeout(() => response.destroy(), 20));
    });
    expect(await get(downloads)).toMatchObject({ state: "done" });
    const ranges = hub.asked.filter(({ url }) => url.startsWith("/cdn/")).map(({ range }) => range);
    expect(ranges).toHaveLength(3);
    expect(ranges[0]).toBeUndefined();
    expect(Number(/\d+/.exec(ranges[2]!)![0])).toBeGreaterThan(1_500_000); // the last bytes before a cut may be lost
    expect(waits.asked).toEqual([1_000, 1_000]);
  });

  test("is given up after six tries without a byte, and what has come is kept", async () => {
    const { downloads, memory } = make();
    onBytes(1, (response) => {
      response.writeHead(200, { "Content-Length": BIG.length });
      response.write(BIG.subarray(0, 1_000_000), () => setTimeout(() => response.destroy(), 20));
    });
    onBytes(100, (response) => response.destroy());
    const failed = await get(downloads);
    expect(failed.state).toBe("failed");
    expect(failed.done).toBeGreaterThan(500_000);
    expect(failed.message).toContain("resume it later");
    expect(memory.choices.downloads).toHaveLength(1);
    hub.faults.length = 0;
    await downloads.resume(failed.id);
    expect(await downloads.ended(failed.id)).toMatchObject({ state: "done" });
  });

  test("whose hash is wrong twice is thrown away", async () => {
    const { downloads } = make();
    const wrong = Buffer.from(BIG);
    wrong[1_234_567]! ^= 1;
    onBytes(2, (response) => void response.writeHead(200).end(wrong));
    const failed = await get(downloads);
    expect(failed).toMatchObject({
      state: "failed",
      message: expect.stringContaining("came damaged twice") as unknown,
    });
    expect(blobs()).toEqual([]);
  });

  test("whose hash is wrong once is fetched once more", async () => {
    const { downloads } = make();
    onBytes(1, (response) => void response.writeHead(200).end(Buffer.alloc(BIG.length)));
    expect(await get(downloads)).toMatchObject({ state: "done" });
  });

  test("a small file is checked by git's hash", async () => {
    const { downloads } = make();
    always(/resolve.*model_index/, 200, {}, "x".repeat(hub.repos["me/demo"]!.files["model_index.json"]!.length));
    expect(await get(downloads, "me/demo")).toMatchObject({
      state: "failed",
      message: expect.stringContaining("model_index.json") as unknown,
    });
    expect(existsSync(join(cache, "models--me--demo", "snapshots"))).toBe(false);
  });

  test("of more bytes than stated stops at once", async () => {
    const { downloads } = make();
    onBytes(1, (response) => {
      response.writeHead(200);
      const more = () => response.write(BIG, () => (response.destroyed ? undefined : setImmediate(more)));
      more();
    });
    expect(await get(downloads)).toMatchObject({
      state: "failed",
      message: expect.stringContaining("sent more") as unknown,
    });
    expect(blobs()).toEqual([]);
  });

  test("waits as long as it is told to (429, Retry-After), and says so", async () => {
    const { downloads, waits } = make();
    onBytes(1, (response) => void response.writeHead(429, { "Retry-After": "7" }).end());
    expect(await get(downloads)).toMatchObject({ state: "done", message: null });
    expect(waits.asked).toEqual([7_000]);
  });

  test("a hub that is out of order is asked again", async () => {
    const { downloads, waits } = make();
    onBytes(2, (response) => void response.writeHead(503).end());
    expect(await get(downloads)).toMatchObject({ state: "done" });
    expect(waits.asked).toEqual([1_000, 2_000]);
  });

  test.each([
    [206, { "Content-Range": `bytes 0-${BIG.length - 1}/${BIG.length}` }],
    [416, {}],
  ])("an answer of another part (%i) begins from the start", async (status, headers) => {
    const { downloads } = make();
    const file = new RepoCache(cache, "me/mine");
    mkdirSync(file.blobs, { recursive: true });
    writeFileSync(join(file.blobs, `${oidOf(BIG, true)}.incomplete`), BIG.subarray(0, 500_000));
    onBytes(1, (response) => void response.writeHead(status, headers).end(status === 206 ? BIG : ""));
    expect(await get(downloads)).toMatchObject({ state: "done" });
  });

  test("what another program has left incomplete is gone on with, and checked", async () => {
    const { downloads } = make();
    const file = new RepoCache(cache, "me/mine");
    mkdirSync(file.blobs, { recursive: true });
    writeFileSync(join(file.blobs, `${oidOf(BIG, true)}.incomplete`), BIG.subarray(0, 500_000));
    expect(await get(downloads)).toMatchObject({ state: "done" });
    expect(hub.asked.find(({ url }) => url.startsWith("/cdn/"))!.range).toBe("bytes=500000-");
  });

  test("is paused within a piece and resumed", async () => {
    const { downloads } = make();
    let began = () => {};
    const beginning = new Promise<void>((resolve) => (began = resolve));
    onBytes(1, (response) => {
      response.writeHead(200, { "Content-Length": BIG.length });
      response.write(BIG.subarray(0, 1_000_000), () => began());
    });
    const { commit, choices } = await downloads.describe("me/mine");
    const { id } = await downloads.start({ repo: "me/mine", commit, choice: choices[0]!.id, title: "Mine" });
    await beginning;
    await vi.waitFor(() => expect(downloads.list[0]!.done).toBe(1_000_000));
    expect(await downloads.pause(id)).toMatchObject({ state: "paused", done: 1_000_000 });
    await downloads.resume(id);
    expect(await downloads.ended(id)).toMatchObject({ state: "done" });
    expect(hub.asked.filter(({ url }) => url.startsWith("/cdn/")).at(-1)!.range).toBe("bytes=1000000-");
  });

  test("is there after a restart, waits to be resumed, and fetches nothing until then", async () => {
    const { downloads, data } = make();
    onBytes(1, (response) => {
      response.writeHead(200, { "Content-Length": BIG.length });
      response.write(BIG.subarray(0, 1_000_000));
    });
    const { commit, choices } = await downloads.describe("me/mine");
    const { id } = await downloads.start({ repo: "me/mine", commit, choice: choices[0]!.id, title: "Mine" });
    await vi.waitFor(() => expect(downloads.list[0]!.done).toBe(1_000_000));
    await downloads.close();
    const before = hub.asked.length;
    const again = make(data).downloads;
    await vi.waitFor(() =>
      expect(again.list).toMatchObject([{ id, title: "Mine", state: "paused", done: 1_000_000, total: BIG.length }]),
    );
    expect(hub.asked.length).toBe(before);
    await again.resume(id);
    expect(await again.ended(id)).toMatchObject({ state: "done" });
  });

  test("that is given up leaves nothing, and takes nothing that is used", async () => {
    const { downloads, memory } = make();
    await get(downloads, "me/demo");
    hub.repos["me/demo"]!.files["new.safetensors"] = BIG;
    onBytes(100, (response) => {
      response.writeHead(200, { "Content-Length": BIG.length });
      response.write(BIG.subarray(0, 1_000));
    });
    const { commit } = await downloads.describe("me/demo");
    const { id } = await downloads.start({ repo: "me/demo", commit, choice: "new.safetensors", title: "New" });
    await vi.waitFor(() => expect(downloads.list.at(-1)!.done).toBe(1_000));
    const before = blobs("me--demo").filter((name) => !name.endsWith(".incomplete"));
    await downloads.remove(id);
    expect(blobs("me--demo")).toEqual(before);
    expect(memory.choices.downloads).toEqual([]);
    await openCheckpoint(join(cache, "models--me--demo", "snapshots", COMMIT));
  });
});

test("a disk without room is told before anything is fetched", async () => {
  await expect(refuseWithoutRoom(cache, 1e18)).rejects.toThrow(/has [\d.]+ GB free, and [\d.]+ GB are needed/);
  await refuseWithoutRoom(cache, 1);
});

test.skipIf(!canMount)(
  "a disk that fills up in the middle keeps what has come, and goes on when there is room",
  async () => {
    const { folder, fill, makeRoom } = smallDisk(8);
    const disk = new RepoCache(folder, "me/mine");
    mkdirSync(disk.blobs, { recursive: true });
    fill(1_000_000);
    const file = {
      path: "big.safetensors",
      bytes: BIG.length,
      hash: { kind: "sha256" as const, hex: oidOf(BIG, true) },
    };
    let here = 0;
    const options = {
      ...{
        address: { url: hub.url },
        repo: "me/mine",
        commit: COMMIT,
        file,
        cache: disk,
        signal: new AbortController().signal,
      },
      onHere: (bytes: number) => (here = bytes),
      onWait: () => undefined,
    };
    await expect(transfer(options)).rejects.toThrow("is full. Make room, and resume");
    expect(statSync(disk.incomplete(file)).size).toBe(here);
    expect(here).toBeGreaterThan(500_000);
    makeRoom();
    await transfer(options);
    expect(readFileSync(disk.blob(file)).equals(BIG)).toBe(true);
  },
);

test("Retry-After is seconds or a date, and never for ever", () => {
  expect(retryAfter("3")).toBe(3);
  expect(retryAfter("999999")).toBe(900);
  expect(retryAfter("Thu, 01 Jan 2026 00:00:10 GMT", Date.parse("2026-01-01T00:00:00Z"))).toBe(10);
  expect(retryAfter("soon")).toBeUndefined();
});

test("links are links, and the files behind them whole", async () => {
  await get(make().downloads);
  const link = join(cache, "models--me--mine", "snapshots", COMMIT, "big.safetensors");
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(statSync(link).size).toBe(BIG.length);
});
