/** A session on a main process of its own, open or with pictures drawn; and waiting for what it does in its own time. */
import { expect, vi } from "vitest";
import { connectApp } from "../../../src-main/api/bridge.ts";
import { changeRun } from "../../../src-renderer/state/edits.ts";
import { Session } from "../../../src-renderer/state/session.svelte.ts";
import { startMain } from "./main.ts";

/** Waits until `check` does not throw; as long as a slow machine may need. */
export function until(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 30_000, interval: 10 });
}

export async function open() {
  const main = await startMain();
  const session = new Session(connectApp(main.bridge));
  await session.start();
  return { main, session };
}

/** One picture for each of these seeds, numbered from 1. */
export async function drawn(seeds: string) {
  const { main, session } = await open();
  session.editor.apply("Seeds", changeRun({ seeds }));
  await session.wishes.draw();
  await until(() => expect(session.jobs.running).toEqual([]));
  await until(() => expect(session.results.total).toBe(seeds.split(",").length));
  return { main, session };
}
