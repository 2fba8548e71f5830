/** The document on the screen: a scene with what only the editor needs to know of it. Plain data, replaced whole. */
import { countAlternatives, expandScene } from "@scene/alternatives.ts";
import { DEFAULT_SETTINGS } from "@scene/defaults.ts";
import type { LoadRequest } from "@api/engine.ts";
import { isRecord } from "@scene/fields.ts";
import { readBox } from "@scene/boxes.ts";
import { extrasOf } from "@scene/flatSettings.ts";
import type { Region, Scene, SceneSettings, SceneStart, UnitBox } from "@scene/scene.ts";
import { type Draft, ORIGINS, type RunOrigin } from "@api/store.ts";
import { namedColor } from "./colors.ts";
import type { Size } from "./geometry.ts";
import { type Group, readGroupId, readGroups, readGuides, tidied } from "./parts.ts";
import { readReference, type Reference } from "./reference.ts";
import { kindOf, SHAPE_NAMES } from "./shapes.ts";
import type { Guide } from "./snapping.ts";

/** A region as the editor sees it. Later boxes lie above earlier ones. */
export interface Box extends Region {
  /** Empty where the phrase is name enough. */
  name: string;
  /** Index into `BOX_COLORS`. */
  color: number;
  locked: boolean;
  hidden: boolean;
  /** Id of the group that it belongs to. */
  group?: string | undefined;
  /** Where it was put by hand and in a picture of which size, once that has changed its shape; void when it was moved since. */
  made?: { box: UnitBox; size: Size };
}

/** `list` draws the seeds as typed; `random` draws `count` new ones every time. */
export type SeedMode = { kind: "list" } | { kind: "random"; count: number };

export interface Document {
  prompt: string;
  negativePrompt: string;
  boxes: readonly Box[];
  settings: SceneSettings;
  /** As typed, such as `1,2,7-9`; in random mode, the seeds drawn last. */
  seeds: string;
  seedMode: SeedMode;
  model: LoadRequest | null;
  /** Each has boxes, which lie next to each other: see groups.ts. */
  groups: readonly Group[];
  guides: readonly Guide[];
  reference: Reference | null;
  /** The picture that what is drawn goes on from. */
  start?: SceneStart;
  /** What was put into the editor last: runs that are drawn then came from it. */
  origin: RunOrigin | null;
}

/** The colours of boxes, in the order in which they are given out; styles.css has each for light and dark. */
export const COLOR_NAMES = ["Red", "Blue", "Amber", "Green", "Violet", "Pink", "Teal", "Lime"] as const;
export const COLOR_COUNT = COLOR_NAMES.length;

export const EMPTY_DOCUMENT: Document = {
  prompt: "",
  negativePrompt: "",
  boxes: [],
  settings: DEFAULT_SETTINGS,
  seeds: "1-4",
  seedMode: { kind: "list" },
  model: null,
  groups: [],
  guides: [],
  reference: null,
  origin: null,
};

/** What a box is called: its name, its words, or its place in the list. */
export function titleOf(document: Pick<Document, "prompt" | "boxes">, box: Box): string {
  if (box.name !== "") return box.name;
  const words = phraseOf(document.prompt, box);
  return words === "" ? `${SHAPE_NAMES[kindOf(box)]} ${document.boxes.indexOf(box) + 1}` : words;
}

/** The words a box is tied to. */
export function phraseOf(prompt: string, region: Pick<Region, "spans">): string {
  return region.spans.map(({ start, end }) => prompt.slice(start, end)).join(" + ");
}

/** The colour of a region of some scene, as CSS. */
export function colorOf(document: Pick<Document, "prompt" | "boxes">, scene: Scene, id: string): string {
  return `var(--box-${colorNumberOf(document, scene, id)})`;
}

/** The number of a region's colour: of the box in the editor that it is, or that has its words; else by its place. */
export function colorNumberOf(document: Pick<Document, "prompt" | "boxes">, scene: Scene, id: string): number {
  const { boxes, prompt } = document;
  const place = scene.regions.findIndex((region) => region.id === id);
  const region = scene.regions[place];
  const words = region && phraseOf(scene.prompt, region);
  const box = boxes.find((one) => one.id === id) ?? boxes.find((one) => phraseOf(prompt, one) === words);
  return box?.color ?? Math.max(0, place) % COLOR_COUNT;
}

/** The colour least used so far, the first of them. */
export function nextColor(boxes: readonly Box[]): number {
  const uses = Array.from({ length: COLOR_COUNT }, () => 0);
  for (const { color } of boxes) uses[color] = (uses[color] ?? 0) + 1;
  return uses.indexOf(Math.min(...uses));
}

/** Of a new box: the one that its words name, else the one least used. */
export function colorFor({ prompt, boxes }: Pick<Document, "prompt" | "boxes">, spans: Region["spans"]): number {
  return namedColor(phraseOf(prompt, { spans })) ?? nextColor(boxes);
}

