/** What all tests of a file share: one running app, since a start costs seconds, and a folder for their files. Each test begins a project of its own (`compose`). */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/**
 * Makes a folder before the tests of this `describe` and removes it after them; the function returned joins names to its path. Ask for
 * it before the app: what came first goes last, and an app whose project is gone asks what to do about it.
 */
export function sharedFolder(): (...names: string[]) => string {
  let folder: string | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "diorama-e2e-"));
  });
  afterAll(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });
  return (...names) => {
    if (folder === undefined) throw new Error("the folder was not made");
    return join(folder, ...names);
  };
}
