/** What may come out otherwise than a scene means it, as the command line says it. */
import type { SceneWarning } from "../api/engine.ts";
import { whyIgnored } from "../scene/promptMarkup.ts";

export function describeWarning(warning: SceneWarning, labels: Record<string, string>): string {
  const name = (id: string) => `"${labels[id] ?? id}"`;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  switch (warning.kind) {
    case "phrase-lost":
      return `the model does not see "${warning.text}", so the box of ${name(warning.regionId)} does nothing; shorten the prompt`;
    case "prompt-truncated":
      return `the prompt is too long; the model does not see "${warning.text}"`;
    case "box-below-cell":
      return `the box of ${name(warning.regionId)} is smaller than a cell of the model's grid; make it larger`;
    case "box-hidden":
      return `the box of ${name(warning.regionId)} lies behind others wholly and does nothing; list it after them, or use --overlap share`;
    case "boxes-conflict": {
      const [first, second] = warning.regionIds;
      return `the boxes of ${name(first)} and ${name(second)} overlap by ${Math.round(warning.overlap * 100)}%; they will compete`;
    }
    case "embedding-unusable":
      return `the embedding "${warning.name}" cannot be used: ${warning.problem}`;
    case "markup-ignored":
      return `"${warning.markup.text}" in the ${warning.where === "prompt" ? "prompt" : "negative prompt"} ${whyIgnored(warning.markup)}`;
    case "spacing-ignored":
      return `the scheduler ${warning.scheduler} has no ${warning.spacing} spacing; the pictures are the same without it`;
    case "not-enough-memory":
      return `this needs about ${gib(warning.neededBytes)} and ${gib(warning.freeBytes)} are free; try --memory low or a smaller --size`;
  }
}
