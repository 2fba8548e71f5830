/**
 * A service process as its parent sees it, however it was started: under plain Node with `child_process`, or inside Electron
 * with `utilityProcess` (handed in, so that nothing here needs Electron).
 */
import { fork as forkProcess } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { AppError, invariant } from "../wire/errors.ts";
import type { Port } from "../wire/rpc.ts";

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: string | null;
  /** The last lines it wrote to stderr: where native libraries say why they abort. */
  lastWords: string;
}

export interface Child {
  readonly pid: number | undefined;
  readonly port: Port;
  /** Resolves, never rejects, when the process has ended. */
  readonly exited: Promise<Exit>;
  /** Ends it at once, even in the middle of a native call. */
  kill(): void;
}

export interface ForkOptions {
  /** What people call it, such as `engine`. */
  name: string;
  env: Record<string, string | undefined>;
  /** Gets each line that the process writes to stdout or stderr. */
  onLine: (line: string) => void;
}

export type Fork = (entry: string, options: ForkOptions) => Child;

const LAST_WORDS = 8;
/** Characters of a line that are kept: what comes without an end must not fill the memory, nor a message to a person. */
const LONGEST_LINE = 2_000;
/** A frame of the stack that Node prints when it aborts: it says where, not why. */
const STACK_FRAME = /^\s*\d+: |^-+ .*stack trace -+$/;
/** A line of a log in which nothing is wrong: no reason for an end. */
const NEWS = /^(debug|info): /;

/** Starts services under a Node binary; by default the one in DIORAMA_NODE or, outside Electron, the one that runs this. */
export function forkNode(node = process.env["DIORAMA_NODE"] ?? ownNode()): Fork {
  return (entry, { name, env, onLine }) => {
    const child = forkProcess(entry, [], {
      execPath: node,
      execArgv: [],
      env,
      serialization: "advanced", // typed arrays survive
      stdio: ["ignore", "pipe", "pipe", "ipc"], // all that a service keeps: see inherited.ts
    });
    const tail = readLines([child.stdout, child.stderr], onLine);
    const exited = new Promise<Exit>((resolve) => {
      child.once("error", (error) => resolve({ code: null, signal: null, lastWords: error.message }));
      child.once("close", (code, signal) => resolve({ code, signal, lastWords: tail() }));
    });
    const port: Port = {
      post: (message) => {
        // A message to a process that has just ended is no error of its own: `exited` tells.
        if (child.connected) child.send(message as object, () => undefined);
      },
      onMessage: (listener) => void child.on("message", listener),
      onClose: (listener) => void exited.then((exit) => listener(crashed(name, exit))),
    };
    return { pid: child.pid, port, exited, kill: () => void child.kill("SIGKILL") };
  };
}

function ownNode(): string {
  invariant(!("electron" in process.versions), "inside Electron a service needs `forkUtility` or DIORAMA_NODE");
  return process.execPath;
}

/** What is used of Electron's `UtilityProcess`. */
interface UtilityProcessLike {
  readonly pid: number | undefined;
  readonly stdout: NodeJS.ReadableStream | null;
  readonly stderr: NodeJS.ReadableStream | null;
  postMessage(message: unknown): void;
  kill(): boolean;
  on(name: "message", listener: (message: unknown) => void): unknown;
  once(name: "exit", listener: (code: number) => void): unknown;
}
export type UtilityFork = (
  entry: string,
  args: string[],
  options: { serviceName: string; stdio: "pipe"; env: Record<string, string | undefined> },
) => UtilityProcessLike;

/** Electron tells a deadly signal by its number, as an exit code. */
const DEADLY: Record<number, string> = { 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV" };

/** Starts services as Electron utility processes; pass `utilityProcess.fork`, after the app is ready. */
export function forkUtility(fork: UtilityFork): Fork {
  return (entry, { name, env, onLine }) => {
    const child = fork(entry, [], { serviceName: `Diorama ${name}`, stdio: "pipe", env });
    const tail = readLines([child.stdout, child.stderr], onLine);
    let ended = false;
    const exited = new Promise<Exit>((resolve) => {
      child.once("exit", (code) => {
        ended = true;
        resolve({ code, signal: DEADLY[code] ?? null, lastWords: tail() });
      });
    });
    const port: Port = {
      post: (message) => {
        if (!ended) child.postMessage(message);
      },
      onMessage: (listener) => void child.on("message", listener),
      onClose: (listener) => void exited.then((exit) => listener(crashed(name, exit))),
    };
    const kill = () => {
      if (ended) return;
      // `kill()` asks with SIGTERM; a process deep in a native call is ended by SIGKILL alone.
      if (child.pid !== undefined && process.platform !== "win32") process.kill(child.pid, "SIGKILL");
      else child.kill();
    };
    return { pid: child.pid, port, exited, kill };
  };
}

/** The error for whoever waited for an answer when the process ended. */
export function crashed(service: string, { code, signal, lastWords }: Exit): AppError<"service-crashed"> {
  const how = signal === null ? `with code ${code ?? "unknown"}` : `by ${signal}`;
  const why = lastWords ? ` It said last: ${lastWords}` : "";
  const message = `The ${service} process ended ${how}. It starts again with the next request.${why}`;
  return new AppError("service-crashed", message, { service, exitCode: code, signal });
}

/** Passes on lines, and remembers the last ones. */
function readLines(streams: (NodeJS.ReadableStream | null)[], onLine: (line: string) => void): () => string {
  const tail: string[] = [];
  const take = (coloured: string) => {
    const line = stripVTControlCharacters(coloured.slice(0, LONGEST_LINE));
    if (!line.trim()) return;
    if (!STACK_FRAME.test(line) && !NEWS.test(line)) tail.push(line);
    if (tail.length > LAST_WORDS) tail.shift();
    onLine(line);
  };
  const rests = streams.map((stream) => {
    let rest = "";
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop()!.slice(0, LONGEST_LINE);
      lines.forEach(take);
    });
    stream?.on("end", () => {
      take(rest);
      rest = "";
    });
    return () => rest;
  });
  return () => [...tail, ...rests.map((rest) => rest())].filter(Boolean).join("\n");
}
