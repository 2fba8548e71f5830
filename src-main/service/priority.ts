/** Who goes first where the processor is wanted by several. */
import { readdirSync } from "node:fs";
import { constants, setPriority } from "node:os";

/** Set in the environment of a service that shall not be in a person's way. */
export const BACKGROUND = "DIORAMA_BACKGROUND";

/**
 * Lets everything else go first, this app's window above all; on an idle machine it changes nothing. Threads that the process starts
 * later inherit it.
 */
export function stepBack(): void {
  // On Linux each thread has a priority of its own, and some are there before the first line of a program runs.
  const threads = process.platform === "linux" ? readdirSync("/proc/self/task").map(Number) : [process.pid];
  for (const thread of threads) setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
}
