/** Rows of the tables of settings: what may stand in one, and what a scene and a scene file hold of it. */
import type { FieldRule, FieldValue, NumberRule, StepRangeRule } from "./fields.ts";
import { type ShapeForm, writeShape } from "./shapeFields.ts";
import type { RegionShape } from "./shapes.ts";

/** What a setting is called, and how it is explained. */
interface Words {
  /** In the window, above its field. */
  label: string;
  /** The field's tooltip: what more or less of it does. */
  help: string;
  /** What a step of undo is called that changes it. */
  undo: string;
}

/** How the command line calls it. Two numbers with one name are written as one option, `512x768`. */
export interface CommandOption {
  name: string;
  /** What its value is called in the help; nothing for a switch. */
  value?: string;
  /** Where the rule's own sentence is too long or says something else. */
  about?: string;
  /** What a switch makes it; true where this is left out. */
  means?: boolean;
  /** What stands between the values of two settings that are one option; `x` where it is left out. */
  between?: string;
}

/** Of a slider: the smallest move, and where it ends if not at the greatest value; the field beside it takes more. */
interface Slider {
  step: number;
  end?: number;
}

export type Row = (Exclude<FieldRule, NumberRule> | (NumberRule & ScaledNumber)) &
  Partial<Words> & {
    /** What a new scene has: the paper's, where that says it. */
    usual?: unknown;
    /** What asks for nothing: a scene leaves the setting out then. */
    nothing?: unknown;
    /** What scenes were drawn with before the setting was there, where they are read that do not have it; may depend on the prompts. */
    before?: unknown;
    /** What earlier versions allowed, where that was more: such a number is read as the nearest that is allowed now. */
    once?: { min: number; max: number };
    /** Part of layout control: kept in `SceneSettings.guidance`, and used by some methods (`METHOD_ROWS`). */
    part?: "guidance";
    slider?: Slider;
    option?: CommandOption;
    /** What a contact sheet says of it, with the value in the place of `{}`. */
    caption?: string;
    /** What other programs call it in a picture's text. */
    pair?: string;
  };

interface ScaledNumber {
  /** The value in `to` steps that does what `value` does in `from`. */
  inSteps?: (value: number, from: number, to: number) => number;
}

export type Table = Record<string, FieldRule & { nothing?: unknown }>;
/** What rows of a table hold, those that may ask for nothing left out where they do. */
export type Held<T extends Table, Name extends keyof T = keyof T> = {
  [N in Name as T[N] extends { nothing: unknown } ? never : N]: FieldValue<T[N]>;
} & { [N in Name as T[N] extends { nothing: unknown } ? N : never]?: FieldValue<T[N]> };

/** Values of rows as a scene file writes them: ranges as `[start, end]`, shapes in their own form, all else as it is. */
export type FormOf<T extends Table> = {
  [N in keyof T]?: T[N] extends { kind: "stepRange" | "share" }
    ? [number, number]
    : T[N] extends { kind: "shape" }
      ? ShapeForm
      : FieldValue<T[N]>;
};

export function formOf<T extends Table>(rows: T, fields: { [N in keyof T]?: FieldValue<T[N]> }): FormOf<T> {
  const written = Object.entries<unknown>(fields).map(([name, value]) => {
    const rule = rows[name]?.kind;
    if (rule === "shape" && value !== undefined) return [name, writeShape(value as RegionShape)];
    if (rule !== "stepRange" && rule !== "share") return [name, value];
    const { start, end } = value as FieldValue<StepRangeRule>;
    return [name, [start, end]];
  });
  return Object.fromEntries(written) as FormOf<T>;
}
