/** What a picture's file is called when it leaves a project. */
import type { ResultDetails } from "./store.ts";

/** A seed is 64 bits; nothing else may get into a name, because a project, and the seeds in it, may come from a stranger. */
const SEED = /^\d{1,20}$/;

/** What a person wrote, as the beginning of a file name that is no path and that every system takes; empty where nothing is left of it. */
export function nameFrom(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\\/:*?"<>|]+/gu, " ").replace(/\s+/g, " ");
  const start = plain
    .replace(/^[. ]+/, "")
    .slice(0, 100)
    .replace(/[\ud800-\udbff]$/, ""); // no half of a character
  return start.replace(/[. ]+$/, "");
}

/** What a pattern may speak of. */
export const NAME_PARTS = ["project", "seed", "date", "time", "id", "size", "model", "prompt"] as const;
export type NamePart = (typeof NAME_PARTS)[number];
export type NameFacts = Record<NamePart, string>;

export const DEFAULT_PATTERN = "diorama-{id}-seed-{seed}";
export const LONGEST_PATTERN = 200;

/** What there is to say of a result in its file's name; strange values of a stranger's project are left away. */
export function factsOf(result: ResultDetails, project: string): NameFacts {
  const { id, seed, created, width, height, record } = result;
  const [, date = "", hour = "", minute = ""] = /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)/.exec(created) ?? [];
  return {
    project: nameFrom(project),
    seed: SEED.test(seed) ? seed : "",
    date,
    time: hour && `${hour}${minute}`,
    id: String(id),
    size: `${width}x${height}`,
    model: nameFrom(record.model.name),
    prompt: nameFrom(record.scene.prompt)
      .slice(0, 60)
      .replace(/[\ud800-\udbff]$/, "")
      .trim(),
  };
}

/** What is wrong with a pattern, for a person; undefined where nothing is. */
export function patternProblem(pattern: string): string | undefined {
  const stranger = [...pattern.matchAll(/\{([^{}]*)\}/g)].find(([, part]) => !isPart(part!));
  if (stranger) return `There is no ${stranger[0]}. Use ${NAME_PARTS.map((part) => `{${part}}`).join(", ")}.`;
  return pattern.trim() === "" ? "Write a name, such as {project}-{seed}-{date}." : undefined;
}

/** File name of a result, without its ending: never a path, never empty. */
export function pictureName(pattern: string, facts: NameFacts): string {
  const named = pattern.slice(0, LONGEST_PATTERN).replace(/\{([^{}]*)\}/g, (whole, part: string) => {
    return isPart(part) ? facts[part] : whole;
  });
  return nameFrom(named) || `diorama-${facts.id}`;
}

function isPart(part: string): part is NamePart {
  return (NAME_PARTS as readonly string[]).includes(part);
}
