/** What can be done to a document: functions from one document to the next. An edit that changes nothing returns the same object. */
import type { Problem } from "@scene/fields.ts";
import { flatSettings, type SettingChanges } from "@scene/flatSettings.ts";
import type { SceneSettings, TextSpan, UnitBox } from "@scene/scene.ts";
import { changeSettings } from "@scene/settingChanges.ts";
import { namedColor } from "./colors.ts";
import { type Box, type Document, newBox, nextColor, phraseOf } from "./document.ts";
import { align, type Alignment, distribute, fitInside, isSamePlace, movable, reflow, type Size } from "./geometry.ts";
import { type Group, tidied } from "./parts.ts";
import type { Reference } from "./reference.ts";
import { followEdits, mergeSpans, textEdit } from "./spans.ts";

export type Edit = (document: Document) => Document;

function mapBoxes(ids: readonly string[], change: (box: Box) => Box): Edit {
  return (document) => {
    if (!document.boxes.some(({ id }) => ids.includes(id))) return document;
    return { ...document, boxes: document.boxes.map((box) => (ids.includes(box.id) ? change(box) : box)) };
  };
}

export function addBox(id: string, box: UnitBox, spans: readonly TextSpan[] = []): Edit {
  return (document) => ({
    ...document,
    boxes: [...document.boxes, newBox(document, { box: fitInside(box), spans: [...spans] }, id)],
  });
}

export function removeBoxes(ids: readonly string[]): Edit {
  return (document) => tidied({ ...document, boxes: document.boxes.filter(({ id }) => !ids.includes(id)) });
}

export function setBox(id: string, box: UnitBox): Edit {
  return mapBoxes([id], (old) => ({ ...old, box: fitInside(box) }));
}

/** Several boxes at once, by id. */
function setBoxes(boxes: ReadonlyMap<string, UnitBox>): Edit {
  return mapBoxes([...boxes.keys()], (old) => ({ ...old, box: fitInside(boxes.get(old.id)!) }));
}

/** Some of what the editor knows of a box. */
export function changeBoxes(
  ids: readonly string[],
  change: Partial<Pick<Box, "name" | "color" | "locked" | "hidden" | "strength" | "words" | "avoid" | "during">>,
): Edit {
  return mapBoxes(ids, (box) => ({ ...box, ...change }));
}

/** Moves boxes by fractions of the picture; locked ones stay. */
export function moveBoxes(ids: readonly string[], dx: number, dy: number): Edit {
  return (document) => {
    const moving = document.boxes.filter(({ id, locked }) => ids.includes(id) && !locked);
    if (moving.length === 0) return document;
    const by = movable(
      moving.map(({ box }) => box),
      dx,
      dy,
    );
    return mapBoxes(
      moving.map(({ id }) => id),
      (old) => ({ ...old, box: { ...old.box, x: old.box.x + by.dx, y: old.box.y + by.dy } }),
    )(document);
  };
}

/** Grows boxes to the right and downwards; locked ones stay. */
export function growBoxes(ids: readonly string[], dw: number, dh: number): Edit {
  return mapBoxes(ids, (old) => {
    if (old.locked) return old;
    const { x, y, width, height } = old.box;
    return {
      ...old,
      box: fitInside({ x, y, width: Math.min(width + dw, 1 - x), height: Math.min(height + dh, 1 - y) }),
    };
  });
}

export function alignBoxes(ids: readonly string[], to: Alignment): Edit {
  return arrange(ids, (boxes) => align(boxes, to));
}

export function distributeBoxes(ids: readonly string[], axis: "horizontal" | "vertical"): Edit {
  return arrange(ids, (boxes) => distribute(boxes, axis));
}

function arrange(ids: readonly string[], place: (boxes: UnitBox[]) => UnitBox[]): Edit {
  return (document) => {
    const chosen = document.boxes.filter(({ id, locked }) => ids.includes(id) && !locked);
    if (chosen.length === 0) return document;
    const placed = place(chosen.map(({ box }) => box));
    return setBoxes(new Map(chosen.map(({ id }, i) => [id, placed[i]!])))(document);
  };
}

/**
 * Puts copies above everything, a little lower and to the right, under the ids given. Where two or more are of one of `groups`, by
 * default the document's own, they are a group of the same name.
 */
