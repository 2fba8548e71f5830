/** A project that does not answer is the person's to wait for, or to give up. */
import type { BrowserWindow } from "electron";
import { setTimeout as pause } from "node:timers/promises";
import type { StoreSilence } from "../store/host.ts";
import { askToGiveUp } from "./dialogs.ts";

/** The window whose project does not answer. */
interface Asked {
  readonly window: BrowserWindow;
  readonly isGone: boolean;
  close(reason: "window"): Promise<boolean>;
}

/** When a person who would rather wait is asked again, in milliseconds. */
const ASK_AGAIN = 60_000;

/** Asks until it has answered. One that is open is given up with its window, which saves what it can in another process. */
export async function askAboutSilence(at: Asked, { name, isOpening, over, giveUp }: StoreSilence): Promise<void> {
  while (!over.aborted && !at.isGone) {
    if (await askToGiveUp(at.window, { name, isOpening, over })) {
      giveUp();
      if (!isOpening) void at.close("window");
      return;
    }
    await pause(ASK_AGAIN, undefined, { signal: over, ref: false }).catch(() => undefined); // it has answered
  }
}
