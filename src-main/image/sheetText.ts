/** What stands on a sheet in words: captions beneath pictures, and the settings that all of them share. */
import type { RunRecord } from "../api/engine.ts";
import type { BoxColor, Caption } from "../api/sheets.ts";
import { flatSettings, isNothing } from "../scene/flatSettings.ts";
import { METHOD_ROWS } from "../scene/methods.ts";
import { modelTitle, SPACING_NAMES } from "../scene/names.ts";
import { SCHEDULER_ROWS } from "../scene/schedulers.ts";
import { actingSpacing, type Scene } from "../scene/scene.ts";
import { rowOf, SETTING_NAMES, type SettingName } from "../scene/settings.ts";
import type { SheetBox } from "./sheetPlan.ts";

/** The lines beneath a picture; `name` is its file's. The words of boxes are drawn with their colours, see `SheetOptions.words`. */
export function captionLines(record: RunRecord, captions: readonly Caption[], name: string): string[] {
  const { scene, seed, obedience } = record;
  const shares = scene.regions.map(({ id }) => obedience[id] ?? 0);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  // Pictures of one seed are told apart by what was chosen in their prompt.
  const { alternative } = record;
  const isBesideSeed = captions.includes("seed") && alternative !== undefined;
  const numbers = [
    captions.includes("seed") ? `Seed ${seed}` : "",
    isBesideSeed ? alternative : "",
    captions.includes("score") && shares.length > 0 ? `obeyed ${Math.round(mean * 100)} %` : "",
  ].filter((part) => part !== "");
  const first = numbers.join(" · ");
  return [
    first.charAt(0).toUpperCase() + first.slice(1),
    captions.includes("name") ? name : "",
    captions.includes("words") && !isBesideSeed ? (alternative ?? (shares.length === 0 ? scene.prompt : "")) : "",
  ].filter((line) => line !== "");
}

/** The boxes of a scene for a sheet, in the colours that they have in the editor, or else by their place. */
export function sheetBoxes({ prompt, regions }: Scene, colors: readonly BoxColor[] = []): SheetBox[] {
  return regions.map(({ id, box, shape, spans }) => {
    const label = spans.map(({ start, end }) => prompt.slice(start, end).trim()).join(" + ");
    const known = colors.find((one) => one.id === id) ?? colors.find(({ words }) => words === label);
    return {
      box,
      label,
      ...(shape === undefined ? {} : { shape }),
      ...(known === undefined ? {} : { color: known.color }),
    };
  });
}

/** As its row says it; nothing of what asks for nothing, or is as it was before the setting was there. */
function captionOf(name: SettingName, value: unknown): string {
  const { caption, before } = rowOf(name);
  return caption === undefined || value === before || isNothing(rowOf(name), value)
    ? ""
    : caption.replace("{}", String(value));
}

/** What all pictures were made with; what differs among them is left out. */
export function sharedSettings(records: readonly RunRecord[]): string {
  const parts = records.map(({ scene, seed, model }) => {
    const { settings, negativePrompt } = scene;
    const { width, height, scheduler, guidance } = settings;
    const spacing = actingSpacing(settings);
    const values = flatSettings(settings);
    return [
      modelTitle(model.name),
      `${width} × ${height}`,
      SCHEDULER_ROWS[scheduler].label + (spacing === "model" ? "" : `, ${SPACING_NAMES[spacing]}`),
      ...SETTING_NAMES.map((name) => captionOf(name, values[name])),
      METHOD_ROWS[guidance.method].caption,
      `seed ${seed}`,
      negativePrompt === "" ? "" : `without: ${negativePrompt}`,
    ];
  });
  const [first] = parts;
  const shared = (first ?? []).filter((part, i) => part !== "" && parts.every((one) => one[i] === part));
  return shared.join(" · ");
}
