/** The pool, as the windows ask for it; one for the whole program. */
import type { PoolCalls } from "../api/poolCalls.ts";
import type { PoolHost } from "../pool/host.ts";
import type { Handlers } from "../wire/rpc.ts";

export function poolCalls(pool: PoolHost): Handlers<PoolCalls> {
  return {
    readPool: () => pool.read(),
    checkPool: (request) => pool.api.checkPool(request),
    usePool: async (request) => {
      const check = await pool.api.usePool(request);
      await pool.read();
      return check;
    },
    forgetPool: () => pool.api.forgetPool(),
    poolState: () => pool.api.poolState(),
    retryInPool: (request) => pool.api.retryInPool(request),
  };
}
