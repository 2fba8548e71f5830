/** What would go wrong with a scene, in words, each with a way out. */
import type { SceneCheck } from "@api/engine.ts";
import { whyIgnored } from "@scene/promptMarkup.ts";
import { extrasOf } from "@scene/flatSettings.ts";
import { isolated } from "@scene/rightToLeft.ts";
import { type Document, titleOf } from "./document.ts";
import { formatBytes } from "./jobs.svelte.ts";

export interface Warning {
  key: string;
  text: string;
  /** Boxes to select when the person asks which. */
  boxes: readonly string[];
}

export function warningsOf(document: Document, check: SceneCheck | undefined): Warning[] {
  const title = (id: string) => {
    const box = document.boxes.find((one) => one.id === id);
    return box ? `“${isolated(titleOf(document, box))}”` : "a box";
  };
  const warnings: Warning[] = [];
  if (document.prompt.trim() === "") {
    warnings.push({ key: "no-prompt", text: "The prompt is empty: the picture will be left to chance.", boxes: [] });
  }
  // Together: a composition begins with several.
  const unbound = document.boxes.filter(({ spans }) => spans.length === 0).map(({ id }) => id);
  if (unbound.length > 0) {
    const who = unbound.length === 1 ? `${title(unbound[0]!)} has` : `${unbound.length} boxes have`;
    warnings.push({
      key: `unbound ${unbound.join()}`,
      text: `${who} no words and will be left out. Mark some in the prompt and bind them.`,
      boxes: unbound,
    });
  }
  if (document.settings.guidance.method === "none" && document.boxes.length > 0) {
    const speaking = document.boxes.filter(
      (box) => box.spans.length > 0 && (extrasOf(box).words ?? extrasOf(box).avoid),
    );
    const rest = speaking.length > 0 ? " What stands under “Also here” and “Not here” still acts." : "";
    warnings.push({
      key: "no-method",
      text: `The method is “None”: things are not drawn into their boxes.${rest}`,
      boxes: speaking.map(({ id }) => id),
    });
  }
  for (const warning of check?.warnings ?? []) {
    switch (warning.kind) {
      case "phrase-lost":
        warnings.push({
          key: `lost ${warning.regionId}`,
          text: `“${warning.text}” of ${title(warning.regionId)} is past the prompt's limit. Move it to the front.`,
          boxes: [warning.regionId],
        });
        break;
      case "prompt-truncated":
        warnings.push({
          key: "truncated",
          text: `The prompt is too long: “${clip(warning.text)}” will be ignored.`,
          boxes: [],
        });
        break;
      case "box-below-cell":
        warnings.push({
          key: `small ${warning.regionId}`,
          text: `${title(warning.regionId)} is smaller than the model can aim at. Make it larger.`,
          boxes: [warning.regionId],
        });
        break;
      case "box-hidden":
        warnings.push({
          key: `hidden ${warning.regionId}`,
          text: `${title(warning.regionId)} lies behind other boxes wholly and will be left out. Bring it to the front, or share overlaps.`,
          boxes: [warning.regionId],
        });
        break;
      case "boxes-conflict":
        warnings.push({
          key: `conflict ${warning.regionIds.join()}`,
          text: `${title(warning.regionIds[0])} and ${title(warning.regionIds[1])} overlap by ${Math.round(warning.overlap * 100)} %: one may win.`,
          boxes: warning.regionIds,
        });
        break;
      case "embedding-unusable":
        warnings.push({
          key: `embedding ${warning.name}`,
          text: `Embedding “${warning.name}”: ${warning.problem}`,
          boxes: [],
        });
        break;
      case "markup-ignored":
        warnings.push({
          key: `markup ${warning.where} ${warning.markup.text}`,
          text: `“${clip(warning.markup.text)}”${warning.where === "prompt" ? "" : " in “Leave out”"} ${whyIgnored(warning.markup)}.`,
          boxes: [],
        });
        break;
      case "spacing-ignored":
        break; // the choice is not shown where it does nothing
      case "not-enough-memory":
        warnings.push({
          key: "memory",
          text: `This needs about ${formatBytes(warning.neededBytes)}; ${formatBytes(warning.freeBytes)} are free. Choose a smaller size.`,
          boxes: [],
        });
    }
  }
  return warnings;
}

function clip(text: string): string {
  const short = text.trim();
  return short.length > 60 ? `${short.slice(0, 60)}…` : short;
}
