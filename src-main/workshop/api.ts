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
  /** Several pictures on one sheet, as a PNG. */
  contactSheet(request: { title: string; pictures: SheetEntry[] }): Promise<Uint8Array<ArrayBuffer>>;
  /** Writes a PNG, without the settings in it where that is wished, and replaces what is there. */
  writePicture(request: { path: string; png: Uint8Array<ArrayBuffer>; settings: boolean }): Promise<void>;
}
