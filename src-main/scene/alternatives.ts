/**
 * Alternatives in a prompt, or in a box's own words: `{red|blue} house` is drawn once with each of its words. Groups may stand in groups, and
 * be empty on one side (`{big |}house`); `\{`, `\|` and `\}` are the characters themselves, and so are braces without
 * a bar in them.
 */
import { AppError } from "../wire/errors.ts";
import { MOST_SEEDS } from "./limits.ts";
import { extrasOf } from "./flatSettings.ts";
import type { Region, Scene, TextSpan } from "./scene.ts";

/** Prompts that one scene may stand for. */
export const MOST_ALTERNATIVES = 64;
const DEEPEST = 8;

/** A scene without alternatives, and the words that were chosen for it, which no other has; undefined where there was nothing to choose. */
export interface Alternative {
  scene: Scene;
  words: string | undefined;
}

/** Text as it will be drawn, and the range of the prompt that it came from. */
interface Literal extends TextSpan {
  text: string;
}
type Node = Literal | { options: Node[][] };

/** One way through a prompt. */
interface Path {
  literals: Literal[];
  /** Of each group that stands in no other, what was chosen. */
  words: string[];
}

/**
 * The scenes that a scene stands for, in the order in which they are written; those that come out alike are one. Phrases
 * follow into each: a phrase that an alternative does not hold is left out of it, and a box without any is too. Throws
 * `scene-invalid` where a group is never closed, or there are more than `MOST_ALTERNATIVES`.
 */
export function expandScene(scene: Scene): Alternative[] {
  const prompt = parse(scene.prompt, "prompt");
  const negative = parse(scene.negativePrompt, "negativePrompt");
  const own = ownTexts(scene.regions);
  const count = own.reduce((product, { nodes }) => product * countOf(nodes), countOf(prompt) * countOf(negative));
  if (count > MOST_ALTERNATIVES) {
    const many = count > 1e6 ? "more than a million" : count.toLocaleString("en");
    const problem = `The alternatives in { } make ${many} prompts; at most ${MOST_ALTERNATIVES} are drawn at a time. Take some out.`;
    throw new AppError("scene-invalid", problem, { at: "prompt" });
  }
  const found = new Map<string, Alternative>();
  const taken = new Set<string>();
  const negatives = pathsOf(negative);
  const waysOfBoxes = waysOf(own);
  for (const path of pathsOf(prompt)) {
    const there = scene.regions.flatMap((region) => follow(region, path));
    for (const other of negatives) {
      for (const way of waysOfBoxes) {
        const texts = way.filter(({ id }) => there.some((region) => region.id === id));
        const regions = there.map((region) => withTexts(region, texts));
        const chosen = { prompt: textOf(path), negativePrompt: textOf(other) };
        const key = JSON.stringify([chosen, texts.map(({ id, name, text }) => [id, name, text])]);
        if (found.has(key)) continue;
        const words = [...path.words, ...other.words, ...texts.flatMap((one) => one.words)].map((word) =>
          word === "" ? "(nothing)" : word,
        );
        found.set(key, {
          scene: { ...scene, ...chosen, regions },
          words: words.length > 0 ? unlike(taken, clip(words.join(", "))) : undefined,
        });
      }
    }
  }
  return [...found.values()];
}

/** A text that a box has of its own. */
interface OwnText {
  id: string;
  name: "words" | "avoid";
  nodes: Node[];
}

/** What one of them says in one alternative, and the words that were chosen in it. */
type ChosenText = Omit<OwnText, "nodes"> & { text: string; words: string[] };

function ownTexts(regions: readonly Region[]): OwnText[] {
  return regions.flatMap((region, i) =>
    (["words", "avoid"] as const).flatMap((name) => {
      const text = region[name];
      return text === undefined ? [] : { id: region.id, name, nodes: parse(text, `boxes[${i}].${name}`) };
    }),
  );
}

/** All choices in all of them, the last one's changing first. */
function waysOf(own: readonly OwnText[]): ChosenText[][] {
  return own.reduce<ChosenText[][]>(
    (ways, { id, name, nodes }) => {
      const paths = pathsOf(nodes).map((path) => ({ id, name, text: textOf(path), words: path.words }));
      return ways.flatMap((way) => paths.map((path) => [...way, path]));
    },
    [[]],
  );
}

function withTexts(region: Region, texts: readonly ChosenText[]): Region {
  const { id, box, spans, strength, ...extras } = region;
  const own = texts.filter((one) => one.id === id).map(({ name, text }) => [name, text] as const);
  return { id, box, spans, strength, ...extrasOf({ ...region, ...extras, ...Object.fromEntries(own) }) };
}

/** Pictures that `prompts` prompts make with `seeds` seeds; throws `scene-invalid` where they are too many. */
export function countPictures(prompts: number, seeds: number): number {
  const count = prompts * seeds;
  if (count <= MOST_SEEDS) return count;
  const [many, most] = [count, MOST_SEEDS].map((n) => n.toLocaleString("en"));
  const problem = `${prompts} prompts with ${seeds} seeds each are ${many} pictures; at most ${most} are drawn at a time.`;
  throw new AppError("scene-invalid", problem, { at: "seeds" });
}

/** How many prompts a scene stands for, or why none: as the window says it while one types. */
export function countAlternatives(scene: Scene): { count: number } | { problem: string } {
  try {
    return { count: expandScene(scene).length };
  } catch (error) {
    if (error instanceof AppError) return { problem: error.message };
    throw error;
  }
}

