/** A pair of ports without processes, for tests of what runs over them. */
import { AppError } from "../../src-main/wire/errors.ts";
import type { Port } from "../../src-main/wire/rpc.ts";

/** Two ends that pass copies to each other, late, as processes do; `close` ends both. */
export function memoryPorts(): { near: Port; far: Port; close: (why?: AppError) => void } {
  const near = memoryEnd();
  const far = memoryEnd();
  const post = (to: ReturnType<typeof memoryEnd>) => (message: unknown) => {
    const copy: unknown = structuredClone(message);
    queueMicrotask(() => to.receive(copy));
  };
  return {
    near: { ...near.port, post: post(far) },
    far: { ...far.port, post: post(near) },
    close: (why = gone()) => {
      near.close(why);
      far.close(why);
    },
  };
}

function memoryEnd() {
  const onMessage: ((message: unknown) => void)[] = [];
  const onClose: ((why: AppError) => void)[] = [];
  let open = true;
  return {
    port: {
      onMessage: (listener: (message: unknown) => void) => void onMessage.push(listener),
      onClose: (listener: (why: AppError) => void) => void onClose.push(listener),
    },
    receive: (message: unknown) => {
      if (open) for (const listener of onMessage) listener(message);
    },
    close: (why: AppError) => {
      open = false;
      for (const listener of onClose.splice(0)) listener(why);
    },
  };
}

function gone(): AppError {
  return new AppError("service-crashed", "The other end is gone.", { service: "test", exitCode: null, signal: null });
}
