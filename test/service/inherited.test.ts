import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { expect, test } from "vitest";

test.runIf(process.platform === "linux")(
  "a service gives back sockets that it inherited, and keeps its channel",
  async () => {
    const program = join(import.meta.dirname, "../support/holdsSocket.ts");
    const child = fork(program, [], { stdio: ["ignore", "inherit", "inherit", "ipc", "pipe"] });
    const socket = child.stdio[4] as Readable;
    socket.resume();
    await once(socket, "end"); // the child's end is closed

    child.send("still here?");
    expect(await once(child, "message")).toEqual(["still here?", undefined]);
    const gone = once(child, "exit");
    child.disconnect();
    await gone;
  },
);
