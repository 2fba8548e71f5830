/**
 * A prompt made uniform as CLIP's tokenizer does it (transformers' normalizer: NFC, whitespace runs to one space, lower
 * case), where every character still knows which part of the prompt it came from.
 */
import { composed, type Character } from "../../scene/composed.ts";
import type { TextSpan } from "../../scene/scene.ts";

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

/** The text as a regular expression finds it, wherever in one it stands. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (mark) => (mark === "-" ? "\\x2d" : `\\${mark}`));
}
