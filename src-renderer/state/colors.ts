/** The colour that words name, as one of the boxes' colours: the nearest of those that stay apart for colour-blind eyes. */

/** In the order of `COLOR_NAMES`. What has no hue (black, white, grey) names none. */
const WORDS = [
  "red crimson scarlet ruby cherry maroon burgundy vermilion brick",
  "blue navy azure cobalt sapphire ultramarine",
  "yellow amber gold golden orange brown tan beige ochre sand bronze copper mustard",
  "green emerald mint jade forest",
  "violet purple lavender lilac indigo mauve plum",
  "pink magenta rose fuchsia salmon coral",
  "teal turquoise cyan aqua petrol",
  "lime olive chartreuse khaki",
];

const BY_WORD = new Map(WORDS.flatMap((words, color) => words.split(" ").map((word) => [word, color] as const)));

/** Of several that are named the first: "a red car with blue doors" is red. Undefined where none is. */
export function namedColor(phrase: string): number | undefined {
  for (const word of phrase.toLowerCase().match(/\p{L}+/gu) ?? []) {
    const color = BY_WORD.get(word);
    if (color !== undefined) return color;
  }
  return undefined;
}