export function pasteBoxes(
  copies: readonly Box[],
  ids: readonly string[],
  offset = 0.04,
  groups?: readonly Group[],
): Edit {
  return (document) => {
    const made = new Map<string, Group>();
    for (const group of groups ?? document.groups) {
      const members = copies.flatMap((copy, i) => (copy.group === group.id ? ids[i]! : []));
      if (members.length > 1) made.set(group.id, { ...group, id: `group of ${members[0]!}` });
    }
    const boxes = [...document.boxes];
    for (const [i, copy] of copies.entries()) {
      const spans = copy.spans.filter(({ end }) => end <= document.prompt.length);
      const box = fitInside({ ...copy.box, x: copy.box.x + offset, y: copy.box.y + offset });
      const group = copy.group === undefined ? undefined : made.get(copy.group)?.id;
      const color = nextColor(boxes);
      boxes.push({ ...copy, id: ids[i]!, box, spans, color, group, locked: false, hidden: false });
    }
    return tidied({ ...document, boxes, groups: [...document.groups, ...made.values()] });
  };
}

/** Another prompt; the phrases of all boxes follow. */
export function setPrompt(prompt: string, caret?: number): Edit {
  return (document) => {
    if (prompt === document.prompt) return document;
    const edit = textEdit(document.prompt, prompt, caret);
    const boxes = document.boxes.map((box) => ({ ...box, spans: followEdits(box.spans, edit, prompt) }));
    return { ...document, prompt, boxes };
  };
}

export function setNegativePrompt(negativePrompt: string): Edit {
  return (document) => (negativePrompt === document.negativePrompt ? document : { ...document, negativePrompt });
}

/** Ties words to boxes, besides those they have; the first ones give it the colour that they name. */
export function bindBoxes(ids: readonly string[], span: TextSpan): Edit {
  return (document) =>
    mapBoxes(ids, (box) => {
      const color = box.spans.length === 0 ? namedColor(phraseOf(document.prompt, { spans: [span] })) : undefined;
      return { ...box, spans: mergeSpans([...box.spans, span]), color: color ?? box.color };
    })(document);
}

export function unbindBox(id: string, span: TextSpan): Edit {
  return mapBoxes([id], (box) => ({
    ...box,
    spans: box.spans.filter(({ start, end }) => start !== span.start || end !== span.end),
  }));
}

/** Some settings. Boxes re-flow when the picture's shape changes; step ranges scale with the number of steps. */
export function changeSettingsOf(changes: SettingChanges): Edit {
  return (document) => {
    const problems: Problem[] = [];
    const settings = changeSettings(document.settings, changes, problems);
    if (problems.length > 0) return document;
    const { width, height } = document.settings;
    const isSameShape = width * settings.height === height * settings.width;
    const boxes = isSameShape
      ? document.boxes
      : document.boxes.map((box) => reshaped(box, { width, height }, settings));
    return { ...document, settings, boxes };
  };
}

/** From where it was put by hand: shapes that were only tried leave no trace, and going back gives the layout back exactly. */
function reshaped(box: Box, from: Size, { width, height }: Size): Box {
  const isAsMade = box.made !== undefined && isSamePlace(reflow(box.made.box, box.made.size, from), box.box);
  const made = isAsMade ? box.made! : { box: box.box, size: from };
  return { ...box, box: reflow(made.box, made.size, { width, height }), made };
}

/** The settings that a checkpoint is best used with; the method stays the one chosen. */
export function adoptSettings(own: SceneSettings): Edit {
  return (document) => {
    const { method } = document.settings.guidance;
    const next = changeSettingsOf({ ...flatSettings(own), method })(document);
    const isSame = JSON.stringify(flatSettings(next.settings)) === JSON.stringify(flatSettings(document.settings));
    return isSame ? document : next;
  };
}

export function changeRun(change: Partial<Pick<Document, "seeds" | "seedMode" | "model">>): Edit {
  return (document) => ({ ...document, ...change });
}

export function setReference(reference: Reference | null): Edit {
  return (document) => (document.reference === reference ? document : { ...document, reference });
}

export function changeReference(change: Partial<Pick<Reference, "opacity" | "fit" | "shown">>): Edit {
  return (document) =>
    document.reference ? { ...document, reference: { ...document.reference, ...change } } : document;
}