export function newBox(
  document: Pick<Document, "prompt" | "boxes">,
  { box, spans }: Pick<Region, "box" | "spans">,
  id: string,
): Box {
  const color = colorFor(document, spans);
  return { id, box, spans, strength: 1, name: "", color, locked: false, hidden: false };
}

/** What the engine is asked to draw: boxes that name no words, and those of strength 0, say nothing to it. */
export function sceneToDraw(document: Document): Scene {
  const scene = sceneOf(document);
  return { ...scene, regions: scene.regions.filter(({ spans, strength }) => spans.length > 0 && strength > 0) };
}

/** How many prompts its alternatives make (`{red|blue} house`), or what is wrong with them. */
export function alternativesOf(document: Document): { count: number } | { problem: string } {
  return countAlternatives(sceneToDraw(document));
}

/** The longest of its prompts: what the model's limits are asked about. */
export function longestToDraw(document: Document): Scene {
  const scene = sceneToDraw(document);
  if ("problem" in alternativesOf(document)) return scene;
  return expandScene(scene)
    .map((one) => one.scene)
    .reduce((longest, one) => (one.prompt.length > longest.prompt.length ? one : longest));
}

export function sceneOf({ prompt, negativePrompt, boxes, settings, start }: Document): Scene {
  const regions = boxes.map(({ id, box, spans, strength, ...rest }) => {
    return { id, box, spans, strength, ...extrasOf({ id, box, spans, strength, ...rest }) };
  });
  return { prompt, negativePrompt, regions, settings, ...(start ? { start } : {}) };
}

export function toDraft(document: Document): Draft {
  const looks = document.boxes.map(({ id, name, color, locked, hidden, group, made }) => {
    return [id, { name, color, locked, hidden, ...(group === undefined ? {} : { group }), ...(made ? { made } : {}) }];
  });
  const { seedMode, groups, guides, reference, origin } = document;
  return {
    scene: sceneOf(document),
    seeds: document.seeds,
    model: document.model,
    editor: {
      looks: Object.fromEntries(looks) as Record<string, unknown>,
      seedMode,
      // What is not there is not written: a project without any is as it was before there were any.
      ...(groups.length > 0 ? { groups } : {}),
      ...(guides.length > 0 ? { guides } : {}),
      ...(reference ? { reference } : {}),
      ...(origin ? { origin } : {}),
    },
  };
}

export function fromDraft({ scene, seeds, model, editor }: Draft): Document {
  return tidied({
    ...fromScene(scene, editor.looks),
    seeds,
    seedMode: readSeedMode(editor.seedMode),
    model,
    groups: readGroups(editor.groups),
    guides: readGuides(editor.guides),
    reference: readReference(editor.reference),
    origin: readOrigin(editor.origin),
  });
}

/** A scene from a file, a result or a run, with colours given in order where `looks` does not say them. */
export function fromScene(scene: Scene, looks?: unknown): Document {
  const boxes: Box[] = [];
  for (const region of scene.regions) {
    const look = isRecord(looks) ? looks[region.id] : undefined;
    boxes.push(withLook(newBox({ prompt: scene.prompt, boxes }, region, region.id), region, look));
  }
  const { prompt, negativePrompt, settings, start } = scene;
  return { ...EMPTY_DOCUMENT, prompt, negativePrompt, settings, boxes, ...(start ? { start } : {}) };
}

function withLook(plain: Box, region: Region, look: unknown): Box {
  const { strength } = region;
  const box = { ...plain, ...extrasOf(region) };
  if (!isRecord(look)) return { ...box, strength };
  const { name, color, locked, hidden } = look;
  const made = readMade(look.made);
  const group = readGroupId(look.group);
  return {
    ...box,
    strength,
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof color === "number" && color >= 0 && color < COLOR_COUNT ? { color: Math.floor(color) } : {}),
    locked: locked === true,
    hidden: hidden === true,
    ...(group === undefined ? {} : { group }),
    ...(made ? { made } : {}),
  };
}

function readMade(value: unknown): Box["made"] {
  if (!isRecord(value) || !isRecord(value.size)) return undefined;
  const { width, height } = value.size;
  const box = readBox(value.box, "made", []);
  if (!box || typeof width !== "number" || typeof height !== "number" || !(width > 0) || !(height > 0))
    return undefined;
  return { box, size: { width, height } };
}

function readOrigin(value: unknown): RunOrigin | null {
  if (!isRecord(value) || !Number.isSafeInteger(value.run)) return null;
  const how = ORIGINS.find((one) => one === value.how) ?? "scene";
  return {
    run: value.run as number,
    result: Number.isSafeInteger(value.result) ? (value.result as number) : null,
    how,
  };
}

function readSeedMode(value: unknown): SeedMode {
  if (!isRecord(value) || value.kind !== "random") return { kind: "list" };
  const count = typeof value.count === "number" ? Math.round(value.count) : 4;
  return { kind: "random", count: Math.min(64, Math.max(1, count)) };
}
