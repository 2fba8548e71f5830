/** A relay between two ends of TCP, to cut what runs over it wherever a test wants. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Relay {
  port: number;
  /** Ends all connections at once, as a pulled cable does for whoever notices. */
  cut(): void;
  /** As long as it is true, nobody gets through. */
  isDown: boolean;
  /** Connections so far. */
  readonly count: number;
  close(): Promise<void>;
}

export async function startRelay(to: number, from = 0): Promise<Relay> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((near) => {
    if (relay.isDown) return void near.destroy();
    count++;
    const far = connect(to, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => undefined);
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(from, "127.0.0.1", resolve));
  const relay: Relay = {
    port: (server.address() as AddressInfo).port,
    isDown: false,
    get count() {
      return count;
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      relay.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return relay;
}
