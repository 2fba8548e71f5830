/** A display for windows that nobody looks at: an Xvfb of our own, ended with the process that asked for it. */
import { spawn, type ChildProcess } from "node:child_process";

let display: Promise<string> | undefined;

/** The value for DISPLAY; the first call starts the server. Undefined where windows need none of ours. */
export async function displayForTests(): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  display ??= startServer();
  return display;
}

function startServer(): Promise<string> {
  const args = ["-displayfd", "3", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"];
  const server: ChildProcess = spawn("Xvfb", args, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  process.once("exit", () => server.kill());
  server.unref();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`Xvfb ended with code ${code ?? "unknown"}`)));
    // It writes the number of the display that it chose when it is ready.
    const chosen = server.stdio[3];
    let text = "";
    chosen?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes("\n")) resolve(`:${text.trim()}`);
    });
    (chosen as { unref?: () => void } | null)?.unref?.();
  });
}
