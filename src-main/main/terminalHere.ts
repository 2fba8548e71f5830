/** The packaged program as a command in a terminal: which command is asked for, and how it is interrupted. */

/** Words behind `--engine` or `--worker`; undefined where no window is to be left out. */
export function commandWords(
  argv: readonly string[],
): { command: "engine" | "worker"; words: readonly string[] } | undefined {
  const at = argv.findIndex((word) => word === "--engine" || word === "--worker");
  if (at < 0) return undefined;
  return { command: argv[at] === "--engine" ? "engine" : "worker", words: argv.slice(at + 1) };
}

/** Calls `listener` at Ctrl-C, and where the system or the terminal asks the program to end; the function returned stops that. */
export function onInterrupt(listener: () => void): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
