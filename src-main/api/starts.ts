/** The part of the contracts of store and main by which scenes go on from pictures. */
import type { Pixels } from "./engine.ts";

/** A picture that scenes can go on from: the project keeps it. */
export interface StartInfo {
  /** Of its pixels (image/pixelHash.ts): what `Scene.start` says. */
  hash: string;
  width: number;
  height: number;
}

/** Calls of the store; see store.ts. */
export interface StartCalls {
  /** Keeps a result's picture, or one of a file. */
  keepStart(request: { result: number } | { png: Uint8Array<ArrayBuffer> }): Promise<StartInfo>;
  /** Its pixels; null where the project has not got it. */
  readStart(request: { hash: string }): Promise<Pixels | null>;
  /** A small PNG of it, likewise. */
  startThumbnail(request: { hash: string }): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Its size, likewise. */
  startInfo(request: { hash: string }): Promise<StartInfo | null>;
}

/** Calls that main serves to a window; see main.ts. */
export interface WindowStartCalls extends Pick<StartCalls, "startThumbnail" | "startInfo"> {
  /** A result's picture becomes one that scenes can go on from. */
  startFromResult(request: { id: number }): Promise<StartInfo>;
  /** Asks for a picture's file, PNG, JPEG or WebP; null where the person cancels. */
  chooseStart(): Promise<StartInfo | null>;
  /** The same of a file that was dropped; `name` is for a message. */
  startFromFile(request: { bytes: Uint8Array<ArrayBuffer>; name: string }): Promise<StartInfo>;
}
