/**
 * A prompt made uniform as CLIP's tokenizer does it (transformers' normalizer: NFC, whitespace runs to one space, lower
 * case), where every character still knows which part of the prompt it came from.
 */
import type { TextSpan } from "../../api/scene.ts";

/** One code point of the uniform text; several may come from the same range, as one may come from several. */
export interface Character extends TextSpan {
  readonly text: string;
}

/** `prompt` between `start` and `end`, uniform. */
export function uniform(prompt: string, { start, end }: TextSpan): Character[] {
  const out: Character[] = [];
  for (const { text, ...range } of composed(prompt.slice(start, end))) {
    const span = { start: range.start + start, end: range.end + start };
    if (/^\p{White_Space}$/u.test(text)) {
      const last = out.at(-1);
      if (last?.text === " ") out[out.length - 1] = { text: " ", start: last.start, end: span.end };
      else out.push({ text: " ", ...span });
    } else {
      // By code point, as Rust does it: lower-casing a whole word would make a final sigma of the last one.
      for (const lower of text.toLowerCase()) out.push({ text: lower, ...span });
    }
  }
  return out;
}

/** Code points in composed form (NFC). What composition changes, it changes within a grapheme (UAX #29, #15). */
function composed(text: string): Character[] {
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
