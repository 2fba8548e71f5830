/** A display for windows that nobody looks at: an Xvfb of our own, which ends with the process that asked for it. */
import { spawn } from "node:child_process";

let display: Promise<string> | undefined;

/** The value for DISPLAY; the first call starts the server. Undefined where windows need none of ours. */
export async function displayForTests(): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  display ??= startServer();
  return display;
}

/** Test runners kill their workers: the shell sees that on its input, and takes the display and all that is on it along. */
const UNTIL_INPUT_ENDS = 'Xvfb "$@" & cat >/dev/null; kill $!';

function startServer(): Promise<string> {
  const args = ["-displayfd", "3", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"];
  const server = spawn("sh", ["-c", UNTIL_INPUT_ENDS, "sh", ...args], { stdio: ["pipe", "ignore", "ignore", "pipe"] });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`Xvfb ended with code ${code ?? "unknown"}`)));
    // It writes the number of the display that it chose when it is ready.
    let text = "";
    server.stdio[3]?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      if (!text.includes("\n")) return;
      resolve(`:${text.trim()}`);
      // From now on it keeps nobody waiting.
      server.unref();
      for (const stream of [server.stdin, server.stdio[3]]) (stream as { unref?: () => void }).unref?.();
    });
  });
}
