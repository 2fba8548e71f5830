/** Short work that the main process must not do itself; each call is on its own. */
import type { ModelInspection } from "../api/main.ts";
import type { UnitBox } from "../api/scene.ts";

export interface SheetEntry {
  png: Uint8Array<ArrayBuffer>;
  label: string;
  boxes: { box: UnitBox; label: string }[];
}

export interface WorkshopApi {
  /** Reads the headers of a checkpoint folder; rejects with what is wrong with it. */
  inspectModel(request: { path: string }): Promise<ModelInspection>;
  /** A small PNG of a picture, without texts; one that is small enough keeps its size. */
  shrink(request: { png: Uint8Array<ArrayBuffer>; use: "sheet" | "drag" }): Promise<Uint8Array<ArrayBuffer>>;
  /** The same PNG with nothing in it but its pixels and their colours, for other programs; rejects what is no picture. */
  bare(request: { png: Uint8Array<ArrayBuffer> }): Promise<Uint8Array<ArrayBuffer>>;
  /** Several pictures (see `shrink`) on one sheet, as a PNG. */
  contactSheet(request: { title: string; pictures: SheetEntry[] }): Promise<Uint8Array<ArrayBuffer>>;
  /** Writes a PNG, without the settings in it where that is wished, and replaces what is there. */
  writePicture(request: { path: string; png: Uint8Array<ArrayBuffer>; settings: boolean }): Promise<void>;
}
