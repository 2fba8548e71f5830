/** The search over prompts: SQLite's FTS5 (table `run_text`), asked in a person's words and answered in marked pieces of text. */
import type { TextPart } from "../api/store.ts";

/** Every word, as the beginning of one, in quotes: nothing a person types is an operator of the search. Undefined without words. */
export function toMatch(text: string): string | undefined {
  const words = text.normalize("NFC").match(/[\p{L}\p{N}]+/gu);
  return words?.map((word) => `"${word}"*`).join(" ");
}

/** Characters that nobody types, around what was found. */
const [BEGIN, END] = ["\u0001", "\u0002"];
/** Words that a piece of a text has at most. */
const WORDS = 24;

/** Expressions of SQL: the piece of the prompt, and of the negative prompt, with the most of what was looked for. */
export const PROMPT_FOUND = `snippet(run_text, 0, char(1), char(2), '…', ${WORDS})`;
export const NEGATIVE_FOUND = `snippet(run_text, 1, char(1), char(2), '…', ${WORDS})`;

/** What those expressions give, taken apart. */
export function parts(snippet: string): TextPart[] {
  return snippet.split(BEGIN).flatMap((piece, i) => {
    const end = i === 0 ? -1 : piece.indexOf(END);
    const [marked, plain] = end < 0 ? ["", piece] : [piece.slice(0, end), piece.slice(end + 1)];
    return [
      { text: marked, marked: true },
      { text: plain, marked: false },
    ].filter(({ text }) => text !== "");
  });
}
