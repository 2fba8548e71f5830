/**
 * What a service must not keep of its parent. Chromium notices by a socket that one of its processes has died, and opens these sockets
 * so that every program started meanwhile inherits them, because it closes them itself in what it starts; Node does not. A service
 * under plain Node (services.ts) then holds the last copy of a dead process's socket, and the window waits for that process for ever:
 * seen as a grey window where the graphics process gives up at once, as it does without a GPU.
 */
import { closeSync, readdirSync, readlinkSync } from "node:fs";

/** stdin, stdout, stderr, and the channel to the parent: see `forkNode`. Node's own files at this point are no sockets. */
const GIVEN = 4;

/** Call before anything else is opened. Only Linux passes on what nobody asked it to. */
export function closeInheritedSockets(): void {
  if (process.platform !== "linux" || process.channel === undefined) return;
  for (const name of readdirSync("/proc/self/fd")) {
    const fd = Number(name);
    if (fd >= GIVEN && isSocket(fd)) closeSync(fd);
  }
}

function isSocket(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
  } catch {
    return false; // what listed the folder is closed by now
  }
}
