/** Short work that the main process must not do itself; each call is on its own. */
import type { ModelInspection } from "../api/main.ts";
import type { UnitBox } from "../api/scene.ts";
import type { FileIdentity } from "../api/store.ts";

export interface SheetEntry {
  png: Uint8Array<ArrayBuffer>;
  label: string;
  boxes: { box: UnitBox; label: string }[];
}

export interface WorkshopApi {
  /** Reads the headers of a checkpoint folder; rejects with what is wrong with it. */
  inspectModel(request: { path: string }): Promise<ModelInspection>;
  /** The file that holds a checkpoint's network; null where it is spread over several. */
  networkFile(request: { path: string }): Promise<FileIdentity | null>;
  /** Its SHA-256 in hexadecimal: reads all of it. Rejects when it is not the file that was meant. */
  hashFile(request: FileIdentity): Promise<string>;
  /** A small PNG of a picture, without texts; one that is small enough keeps its size. */
  shrink(request: { png: Uint8Array<ArrayBuffer>; use: "sheet" | "drag" }): Promise<Uint8Array<ArrayBuffer>>;
  /** The same PNG with nothing in it but its pixels and their colours, for other programs; rejects what is no picture. */
  bare(request: { png: Uint8Array<ArrayBuffer> }): Promise<Uint8Array<ArrayBuffer>>;
  /** Several pictures (see `shrink`) on one sheet, as a PNG. */
  contactSheet(request: { title: string; pictures: SheetEntry[] }): Promise<Uint8Array<ArrayBuffer>>;
  /** Writes a PNG, without the settings in it where that is wished, and replaces what is there. */
  writePicture(request: { path: string; png: Uint8Array<ArrayBuffer>; settings: boolean }): Promise<void>;
}
