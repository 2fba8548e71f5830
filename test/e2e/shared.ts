/** One running app for all tests of a file: a start costs seconds. Each test begins a project of its own (`compose`). */
import { afterAll, beforeAll } from "vitest";
import { launch, type LaunchOptions, type RunningApp } from "./harness.ts";
import { open } from "./window.ts";

/** A first start may build the app. */
const START_LIMIT = 240_000;

/** Starts the app before the tests of this `describe` and ends it after them; the function returned gives it. */
export function sharedApp(options: LaunchOptions = {}): () => RunningApp {
  let running: RunningApp | undefined;
  beforeAll(async () => {
    running = await launch(options);
    await open(running.page);
  }, START_LIMIT);
  afterAll(async () => running?.[Symbol.asyncDispose]());
  return () => {
    if (!running) throw new Error("the app did not start");
    return running;
  };
}
