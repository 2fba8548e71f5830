/** Phrases of a prompt: where they are, and what was probably meant when they are not there. */
import { type Character, composed } from "./composed.ts";
import { nearest } from "./nearest.ts";
import type { TextSpan } from "./scene.ts";
import { BETWEEN, INSIDE, wordBreaks, wordsOf } from "./wordBreaks.ts";

/** Longest phrase of a prompt that is compared for a suggestion, in words; edit distance is quadratic. */
const MOST_SUGGESTED_WORDS = 12;

/**
 * Where `phrase` stands in `prompt`, from the left and without overlaps: at word boundaries ("cat" is not in
 * "category"), ignoring case, Unicode's form (an accent in its letter or behind it) and variation selectors, and with
 * any white space where the phrase has some. In a script without spaces the dictionary's boundaries count first; where
 * the phrase stands at none of them, it is found wherever it stands.
 */
export function findPhrase(prompt: string, phrase: string): readonly TextSpan[] {
  return searchFor(prompt, phrase).spans;
}

/** Whether `findPhrase` gives the same with any dictionary: what is written to be read elsewhere must not hang on one. */
export function isFoundEverywhere(prompt: string, phrase: string): boolean {
  return searchFor(prompt, phrase).isEverywhere;
}

interface Found {
  spans: readonly TextSpan[];
  isEverywhere: boolean;
}

/** A prompt as it is searched, and what was found in it by phrase. */
interface Searched {
  prompt: string;
  characters: Character[];
  text: string;
  found: Map<string, Found>;
  /** In `found`, over all phrases. */
  remembered: number;
}

/** Places that are remembered of one prompt, over all phrases (a few megabytes); then it begins anew. */
const MOST_REMEMBERED = 100_000;

/** The prompt that was searched last: all phrases of a scene are looked for in one, and many boxes may name the same. */
let latest: Searched | undefined;

function searchedOf(prompt: string): Searched {
  if (latest?.prompt === prompt) return latest;
  const characters = visible(prompt);
  return (latest = { prompt, characters, text: textOf(characters), found: new Map(), remembered: 0 });
}

function searchFor(prompt: string, phrase: string): Found {
  const searched = searchedOf(prompt);
  const known = searched.found.get(phrase);
  if (known) return known;
  const places = placesOf(searched, phrase);
  const breaks = wordBreaks(prompt);
  const atWords = places.filter(({ start, end }) => breaks[start] === BETWEEN && breaks[end] === BETWEEN);
  const all = apart(places);
  const spans = atWords.length > 0 ? apart(atWords) : all;
  const answer = { spans, isEverywhere: all.length === spans.length };
  searched.remembered += spans.length + 1;
  if (searched.remembered > MOST_REMEMBERED) {
    searched.found.clear();
    searched.remembered = spans.length + 1;
  }
  searched.found.set(phrase, answer);
  return answer;
}

/** All places where the phrase stands and cuts no word of a script with spaces, and no character. */
function placesOf({ prompt, characters, text }: Searched, phrase: string): TextSpan[] {
  const words = textOf(visible(phrase)).trim().split(/\s+/);
  if (words[0] === "") return [];
  const body = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)).join(String.raw`\s+`);
  const pattern = new RegExp(body, "giu");
  const breaks = wordBreaks(prompt);
  const places: TextSpan[] = [];
  let at = 0; // index of the character, and
  let offset = 0; // of its first code unit in `text`
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    while (offset < match.index) offset += characters[at++]!.text.length;
    let last = at;
    for (let end = offset; end < match.index + match[0].length;) end += characters[last++]!.text.length;
    const span = { start: characters[at]!.start, end: characters[last - 1]!.end };
    if (breaks[span.start] !== INSIDE && breaks[span.end] !== INSIDE) places.push(span);
    pattern.lastIndex = match.index + characters[at]!.text.length;
  }
  return places;
}

/** Without those that overlap one before them. */
function apart(places: readonly TextSpan[]): TextSpan[] {
  let end = 0;
  return places.filter((place) => {
    if (place.start < end) return false;
    end = place.end;
    return true;
  });
}

/** How a text looks: composed, and the wish for an emoji's colour or plain form (U+FE0E, U+FE0F) left to its emoji. */
function visible(text: string): Character[] {
  const out: Character[] = [];
  for (const character of composed(text)) {
    const last = out.at(-1);
    if (last && /[\ufe0e\ufe0f]/.test(character.text)) out[out.length - 1] = { ...last, end: character.end };
    else out.push(character);
  }
  return out;
}

function textOf(characters: readonly Character[]): string {
  return characters.map(({ text }) => text).join("");
}

/** The run of as many words of `prompt` that is spelled most like `phrase`, or undefined when none is close. */
export function nearestPhrase(prompt: string, phrase: string): string | undefined {
  const wanted = Math.max(1, wordsOf(phrase.trim(), { joins: true }).length);
  if (wanted > MOST_SUGGESTED_WORDS) return undefined;
  const words = wordsOf(prompt, { joins: true });
  const phrases: string[] = [];
  for (let i = 0; i + wanted <= words.length; i++) {
    phrases.push(prompt.slice(words[i]!.start, words[i + wanted - 1]!.end));
  }
  return nearest(phrase.trim(), phrases);
}
