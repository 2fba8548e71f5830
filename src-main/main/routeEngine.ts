/** Brings the engine back when it ends, and tells the windows. What comes of a call, its caller hears from the engine itself. */
import { toWire } from "../wire/errors.ts";
import type { Engine } from "../engine/host.ts";
import { Deaths } from "./deaths.ts";
import type { Windows } from "./windows.ts";

/** Gives what restarts the engine because a person wishes it, whether or not one runs. */
export function routeEngine(engine: Engine, windows: Windows): () => void {
  const deaths = new Deaths();
  engine.on("exit", ({ expected, killed, lastWords }) => {
    // A process also ends when another checkpoint takes its place: that is no news.
    const isNews = killed || !expected;
    if (!isNews || windows.all.every(({ isGone }) => isGone)) return;
    if (expected) deaths.forget();
    const isTooOften = !expected && deaths.add();
    if (!expected) {
      const next = isTooOften ? "That was too often to try again by itself." : "It is started again.";
      const why = lastWords ? ` It said last: ${lastWords}` : "";
      const message = `The engine ended unexpectedly. Finished pictures are in the project. ${next}${why}`;
      windows.tell("service", { service: "engine", state: isTooOften ? "failed" : "ended", message });
    }
    if (!isTooOften) wake(engine, windows);
  });

  return () => {
    deaths.forget();
    for (const { jobs } of windows.all) jobs.cancelDrawnByEngines(); // also what waits for its turn
    if (engine.pid === undefined) wake(engine, windows);
    else engine.kill(); // its end wakes it
  };
}

function wake(engine: Engine, windows: Windows): void {
  engine.wake({ onLoading: (loading) => windows.tell("loading", loading) }).then(
    (model) => {
      const message = model ? `The engine runs again, with ${model.name} open.` : "The engine runs again.";
      windows.tell("service", { service: "engine", state: "restarted", message });
    },
    (error: unknown) => windows.tell("service", { service: "engine", state: "failed", message: toWire(error).message }),
  );
}
