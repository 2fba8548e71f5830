/** Calls over an in-memory pair of ports: answers, events, errors, cancellation, and the end of the other side. */
import * as v from "valibot";
import { expect, test } from "vitest";
import { AppError } from "../../src-main/wire/errors.ts";
import { memoryPorts } from "../support/memoryPorts.ts";
import { connect, serve, type Handlers } from "../../src-main/wire/rpc.ts";

interface Kitchen {
  boil(minutes: number): Promise<string>;
  clean(): Promise<void>;
  weigh(bytes: Uint8Array): Promise<Float32Array>;
}
interface KitchenEvents {
  steam: { celsius: number };
}
const schemas = {
  boil: v.pipe(v.number(), v.minValue(1, "expected at least 1")),
  clean: v.undefined(),
  weigh: v.instance(Uint8Array),
};

function kitchen(changes: Partial<Handlers<Kitchen>> = {}) {
  const ports = memoryPorts();
  const handlers: Handlers<Kitchen> = {
    boil: (minutes) => `boiled for ${minutes}`,
    clean: () => undefined,
    weigh: (bytes) => Float32Array.from(bytes, (byte) => byte / 2),
    ...changes,
  };
  const server = serve<Kitchen, KitchenEvents>(ports.far, handlers, schemas);
  return { ...connect<Kitchen, KitchenEvents>(ports.near), server, ports };
}
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

test("a call resolves to what its handler returns", async () => {
  await expect(kitchen().api.boil(3)).resolves.toBe("boiled for 3");
  await expect(kitchen().api.clean()).resolves.toBeUndefined();
});

test("typed arrays cross in both directions", async () => {
  await expect(kitchen().api.weigh(Uint8Array.of(1, 4))).resolves.toEqual(Float32Array.of(0.5, 2));
});

test("calls may finish in another order than they were made", async () => {
  const release = Promise.withResolvers<undefined>();
  const { api } = kitchen({
    boil: async (minutes) => {
      if (minutes === 20) await release.promise;
      return `${minutes}`;
    },
  });
  const slow = api.boil(20);
  await expect(api.boil(1)).resolves.toBe("1");
  release.resolve(undefined);
  await expect(slow).resolves.toBe("20");
});

test("an error keeps its code, its message and its details", async () => {
  const { api } = kitchen({
    boil: () => {
      throw new AppError("not-found", "There is no pot.", { what: "pot", id: "7" });
    },
  });
  await expect(api.boil(3)).rejects.toMatchObject({
    code: "not-found",
    message: "There is no pot.",
    details: { what: "pot", id: "7" },
  });
});

test("an error that is no AppError arrives as internal, with its message", async () => {
  const { api } = kitchen({ boil: () => Promise.reject(new TypeError("pot is undefined")) });
  await expect(api.boil(3)).rejects.toMatchObject({ code: "internal", message: "pot is undefined" });
});

test("a method that the contract does not have is a bad request, inherited names included", async () => {
  const { ports } = kitchen();
  const other = connect<{ roast(): Promise<void>; toString(): Promise<string>; valueOf(): Promise<number> }, object>(
    ports.near,
  );
  await expect(other.api.roast()).rejects.toMatchObject({ code: "bad-request", details: { method: "roast" } });
  await expect(other.api.toString()).rejects.toMatchObject({ code: "bad-request" });
  await expect(other.api.valueOf()).rejects.toMatchObject({ code: "bad-request" });
});

test("arguments that break the schema never reach the handler", async () => {
  let calls = 0;
  const { api } = kitchen({ boil: () => `${++calls}` });
  await expect(api.boil(0)).rejects.toMatchObject({
    code: "bad-request",
    message: 'The request to "boil" is not valid: expected at least 1',
  });
  await expect(api.boil("3" as never)).rejects.toMatchObject({ code: "bad-request" });
  await expect(api.clean("now" as never)).rejects.toMatchObject({ code: "bad-request" });
  expect(calls).toBe(0);
});

test("an answer that cannot be copied is an error, not silence", async () => {
  const { api } = kitchen({ boil: () => (() => 1) as never });
  await expect(api.boil(3)).rejects.toMatchObject({ code: "internal" });
});

test("an event reaches its listeners until they stop listening", async () => {
  const { on, server, api } = kitchen();
  const heard: number[] = [];
  const stop = on("steam", ({ celsius }) => heard.push(celsius));
  server.emit("steam", { celsius: 99 });
  await api.clean(); // messages keep their order: the event came before this answer
  stop();
  server.emit("steam", { celsius: 100 });
  await api.clean();
  expect(heard).toEqual([99]);
});

test("aborting a call aborts its handler's signal and rejects as cancelled", async () => {
  const { api } = kitchen({ boil: (_minutes, { signal }) => untilAborted(signal) });
  const controller = new AbortController();
  const call = api.boil(3, { signal: controller.signal });
  controller.abort();
  await expect(call).rejects.toMatchObject({ code: "cancelled" });
});

test("a call whose signal was aborted before is never sent", async () => {
  let calls = 0;
  const { api } = kitchen({ boil: () => `${++calls}` });
  await expect(api.boil(3, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
  expect(calls).toBe(0);
});

test("aborting one call leaves the others alone", async () => {
  const { api } = kitchen({ boil: (minutes, { signal }) => (minutes === 1 ? untilAborted(signal) : "done") });
  const controller = new AbortController();
  const calls = [api.boil(1, { signal: controller.signal }), api.boil(2)];
  controller.abort();
  const [first, second] = await Promise.allSettled(calls);
  expect(first).toMatchObject({ status: "rejected" });
  expect(second).toEqual({ status: "fulfilled", value: "done" });
});

test("an answer that comes before the abort stands", async () => {
  const { api } = kitchen();
  const controller = new AbortController();
  await expect(api.boil(3, { signal: controller.signal })).resolves.toBe("boiled for 3");
  controller.abort();
  await expect(api.clean()).resolves.toBeUndefined();
});

test("pending and later calls reject when the other side ends, and handlers are told", async () => {
  let aborted = false;
  const { api, ports, server } = kitchen({
    boil: (_minutes, { signal }) => {
      signal.addEventListener("abort", () => (aborted = true));
      return new Promise(() => undefined);
    },
  });
  const call = api.boil(3);
  await api.clean();
  ports.close(
    new AppError("service-crashed", "The stove blew up.", { service: "stove", exitCode: null, signal: "SIGKILL" }),
  );
  await expect(call).rejects.toMatchObject({ code: "service-crashed", details: { signal: "SIGKILL" } });
  await expect(api.clean()).rejects.toMatchObject({ code: "service-crashed" });
  expect(aborted).toBe(true);
  expect(server.closed.aborted).toBe(true);
});

test("close tells the serving side to end", async () => {
  const { api, close, server } = kitchen();
  await api.clean();
  close();
  await new Promise((done) => setTimeout(done));
  expect(server.closed.aborted).toBe(true);
});

test("messages that are not calls are ignored, and the next call works", async () => {
  const { api, ports } = kitchen();
  for (const noise of [
    null,
    7,
    "call",
    {},
    { kind: "call" },
    { kind: "call", id: "1", method: "boil" },
    { kind: "nonsense" },
  ]) {
    ports.near.post(noise);
  }
  await expect(api.boil(3)).resolves.toBe("boiled for 3");
});

test("a client can be returned from an async function", async () => {
  const { api } = kitchen();
  await expect((await Promise.resolve(api)).boil(4)).resolves.toBe("boiled for 4");
});
