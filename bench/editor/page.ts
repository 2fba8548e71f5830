/** What is measured inside the window's page: frames, the way from input to picture, and when pictures are on the screen. */
import type { CDPSession, Page } from "playwright-core";
import { framesOf, spreadOf, type Frames, type Spread } from "./statistics.ts";

/** The page's own objects, as far as they are used here: the types of this folder know no DOM. */
interface PageGlobals {
  performance: { now(): number };
  requestAnimationFrame(callback: (time: number) => void): void;
  innerHeight: number;
  innerWidth: number;
  document: { querySelectorAll(selector: string): Iterable<PageElement> };
  addEventListener(name: string, listener: (event: { timeStamp: number }) => void, capture: boolean): void;
  removeEventListener(name: string, listener: (event: { timeStamp: number }) => void, capture: boolean): void;
  MessageChannel: new () => { port1: { onmessage: () => void }; port2: { postMessage(message: null): void } };
  probe?: { stop(): Recording };
}
interface PageElement {
  complete: boolean;
  naturalWidth: number;
  dataset: Record<string, string | undefined>;
  classList: { contains(name: string): boolean };
  getBoundingClientRect(): { top: number; bottom: number; left: number; right: number };
}

interface Recording {
  /** When each frame began. */
  frames: number[];
  /** From an input to the end of the frame that shows it, in milliseconds. */
  delays: number[];
  /** Of each frame: the share of places in view that have no picture yet. */
  empty: number[];
}

export interface Motion {
  frames: Frames;
  /** Milliseconds from an input event to the end of the page's work for the frame that shows it. */
  delay: Spread;
  /** Mean share of places in view whose picture was not there yet. */
  empty: number;
}

/** Begins to note frames, and what becomes of `input` events. */
async function record(page: Page, input: string): Promise<void> {
  await page.evaluate((name) => {
    const here = globalThis as unknown as PageGlobals;
    const recording: Recording = { frames: [], delays: [], empty: [] };
    let isOn = true;
    let pending: number | undefined;
    const heard = (event: { timeStamp: number }) => (pending ??= event.timeStamp);
    here.addEventListener(name, heard, true);
    const channel = new here.MessageChannel();
    let shownOf: number | undefined;
    channel.port1.onmessage = () => {
      if (shownOf !== undefined) recording.delays.push(here.performance.now() - shownOf);
      shownOf = undefined;
    };
    const emptyShare = () => {
      let places = 0;
      let empty = 0;
      for (const element of here.document.querySelectorAll("[data-result] img, .hole")) {
        const { top, bottom } = element.getBoundingClientRect();
        if (bottom <= 100 || top >= here.innerHeight) continue;
        places++;
        if (element.classList.contains("hole") || !element.complete || element.naturalWidth === 0) empty++;
      }
      return places === 0 ? 1 : empty / places;
    };
    const tick = (time: number) => {
      if (!isOn) return;
      recording.frames.push(time);
      if (name === "wheel") recording.empty.push(emptyShare());
      if (pending !== undefined) {
        shownOf = pending;
        pending = undefined;
        channel.port2.postMessage(null); // comes when the page's work for this frame is done
      }
      here.requestAnimationFrame(tick);
    };
    here.requestAnimationFrame(tick);
    here.probe = {
      stop: () => {
        isOn = false;
        here.removeEventListener(name, heard, true);
        return recording;
      },
    };
  }, input);
}

async function stop(page: Page): Promise<Motion> {
  const { frames, delays, empty } = await page.evaluate(() => (globalThis as unknown as PageGlobals).probe!.stop());
  const mean = empty.reduce((sum, share) => sum + share, 0) / (empty.length || 1);
  return { frames: framesOf(frames), delay: spreadOf(delays), empty: mean };
}

/** Turns the wheel over a point, `step` pixels at a time, 60 times a second. */
export async function scroll(page: Page, at: Point, step: number, seconds: number): Promise<Motion> {
  const session = await page.context().newCDPSession(page);
  await record(page, "wheel");
  await steadily(seconds, 16, () =>
    session.send("Input.dispatchMouseEvent", { type: "mouseWheel", ...at, deltaX: 0, deltaY: step }),
  );
  const motion = await stop(page);
  await session.detach();
  return motion;
}

export interface Point {
  x: number;
  y: number;
}

/** Drags from a point, round in a circle, as a hand does: 120 moves a second. */
export async function drag(page: Page, from: Point, radius: number, seconds: number): Promise<Motion> {
  const session = await page.context().newCDPSession(page);
  const mouse = (type: "mousePressed" | "mouseMoved" | "mouseReleased", at: Point) =>
    session.send("Input.dispatchMouseEvent", { type, ...at, button: "left", buttons: 1, clickCount: 1 });
  await mouse("mouseMoved", from);
  await mouse("mousePressed", from);
  await record(page, "pointermove");
  await steadily(seconds, 8, (turn) => {
    const angle = turn / 20;
    return mouse("mouseMoved", { x: from.x + radius * Math.sin(angle), y: from.y + radius * (1 - Math.cos(angle)) });
  });
  const motion = await stop(page);
  await mouse("mouseReleased", from);
  await session.detach();
  return motion;
}

/** Calls `send` at a steady pace, whether or not the last one has been answered. */
async function steadily(
  seconds: number,
  every: number,
  send: (turn: number) => ReturnType<CDPSession["send"]>,
): Promise<void> {
  const sent: Promise<unknown>[] = [];
  await new Promise<void>((resolve) => {
    const begun = performance.now();
    const timer = setInterval(() => {
      sent.push(send(sent.length));
      if (performance.now() - begun < seconds * 1000) return;
      clearInterval(timer);
      resolve();
    }, every);
  });
  await Promise.all(sent);
}

/**
 * Does something and waits until every place in view below `scope` has its picture: milliseconds. `changed` waits for another picture
 * to stand first.
 */
export async function untilShown(
  page: Page,
  { scope, changed = false }: { scope: string; changed?: boolean },
  action: () => Promise<unknown>,
): Promise<number> {
  const { begun, first } = await page.evaluate((selector) => {
    const here = globalThis as unknown as PageGlobals;
    const [card] = here.document.querySelectorAll(`${selector} [data-result]`);
    return { begun: here.performance.now(), first: card?.dataset["result"] };
  }, scope);
  const done = action();
  const shown = await page.waitForFunction(
    ([selector, not]) => {
      const here = globalThis as unknown as PageGlobals;
      const [card] = here.document.querySelectorAll(`${selector} [data-result]`);
      if (!card || card.dataset["result"] === not) return false;
      for (const element of here.document.querySelectorAll(`${selector} [data-result] img, ${selector} .hole`)) {
        const { top, bottom, left, right } = element.getBoundingClientRect();
        if (bottom <= 0 || top >= here.innerHeight || right <= 0 || left >= here.innerWidth) continue;
        if (element.classList.contains("hole") || !element.complete || element.naturalWidth === 0) return false;
      }
      return here.performance.now();
    },
    [scope, changed ? first : undefined] as const,
    { polling: 10, timeout: 120_000 },
  );
  await done;
  return ((await shown.jsonValue()) as number) - begun;
}
