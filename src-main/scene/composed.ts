/** A text in Unicode's composed form (NFC), where every character still knows which part of the text it came from. */
import type { TextSpan } from "./scene.ts";

/** One code point of the composed text; several may come from the same range, as one may come from several. */
export interface Character extends TextSpan {
  readonly text: string;
}

/** Code points in composed form. What composition changes, it changes within a grapheme (UAX #29, #15). */
export function composed(text: string): Character[] {
  const out: Character[] = [];
  const push = (piece: string, start: number): void => {
    for (const point of piece) out.push({ text: point, start, end: (start += point.length) });
  };
  if (text.normalize("NFC") === text) {
    push(text, 0);
    return out;
  }
  for (const { segment, index } of new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text)) {
    const nfc = segment.normalize("NFC");
    if (nfc === segment) push(segment, index);
    else for (const point of nfc) out.push({ text: point, start: index, end: index + segment.length });
  }
  return out;
}
