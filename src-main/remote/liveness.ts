/** Notices that nothing comes from the other side of a WebSocket any more: it is asked for a sign, and given up where none comes. */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";

/** Ends `socket` where not one byte has come over `wire` for `patience` milliseconds. A picture on its way is bytes as well. */
export function watchSilence(socket: WebSocket, wire: Socket, patience: number): void {
  let seen = wire.bytesRead;
  let quiet = 0;
  const timer = setInterval(() => {
    quiet = wire.bytesRead === seen ? quiet + 1 : 0;
    seen = wire.bytesRead;
    if (quiet >= 2) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.ping();
  }, patience / 2);
  timer.unref();
  socket.once("close", () => clearInterval(timer));
}
