/** Keeps one service process: starts it when it is first needed, tells when it ends, and starts another after that. */
import { AppError } from "../wire/errors.ts";
import { connect, type Connection } from "../wire/rpc.ts";
import type { Child, Exit, Fork } from "./child.ts";

export interface ServiceOptions {
  name: string;
  /** The script that the process runs. */
  entry: string;
  fork: Fork;
  env: Record<string, string | undefined>;
  /** Gets each line that the process writes; by default they go to stderr, marked with name and process id. */
  onLine?: ((line: string) => void) | undefined;
  onExit: (exit: ServiceExit) => void;
}

/** How a service ended; `expected` when it was told to. */
export interface ServiceExit extends Exit {
  pid: number | undefined;
  expected: boolean;
}

interface Running<Api, Events> {
  child: Child;
  connection: Connection<Api, Events>;
  /** Set when the end of this process is our own wish. */
  ending?: AppError;
}

type Listener<Events> = (payload: Events[keyof Events]) => void;

/** How long a process may take to end by itself, in milliseconds. */
const PATIENCE = 5_000;

export class Supervisor<Api extends { [M in keyof Api]: (request: never) => Promise<unknown> }, Events> {
  readonly #options: ServiceOptions;
  readonly #listeners = new Map<Listener<Events>, { name: keyof Events; stop: () => void }>();
  #running: Running<Api, Events> | undefined;
  #stopped = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  /** The connection to the process that runs now, if one does. */
  get current(): Connection<Api, Events> | undefined {
    return this.#running?.connection;
  }

  /** The connection to the process; starts one where none runs. */
  connection(): Connection<Api, Events> {
    if (this.#stopped) throw this.#stoppedError();
    this.#running ??= this.#start();
    return this.#running.connection;
  }

  /** Listens to an event of this process and of every one that replaces it. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    const own: Listener<Events> = (payload) => listener(payload as Events[Name]);
    this.#listeners.set(own, { name, stop: this.current?.on(name, own) ?? (() => undefined) });
    return () => {
      this.#listeners.get(own)?.stop();
      this.#listeners.delete(own);
    };
  }

  /** Ends the process at once; what waits for it rejects with `why`, and the next call starts another. */
  kill(why: AppError): void {
    const running = this.#running;
    if (!running) return;
    running.ending = why;
    running.child.kill();
    this.#running = undefined;
  }

  /** Lets the process finish what it is doing and end; kills it when that takes too long. The next call starts another. */
  async retire(patience = PATIENCE): Promise<void> {
    const running = this.#running;
    if (!running) return;
    running.ending = this.#stoppedError();
    this.#running = undefined;
    running.connection.close();
    const timer = setTimeout(() => running.child.kill(), patience);
    await running.child.exited;
    clearTimeout(timer);
  }

  /** As `retire`, and no call is served after. */
  async stop(patience?: number): Promise<void> {
    this.#stopped = true;
    await this.retire(patience);
  }

  #stoppedError(): AppError {
    return new AppError("cancelled", `The ${this.#options.name} has been stopped.`, {});
  }

  #start(): Running<Api, Events> {
    const { name, entry, fork, env, onExit } = this.#options;
    const mark = (line: string) => void process.stderr.write(`[${name} ${child.pid ?? "?"}] ${line}\n`);
    const child = fork(entry, { name, env, onLine: (line) => (this.#options.onLine ?? mark)(line) });
    const { port } = child;
    const connection = connect<Api, Events>({
      post: (message) => port.post(message),
      onMessage: (listener) => port.onMessage(listener),
      onClose: (listener) => port.onClose((why) => listener(running.ending ?? why)),
    });
    const running: Running<Api, Events> = { child, connection };
    // Before anything else hears of the end: the next call must find that nothing runs.
    void child.exited.then((exit) => {
      if (this.#running === running) this.#running = undefined;
      onExit({ ...exit, pid: child.pid, expected: running.ending !== undefined });
    });
    for (const [listener, entry] of this.#listeners) entry.stop = connection.on(entry.name, listener);
    return running;
  }
}
