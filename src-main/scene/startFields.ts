/** The start of a scene file: `"start": { "path": "cat.png", "strength": 0.6, "redraw": { "areas": [{ "box": [0, 0, 0.5, 1] }] } }`. */
import { readBox } from "./boxes.ts";
import { isRecord, join, type Problem, readFields, reportUnknownFields, show } from "./fields.ts";
import { MOST_BOXES } from "./limits.ts";
import { formOf, type FormOf } from "./rows.ts";
import type { Area, Redraw, SceneStart } from "./scene.ts";
import { AREA_SETTINGS, REDRAW_SETTINGS, START_SETTINGS } from "./startSettings.ts";

const START_FIELDS: readonly string[] = [...Object.keys(START_SETTINGS), "redraw"];
const REDRAW_FIELDS: readonly string[] = [...Object.keys(REDRAW_SETTINGS), "areas"];
const AREA_FIELDS: readonly string[] = [...Object.keys(AREA_SETTINGS), "box"];

/** The start of a scene file; what is wrong is added to `problems`. */
export function readStart(value: unknown, problems: Problem[]): SceneStart | undefined {
  const at = "start";
  if (!isRecord(value)) {
    problems.push({ at, message: `expected an object with "path" or "hash" of a picture, got ${show(value)}` });
    return undefined;
  }
  reportUnknownFields(value, START_FIELDS, at, problems);
  const read = readFields(START_SETTINGS, value, at, problems);
  if (value.hash === undefined && value.path === undefined) {
    problems.push({ at, message: 'expected "path" of a picture, or its "hash"' });
  }
  const redraw = value.redraw === undefined ? undefined : readRedraw(value.redraw, join(at, "redraw"), problems);
  return tidyStart({ strength: START_SETTINGS.strength.usual, ...read, ...(redraw ? { redraw } : {}) });
}

function readRedraw(value: unknown, at: string, problems: Problem[]): Redraw | undefined {
  if (!isRecord(value)) {
    problems.push({ at, message: `expected an object with "areas", got ${show(value)}` });
    return undefined;
  }
  reportUnknownFields(value, REDRAW_FIELDS, at, problems);
  const { feather = REDRAW_SETTINGS.feather.usual } = readFields(REDRAW_SETTINGS, value, at, problems);
  const where = join(at, "areas");
  const { areas } = value;
  if (!Array.isArray(areas) || areas.length === 0 || areas.length > MOST_BOXES) {
    problems.push({ at: where, message: `expected a list of 1 to ${MOST_BOXES} areas, got ${show(areas)}` });
    return undefined;
  }
  const read = (areas as unknown[]).flatMap((area, i) => readArea(area, `${where}[${i}]`, problems) ?? []);
  return { areas: read, feather };
}

function readArea(value: unknown, at: string, problems: Problem[]): Area | undefined {
  if (!isRecord(value)) {
    problems.push({ at, message: `expected an object with "box", got ${show(value)}` });
    return undefined;
  }
  reportUnknownFields(value, AREA_FIELDS, at, problems);
  const box = readBox(value.box, join(at, "box"), problems);
  return box && { box, ...readFields(AREA_SETTINGS, value, at, problems) };
}

/** A start as a scene file writes it. */
export type StartForm = Omit<SceneStart, "redraw"> & {
  redraw?: Omit<Redraw, "areas"> & { areas: AreaForm[] };
};
type AreaForm = { box: [number, number, number, number] } & FormOf<typeof AREA_SETTINGS>;

export function writeStart({ redraw, ...start }: SceneStart): StartForm {
  if (!redraw) return start;
  const areas = redraw.areas.map(({ box: { x, y, width, height }, ...rest }): AreaForm => {
    return { box: [x, y, width, height], ...formOf(AREA_SETTINGS, rest) };
  });
  return { ...start, redraw: { ...redraw, areas } };
}

/** In the one form in which it is kept. */
export function tidyStart({ hash, path, strength, by, redraw }: SceneStart): SceneStart {
  return {
    ...(hash === undefined ? {} : { hash }),
    ...(path === undefined ? {} : { path }),
    strength,
    ...(by === undefined || by === START_SETTINGS.by.nothing ? {} : { by }),
    ...(redraw ? { redraw } : {}),
  };
}
