/** What of the manual holds the words that are looked for. */

/** The words of a search, in lower case. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
}

/** Ids of the texts that hold each word, whole or as a part of one; all of them without any. */
export function matching(texts: readonly { id: string; text: string }[], words: readonly string[]): Set<string> {
  const holds = (text: string) => words.every((word) => text.includes(word));
  return new Set(texts.filter(({ text }) => holds(text.toLowerCase().replace(/\s+/g, " "))).map(({ id }) => id));
}