/** A scene that was drawn, as one that is to be drawn again: its braces are braces and nothing to choose from. */
export function asWritten(scene: Scene): Scene {
  const needs = (text: string) => /\\[{|}]|\{[^]*\|/.test(text);
  const own = scene.regions.flatMap(({ words = "", avoid = "" }) => [words, avoid]);
  if (![scene.prompt, scene.negativePrompt, ...own].some(needs)) return scene;
  const escape = (text: string) => text.replace(/[{|}]/g, String.raw`\$&`);
  const moved = (at: number) => escape(scene.prompt.slice(0, at)).length;
  const regions = scene.regions.map((region) => ({
    ...region,
    spans: region.spans.map(({ start, end }) => ({ start: moved(start), end: moved(end) })),
    ...(region.words === undefined ? {} : { words: escape(region.words) }),
    ...(region.avoid === undefined ? {} : { avoid: escape(region.avoid) }),
  }));
  return { ...scene, prompt: escape(scene.prompt), negativePrompt: escape(scene.negativePrompt), regions };
}

/** The words, numbered where others look the same (such as `{a|a }b`): a picture is known by its seed and these. */
function unlike(taken: Set<string>, words: string): string {
  let name = words;
  for (let n = 2; taken.has(name); n++) name = `${words} (${n})`;
  taken.add(name);
  return name;
}

/** Long enough to tell alternatives apart, short enough for a label. */
function clip(words: string): string {
  return words.length > 200 ? `${words.slice(0, 200)}…` : words;
}

function parse(text: string, at: string): Node[] {
  let i = 0;
  const sequence = (depth: number): Node[] => {
    const nodes: Node[] = [];
    const literal = (start: number, end: number, shown = text.slice(start, end)) => {
      const last = nodes.at(-1);
      if (
        last &&
        "text" in last &&
        last.end - last.start === last.text.length &&
        shown.length === end - start &&
        last.end === start
      ) {
        nodes[nodes.length - 1] = { start: last.start, end, text: last.text + shown };
      } else nodes.push({ start, end, text: shown });
    };
    while (i < text.length) {
      const c = text[i]!;
      if (c === "\\" && /[{|}]/.test(text[i + 1] ?? "")) {
        literal(i, i + 2, text[i + 1]);
        i += 2;
      } else if (c === "{") {
        const start = i++;
        if (depth === DEEPEST) throw invalid(`The alternatives stand more than ${DEEPEST} deep in each other.`, at);
        const options = [sequence(depth + 1)];
        while (text[i] === "|") {
          i++;
          options.push(sequence(depth + 1));
        }
        const isClosed = text[i] === "}";
        if (isClosed) i++;
        if (options.length > 1 && !isClosed) {
          const words = text.slice(start, start + 30);
          throw invalid(
            `“${words}” begins alternatives and never ends them: write } behind the last one, or \\{ for a brace.`,
            at,
          );
        }
        if (options.length > 1) nodes.push({ options });
        else {
          literal(start, start + 1);
          nodes.push(...options[0]!);
          if (isClosed) literal(i - 1, i);
        }
      } else if (depth > 0 && (c === "|" || c === "}")) return nodes;
      else {
        literal(i, i + 1);
        i++;
      }
    }
    return nodes;
  };
  return sequence(0);
}

function invalid(problem: string, at: string): AppError {
  return new AppError("scene-invalid", problem, { at });
}

function countOf(nodes: readonly Node[]): number {
  return nodes.reduce((product, node) => {
    return "text" in node ? product : product * node.options.reduce((sum, option) => sum + countOf(option), 0);
  }, 1);
}

function pathsOf(nodes: readonly Node[]): Path[] {
  let paths: Path[] = [{ literals: [], words: [] }];
  for (const node of nodes) {
    const ways: Path[] =
      "text" in node
        ? [{ literals: [node], words: [] }]
        : node.options.flatMap(pathsOf).map(({ literals }) => ({ literals, words: [textOf({ literals }).trim()] }));
    paths = paths.flatMap((path) =>
      ways.map((way) => ({ literals: [...path.literals, ...way.literals], words: [...path.words, ...way.words] })),
    );
  }
  return paths;
}

function textOf({ literals }: Pick<Path, "literals">): string {
  return literals.map(({ text }) => text).join("");
}

/** The region in one way through the prompt; none where no word of it is there. */
function follow(region: Region, { literals }: Path): Region[] {
  const spans = region.spans.flatMap((span) => {
    let at = 0;
    let found: TextSpan | undefined;
    for (const { text, start, end } of literals) {
      const from = Math.max(start, span.start);
      const to = Math.min(end, span.end);
      if (from < to) {
        // An escaped character is one of two, which belong together; else character by character.
        const isEscaped = text.length !== end - start;
        const begin = isEscaped ? at : at + from - start;
        found = { start: found?.start ?? begin, end: isEscaped ? at + text.length : at + to - start };
      }
      at += text.length;
    }
    return found ? (trimmed(textOf({ literals }), found) ?? []) : [];
  });
  return spans.length > 0 ? [{ ...region, spans }] : [];
}

function trimmed(text: string, { start, end }: TextSpan): TextSpan | undefined {
  while (start < end && text[start]!.trim() === "") start++;
  while (end > start && text[end - 1]!.trim() === "") end--;
  return start < end ? { start, end } : undefined;
}
