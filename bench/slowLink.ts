/**
 * A link that is slow, long and loses packets, between two ends of TCP, for machines whose kernel has no `tc netem`. It delays and paces what
 * runs over it, and models loss as TCP feels it: what follows a lost segment waits a round trip for it, and the sender halves its
 * window, which grows by a segment each round trip (Reno). That is a model, no network.
 */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface LinkOptions {
  /** Milliseconds there and back. */
  roundTrip: number;
  /** Bits a second in either direction. */
  rate: number;
  /** Share of segments that are lost. */
  loss: number;
}

export interface Link {
  port: number;
  /** Bytes towards the client, and from it. */
  bytes: { down: number; up: number };
  close(): Promise<void>;
}

const SEGMENT = 1_448;
/** What a connection may begin with. */
const FIRST_WINDOW = 10;

export async function startLink(to: number, options: LinkOptions): Promise<Link> {
  const sockets = new Set<Socket>();
  const bytes = { down: 0, up: 0 };
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
    }
    carry(near, far, options, (length) => (bytes.up += length));
    carry(far, near, options, (length) => (bytes.down += length));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    bytes,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function carry(from: Socket, to: Socket, { roundTrip, rate, loss }: LinkOptions, count: (bytes: number) => void): void {
  let window = FIRST_WINDOW;
  let slowStart = true;
  /** When the link is free for the next segment, and before when nothing may arrive, in milliseconds. */
  let free = 0;
  let held = 0;
  let random = 12_345;
  /** In the order in which they came: timers alone may overtake each other. */
  const queue: Buffer[] = [];
  const chance = () => (random = (random * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  from.on("data", (chunk: Buffer) => {
    count(chunk.length);
    for (let at = 0; at < chunk.length; at += SEGMENT) {
      const piece = chunk.subarray(at, at + SEGMENT);
      const now = performance.now();
      const wire = (piece.length * 8_000) / rate;
      // A window a round trip, or the link's own rate, whichever is slower.
      free = Math.max(now, free) + Math.max(wire, roundTrip / window);
      if (chance() < loss) {
        held = free + roundTrip * 1.5; // noticed by those behind it, and sent again
        window = Math.max(2, window / 2);
        slowStart = false;
      } else window += slowStart ? 1 : 1 / window;
      held = Math.max(held, free + roundTrip / 2);
      queue.push(piece);
      setTimeout(() => to.write(queue.shift()!), Math.max(0, held - now));
    }
    if (free - performance.now() > 200) {
      from.pause();
      setTimeout(() => from.resume(), 100);
    }
  });
  from.on("close", () => setTimeout(() => to.destroy(), roundTrip));
}
