/** A measurement in a process of its own: one task comes, its result goes back, and the process ends. */
import { stackOf } from "../src-main/wire/errors.ts";
import { parentPort } from "../src-main/wire/ports.ts";

export function answer(measure: (task: never) => Promise<unknown>): void {
  const port = parentPort(process);
  port.onMessage((message) => {
    measure(message as never).then(
      (result) => {
        port.post(result);
        process.disconnect();
      },
      (error: unknown) => {
        process.stderr.write(`${stackOf(error)}\n`);
        process.exit(1);
      },
    );
  });
}
