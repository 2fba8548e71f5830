/** Ctrl-C in a terminal reaches every process there. Those of a command that ends in order leave it to the command. */

/** Set in the environment of a service that shall hear no Ctrl-C: the packaged program's take no options of Node. */
export const DEAF = "DIORAMA_DEAF";

export function leaveInterrupts(): void {
  process.on("SIGINT", () => undefined);
}
