/** The part of the window's contract by which a picture follows its boxes while they are moved. Nothing of it is kept. */
import type { Pixels } from "./engine.ts";
import type { Scene, Seed } from "../scene/scene.ts";

export interface LiveRequest {
  scene: Scene;
  seed: Seed;
  /** Of a prompt with alternatives, the words that are chosen; the first where left null. */
  alternative: string | null;
  /** A preview comes every so many steps; 0 for none. */
  previewEvery: number;
}

export type LiveReply =
  /** `seconds`: what it took; `shared`: steps of `steps` that were taken over from the picture before. */
  | { kind: "drawn"; pixels: Pixels; seconds: number; shared: number; steps: number }
  /** Pictures that somebody asked for are drawn, here or in another window: ask again. */
  | { kind: "later" }
  | { kind: "stopped" };

/** A step of the picture in work. */
export interface LiveStep {
  /** Steps done. */
  step: number;
  /** What it still needs. */
  secondsLeft: number | undefined;
  preview?: Pixels;
}

/** Calls that main serves to a window; see main.ts. */
export interface LiveCalls {
  /** Draws a scene with the window's checkpoint, for the eye alone. It gives way to pictures that somebody asked for, within a step. */
  drawLive(request: LiveRequest): Promise<LiveReply>;
  /** The one in work is not wanted any more. */
  stopLive(): Promise<void>;
}
