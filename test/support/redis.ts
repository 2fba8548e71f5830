/** A Redis of a test's own (tools/tests/redisServer.ts), and ways to it that can be cut. */
import { connect, createServer } from "node:net";
import { onTestFinished } from "vitest";
import { whyNoRedis } from "../../tools/tests/redis.ts";
import { type OwnRedis, type RedisOptions, runRedis } from "../../tools/tests/redisServer.ts";

export { whyNoRedis };

/** Starts one that ends with the test, or with the file where there is `whenDone`. */
export async function startRedis(
  options: RedisOptions = {},
  whenDone: (clean: () => Promise<void>) => void = onTestFinished,
): Promise<OwnRedis> {
  const redis = await runRedis(options);
  whenDone(redis.end);
  return redis;
}

/** A way to a Redis that can be cut: what is sent while it is goes nowhere, and nobody is told. */
export async function cuttable(target: number): Promise<{ port: number; cut: (isCut: boolean) => void }> {
  let isCut = false;
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      // prettier-ignore
      from.on("data", (bytes) => {
        if (!isCut) to.write(bytes);
      });
      from.on("error", () => undefined);
      from.on("close", () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as { port: number }).port, cut: (value) => (isCut = value) };
}
