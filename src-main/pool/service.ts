/** What the process that asks a pool does with each request of main. */
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { AppError, messageOf } from "../wire/errors.ts";
import { type Port, serve, type Server } from "../wire/rpc.ts";
import { type PoolServiceApi, type PoolServiceEvents, poolServiceSchemas } from "./api.ts";
import { Asker } from "./asker.ts";
import { type Access, accessOf, checkPool } from "./connection.ts";
import { HashMemory } from "./hashMemory.ts";
import { KnownPool } from "./knownPool.ts";

export interface PoolServiceOptions {
  /** Of the app's data: the pool that is known, and hashes of checkpoints. */
  folder: string;
  app: string;
  /** The folder of the demo model. */
  demo?: string | undefined;
  /** Milliseconds between two looks at what nobody told of; for tests. */
  lookEvery?: number;
}

/** Changes come in swarms. */
const TELL_EVERY = 50;

export function runService(port: Port, { folder, app, demo, lookEvery }: PoolServiceOptions, onEnd: () => void): void {
  const known = new KnownPool(join(folder, "pool.json"));
  const hashes = new HashMemory(join(folder, "pool-hashes.json"));
  const user = `${userInfo().username}@${hostname()}`.replace(/\p{Cc}/gu, "").slice(0, 100);
  let asker: Asker | undefined;
  let timer: NodeJS.Timeout | undefined;

  const tell = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      server.emit("pool", { pool: asker?.told ?? null });
    }, TELL_EVERY);
  };
  const open = (access: Access): Asker => {
    asker = new Asker({
      ...{ access, app, user, demo, hashes, lookEvery, onChange: tell },
      emit: (name, event) => server.emit(name, event),
    });
    return asker;
  };
  const current = (): Asker | undefined => {
    const access = asker ? undefined : known.read();
    return access ? open(access) : asker;
  };
  /** The pool with this id: what one owes is not asked of another. */
  const pool = (id: string): Asker => {
    const found = current();
    if (found?.id === id) return found;
    const message = found
      ? "This checkpoint is of another pool than the one that is known here. Choose one of this pool, or enter the other's address."
      : "This checkpoint is of a pool that is not known here any more. Enter its address again, or choose another checkpoint.";
    throw new AppError("not-found", message, { what: "pool", id });
  };
  /** Leaves the pool; what it owes is asked of the one with the same id again, and else left there. */
  const leave = async (next?: Access): Promise<void> => {
    const left = asker;
    asker = undefined;
    const owed = left?.asked.owed ?? [];
    await left?.close();
    const opened = next && open(next);
    tell();
    for (const ask of owed) {
      if (opened?.id === left?.id) {
        opened!.asked.ask(ask).catch((error: unknown) => fail(ask.run, ask.seeds, messageOf(error)));
      } else {
        fail(
          ask.run,
          ask.seeds,
          "Its pool was forgotten while it was drawn. It stays there for days: enter the pool's address again, and draw it again.",
        );
      }
    }
  };
  const fail = (run: string, seeds: readonly string[], why: string) => {
    for (const seed of seeds) server.emit("failed", { run, seed, why });
  };

  const server: Server<PoolServiceEvents> = serve<PoolServiceApi, PoolServiceEvents>(
    port,
    {
      readPool: () => current()?.told ?? null,
      checkPool: ({ address, ca }) => checkPool(accessOf(address, ca ?? undefined)),
      usePool: async ({ address, ca }) => {
        const access = accessOf(address, ca ?? undefined);
        const check = await checkPool(access);
        known.write(address, ca);
        await leave(access);
        return check;
      },
      forgetPool: async () => {
        known.forget();
        await leave();
      },
      poolState: () => {
        const found = current();
        if (found) return found.state();
        throw new AppError("not-found", "No pool is known here. Enter its address first.", { what: "pool", id: "" });
      },
      retryInPool: async ({ failures }) => {
        await current()?.asked.retry(failures);
      },
      describe: ({ pool: id, hash }) => pool(id).describe(hash),
      tokenize: ({ pool: id, hash, text }) => pool(id).tokenize(hash, text),
      check: ({ pool: id, hash, scene }) => pool(id).check(hash, scene),
      ask: (ask) => pool(ask.pool).asked.ask(ask),
      drop: async ({ run, seeds, cancel }) => {
        await asker?.asked.drop(run, seeds, cancel);
      },
      kept: ({ run, seed }) => asker?.asked.kept(run, seed),
    },
    poolServiceSchemas,
  );

  server.closed.addEventListener("abort", () => {
    clearTimeout(timer);
    void (asker?.close() ?? Promise.resolve()).finally(onEnd);
  });
}
