/** What a project is called where there is more than one: by its file's name, and where that was not chosen, by its prompt too. */

import { isolated } from "./rightToLeft.ts";

/** Characters of the prompt in a title. */
const LONGEST_LINE = 40;
/** Characters of a prompt that are looked at. */
export const PROMPT_BEGINNING = 1_000;

const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });

/** `poster`, `Untitled 2: a red circle and a blue square…`, or `Untitled` where nothing is written yet. */
export function projectTitle(name: string, prompt: string): string {
  const line = lineOfTitle(name, prompt);
  return line === "" ? name : `${name}: ${isolated(line)}`;
}

/** What the title says of the prompt; nothing for a project that has a name of its own. */
export function lineOfTitle(name: string, prompt: string): string {
  return /^Untitled( \d+)?$/.test(name) ? firstLine(prompt) : "";
}

/** The first line of a prompt that has something in it, cut between words where it is long. */
function firstLine(prompt: string): string {
  const beginning = prompt.slice(0, PROMPT_BEGINNING).trimStart();
  const line = (beginning.split(/[\r\n]/)[0] ?? "").trim();
  const characters = [...graphemes.segment(line)];
  if (characters.length <= LONGEST_LINE) return line;
  const cut = line.slice(0, characters[LONGEST_LINE]!.index);
  const words = /^(.{20,})[\s,.;:]+\S*$/u.exec(cut)?.[1] ?? cut;
  return `${words.replace(/[\s,.;:]+$/u, "")}…`;
}
