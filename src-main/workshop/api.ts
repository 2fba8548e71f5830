/** Short work that the main process must not do itself; each call is on its own. */
import type { RunRecord } from "../api/engine.ts";
import type { LoraFacts } from "../scene/loras.ts";
import type { ModelInspection } from "../api/main.ts";
import type { PictureForm, SheetForm } from "../api/sheets.ts";
import type { FileIdentity } from "../api/store.ts";
import type { SheetBox, SheetOptions } from "../image/sheetPlan.ts";

export interface SheetEntry {
  png: Uint8Array<ArrayBuffer>;
  caption: string[];
  boxes: SheetBox[];
  /** What is put into the file of it; null where nothing is. */
  record: RunRecord | null;
}

/** What a file is that somebody opens as a picture. */
export type LookedAt =
  | { kind: "sheet"; records: RunRecord[] }
  /** `png`: made of a picture in another form, with its settings; null where the file is to be read as it is. */
  | { kind: "picture"; png: Uint8Array<ArrayBuffer> | null };

export interface WorkshopApi {
  /** Reads the headers of a checkpoint folder; rejects with what is wrong with it. */
  inspectModel(request: { path: string }): Promise<ModelInspection>;
  /** What a LoRA is, and whether it fits a checkpoint; with `hash` all of it is read, and what is wrong with it rejects (lora/inspect.ts). */
  inspectLora(request: { path: string; checkpoint: string | null; hash: boolean }): Promise<LoraFacts>;
  /** Whether a file's header is that of a LoRA, of whatever kind. */
  isLora(request: { path: string }): Promise<boolean>;
  /** The file that holds a checkpoint's network; null where it is spread over several. */
  networkFile(request: { path: string }): Promise<FileIdentity | null>;
  /** Its SHA-256 in hexadecimal: reads all of it. Rejects when it is not the file that was meant. */
  hashFile(request: FileIdentity): Promise<string>;
  /** A PNG of a picture whose longer side has `side` pixels at most, without texts; one that is small enough keeps its size. */
  shrink(request: { png: Uint8Array<ArrayBuffer>; side: number }): Promise<Uint8Array<ArrayBuffer>>;
  /** The same PNG with nothing in it but its pixels and their colours, for other programs; rejects what is no picture. */
  bare(request: { png: Uint8Array<ArrayBuffer> }): Promise<Uint8Array<ArrayBuffer>>;
  /** Several pictures (see `shrink`) on a sheet: its pages as PNGs, or one PDF. */
  contactSheet(request: {
    pictures: SheetEntry[];
    options: SheetOptions;
    form: SheetForm;
  }): Promise<Uint8Array<ArrayBuffer>[]>;
  /** Writes a PNG in a form, without the settings in it where that is wished, and replaces what is there. */
  writePicture(request: {
    path: string;
    png: Uint8Array<ArrayBuffer>;
    settings: boolean;
    form: PictureForm;
  }): Promise<void>;
  /** Writes a file, and replaces what is there. */
  writeFile(request: { path: string; bytes: Uint8Array<ArrayBuffer> }): Promise<void>;
  /** Reads a picture or a sheet that somebody opens or drops; rejects what is damaged, with its path. */
  lookAt(request: { path: string }): Promise<LookedAt>;
  /** Any picture, PNG, JPEG or WebP, as a PNG of its pixels alone; rejects what is none, with its path. */
  pictureAt(request: { path: string }): Promise<Uint8Array<ArrayBuffer>>;
  /** The same of a file's bytes. */
  pictureFrom(request: { bytes: Uint8Array<ArrayBuffer>; name: string }): Promise<Uint8Array<ArrayBuffer>>;
}
