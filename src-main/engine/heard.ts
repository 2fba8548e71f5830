/** Cancelling between two pieces of work that block the thread. */
import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Lets the messages in that came while ONNX Runtime blocked this thread, opening a network or running it: they arrive only in turns of the
 * event loop that are given to them, one to read and one to act. Throws when one of them, or an earlier one, has aborted `signal`.
 */
export async function heard(signal: AbortSignal): Promise<void> {
  await nextTurn();
  await nextTurn();
  signal.throwIfAborted();
}
