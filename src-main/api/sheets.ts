/** What can be asked of a sheet, and of single pictures that leave a project. */

/** What may stand beneath a picture. `words`: of its boxes, with their colours; of a picture without boxes, its prompt. */
export const CAPTIONS = ["seed", "score", "words", "name"] as const;
export type Caption = (typeof CAPTIONS)[number];

export const SHEET_FORMS = ["png", "pdf"] as const;
export type SheetForm = (typeof SHEET_FORMS)[number];

export const PICTURE_FORMS = ["png", "jpeg", "webp"] as const;
export type PictureForm = (typeof PICTURE_FORMS)[number];

/** Pictures on a sheet, over all its pages. */
export const MOST_ON_SHEET = 1_000;
export const MOST_COLUMNS = 12;

export interface SheetLook {
  form: SheetForm;
  /** Pictures in a row; null: as many as suit their number. */
  columns: number | null;
  captions: Caption[];
  /** Draw the boxes on the pictures. */
  boxes: boolean;
  /** The settings that all pictures share, at the end of each page. */
  footer: boolean;
}

/** How a box looks in the editor: a region of some scene with its id, or else its words, has its colour. */
export interface BoxColor {
  id: string;
  words: string;
  color: number;
}
