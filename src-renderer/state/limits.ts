/** Whether a document can still be kept and drawn: what is too much is refused when it happens, not when it is saved. */
import { LONGEST_PROMPT, LONGEST_SEEDS, MOST_BOXES, MOST_LORAS, MOST_SPANS } from "@scene/limits.ts";
import { type Document, titleOf } from "./document.ts";
import { MOST_GUIDES } from "./parts.ts";

/** What is too much in this document, for a person; undefined where all of it fits. */
export function tooMuch(document: Document): string | undefined {
  const { prompt, negativePrompt, boxes, seeds, guides } = document;
  if (boxes.length > MOST_BOXES) {
    return `A picture can have ${MOST_BOXES} boxes, and this would make ${boxes.length}. Delete some first.`;
  }
  const loras = document.settings.loras?.length ?? 0;
  if (loras > MOST_LORAS)
    return `A scene can have ${MOST_LORAS} LoRAs, and this would make ${loras}. Remove some first.`;
  if (prompt.length > LONGEST_PROMPT) return tooLong("The prompt", prompt, LONGEST_PROMPT);
  if (negativePrompt.length > LONGEST_PROMPT) return tooLong("“Leave out”", negativePrompt, LONGEST_PROMPT);
  if (seeds.length > LONGEST_SEEDS) return tooLong("The list of seeds", seeds, LONGEST_SEEDS);
  if (guides.length > MOST_GUIDES) {
    return `A picture can have ${MOST_GUIDES} guides. Take one out of the picture first.`;
  }
  const tied = boxes.find(({ spans }) => spans.length > MOST_SPANS);
  if (tied) {
    return `“${titleOf(document, tied)}” is tied to ${MOST_SPANS} phrases, and a box can have no more. Untie one first.`;
  }
  return undefined;
}

function tooLong(what: string, text: string, most: number): string {
  const [longest, length] = [most, text.length].map((count) => count.toLocaleString("en"));
  return `${what} can have ${longest} characters, and this would make ${length}. It was left as it is: shorten it first.`;
}
