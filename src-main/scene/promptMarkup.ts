/**
 * What other programs take for instructions in a prompt: LoRAs, which are read here, and what nothing here follows, which must be said.
 * Weights of words are model/tokenizer/fragments.ts's.
 */
import type { TextSpan } from "./scene.ts";

/** A LoRA that a prompt asks for, as in `<lora:name:0.8>`. */
export interface LoraTag {
  /** Of its file, without ending and folder. */
  name: string;
  /** Factor on what it changes in the noise predictor; 1 where the tag says none. Range -10 to 10. */
  strength: number;
  /** The same in the text encoders: `<lora:name:0.5:1>` gives first this, then `strength`. */
  textStrength: number;
  /** Where the tag stands in the prompt; it is no part of the text that is drawn. */
  span: TextSpan;
}

export interface Markup {
  /** A weight where those are turned off, words that change while a picture is drawn, a LoRA, another added network. */
  kind: "weight" | "change" | "lora" | "network";
  /** As it stands in the prompt. */
  text: string;
}

/** `(words:1.3)`, which hardly anyone writes to have it drawn. */
const WEIGHT = /(?<!\\)\([^()[\]]{1,200}:\s*[+-]?\d*\.?\d+\s*\)/g;
/** `[from:to:0.5]` and `[one|other]`: other words from one step to the next. */
const CHANGE = /(?<!\\)\[(?=[^()[\]]{0,200}[:|])[^()[\]]{1,200}\]/g;
/** `<hypernet:name:1>`, and tags of LoRAs; other words in angle brackets may be learned concepts of a checkpoint. */
const NETWORK = /<(lora|lyco|hypernet):[^<>]{1,200}>/gi;
/** `lyco` is what an extension of the same program called LoRAs of other kinds, before they were one. */
const LORA = /<(?:lora|lyco):([^<>:]{1,200})((?::[^<>:]{0,40}){0,6})>/gi;
const NUMBER = /^[+-]?(?:\d{1,6}(?:\.\d{0,20})?|\.\d{1,20})$/;
const STRONGEST = 10;
/** More are not told one by one. */
const MOST = 8;

/**
 * The LoRAs of a prompt, in its order, as AUTOMATIC1111's web UI reads them: strengths by place or by name (`te=`, `unet=`), a tag
 * whose strength is no number from -10 to 10 is none.
 */
export function findLoras(prompt: string): LoraTag[] {
  return Array.from(prompt.matchAll(LORA)).flatMap((match) => {
    const strengths = readStrengths(match[2]!.split(":").slice(1));
    const name = match[1]!.trim();
    if (!strengths || name === "") return [];
    return [{ name, ...strengths, span: { start: match.index, end: match.index + match[0].length } }];
  });
}

/** The text that is drawn: without the tags of LoRAs. */
export function withoutLoras(prompt: string): string {
  let from = 0;
  const kept = findLoras(prompt).map(({ span }) => {
    const before = prompt.slice(from, span.start);
    from = span.end;
    return before;
  });
  return [...kept, prompt.slice(from)].join("");
}

function readStrengths(words: readonly string[]): Pick<LoraTag, "strength" | "textStrength"> | undefined {
  const given: { te?: number; unet?: number } = {};
  const places = ["te", "unet"] as const;
  let place = 0;
  for (const word of words) {
    const [, key, value] = /^\s*(?:(te|unet|dyn)\s*=)?\s*(.*?)\s*$/i.exec(word)!;
    const name = key === undefined ? places[place++] : key.toLowerCase();
    if (name !== "te" && name !== "unet") continue; // dyn: how much of a rank is used, in a kind of LoRA of that program's alone
    const number = Number(value);
    if (!NUMBER.test(value!) || Math.abs(number) > STRONGEST) return undefined;
    given[name] = number;
  }
  const textStrength = given.te ?? 1;
  return { strength: given.unet ?? textStrength, textStrength };
}

/** The first of a prompt's instructions that nothing here follows; whether a LoRA is known others say (lorasOf). A bracket behind a backslash is a bracket everywhere. */
export function findMarkup(prompt: string, promptWeights: boolean): Markup[] {
  const found = [
    ...(promptWeights
      ? Array.from(prompt.matchAll(CHANGE), (match) => ({ kind: "change" as const, match }))
      : Array.from(prompt.matchAll(WEIGHT), (match) => ({ kind: "weight" as const, match }))),
    ...Array.from(prompt.matchAll(NETWORK), (match) => ({ kind: "network" as const, match })).filter(
      ({ match }) => findLoras(match[0]).length === 0,
    ),
  ];
  const inOrder = found.sort((a, b) => a.match.index - b.match.index);
  const texts = new Map(inOrder.map(({ kind, match }) => [match[0], { kind, text: match[0] }]));
  return [...texts.values()].slice(0, MOST);
}

/** Why it does nothing, as the end of a sentence that began with it. */
export function whyIgnored({ kind }: Markup): string {
  switch (kind) {
    case "weight":
      return "is drawn as it is written: weights of words are turned off";
    case "change":
      return "is drawn as it is written, a little weaker: words do not change while a picture is drawn";
    case "lora":
      return "does nothing: no LoRA of this name was found";
    case "network":
      return "is drawn as it is written: networks of this kind are not loaded";
  }
}
