/**
 * What other programs take for instructions in a prompt: weights, LoRAs. Here they are drawn as the letters they are
 * made of, which must be said.
 */

export interface Markup {
  kind: "weight" | "network";
  /** As it stands in the prompt. */
  text: string;
}

/** `(words:1.3)`, `((words))` and `[words]` (also with `|` or `:` in it), each without one of its kind inside. */
const WEIGHT = /(?<!\\)(?:\([^()[\]]{1,200}:\s*[+-]?\d*\.?\d+\s*\)|\(\([^()]{1,200}\)\)|\[[^()[\]]{1,200}\])/g;
/** `<lora:name:0.8>` and its like; other words in angle brackets may be learned concepts of a checkpoint. */
const NETWORK = /<(?:lora|lyco|hypernet):[^<>]{1,200}>/gi;
/** More are not told one by one. */
const MOST = 8;

/** The first of a prompt's instructions that nothing here follows; a bracket behind a backslash is a bracket everywhere. */
export function findMarkup(prompt: string): Markup[] {
  const found = [
    ...Array.from(prompt.matchAll(WEIGHT), (match) => ({ kind: "weight" as const, match })),
    ...Array.from(prompt.matchAll(NETWORK), (match) => ({ kind: "network" as const, match })),
  ];
  const inOrder = found.sort((a, b) => a.match.index - b.match.index);
  const texts = new Map(inOrder.map(({ kind, match }) => [match[0], { kind, text: match[0] }]));
  return [...texts.values()].slice(0, MOST);
}

/** Why it does nothing, as the end of a sentence that began with it. */
export function whyIgnored({ kind }: Markup): string {
  return kind === "weight"
    ? "is drawn as it is written: weights of words are not understood yet"
    : "is drawn as it is written: LoRAs and other added networks are not loaded yet";
}
