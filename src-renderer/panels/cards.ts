/** The cards of pictures, in the strip and on the sheet. */

/** Height of what a card says under its picture, in pixels. */
export const CARD_LINE = 20;
