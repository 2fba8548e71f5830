/** What a command sees of the world: streams, environment, Ctrl-C. A test hands in its own. */
import { readFileSync } from "node:fs";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface Terminal {
  stdout: Output;
  stderr: Output;
  env: Record<string, string | undefined>;
  /** The folder that relative paths are meant from. */
  cwd: string;
  /** Milliseconds, for nothing but how often to print. */
  now: () => number;
  /** Calls `listener` at each Ctrl-C instead of ending the process; the function returned stops that. */
  onInterrupt: (listener: () => void) => () => void;
  /** Ends the process at once. */
  exitNow: (code: number) => void;
}

/** Exit codes of the commands, as the help lists them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, checkpoint: 3, provider: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error for people: its message alone, and the stack only where somebody debugs. */
export function describeError(error: unknown, env: Terminal["env"]): string {
  const message = messageOf(error);
  const isBug = !(error instanceof AppError) || isAppError(error, "internal");
  const lines = [message];
  if (env["DIORAMA_DEBUG"] === "1") lines.push(error instanceof Error ? (error.stack ?? "") : "");
  else if (isBug) lines.push("This is a bug of Diorama. Run again with DIORAMA_DEBUG=1 for details to report.");
  return lines.join("\n");
}

/** Version of the app, from its package. */
export function appVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** A request to end, or the closing of the terminal, is met like Ctrl-C. */
const INTERRUPTS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs a command in the real terminal and ends the process with its code. */
export async function runCommand(command: (argv: string[], terminal: Terminal) => Promise<ExitCode>): Promise<void> {
  // A reader that went away (`| head`) must not end the run: the pictures are wanted all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  process.exitCode = await command(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    // `npm run` changes to the package's folder; people mean the one they are in.
    cwd: (process.env["npm_lifecycle_event"] && process.env["INIT_CWD"]) || process.cwd(),
    now: () => performance.now(),
    onInterrupt: (listener) => {
      for (const signal of INTERRUPTS) process.on(signal, listener);
      return () => {
        for (const signal of INTERRUPTS) process.off(signal, listener);
      };
    },
    exitNow: (code) => process.exit(code),
  });
}
