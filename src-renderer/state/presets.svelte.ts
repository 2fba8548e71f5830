/** Settings that a person keeps under a name, for all projects, and those that new projects begin with. They are in the library, in no project. */
import type { App } from "@api/bridge.ts";
import { isRecord, type Problem, readFields } from "@scene/fields.ts";
import { flatSettings, type SettingChanges } from "@scene/flatSettings.ts";
import type { SceneSettings } from "@scene/scene.ts";
import { changeSettings } from "@scene/settingChanges.ts";
import { SETTING_NAMES, SETTINGS } from "@scene/settings.ts";
import { EMPTY_DOCUMENT } from "./document.ts";

export interface Preset {
  name: string;
  /** Every setting, so that it means the same wherever it is applied. */
  settings: SettingChanges;
}

export const MOST_PRESETS = 100;
export const LONGEST_PRESET_NAME = 80;

export class Presets {
  /** In the order in which they were kept. */
  all: readonly Preset[] = $state.raw([]);
  /** What new projects begin with; undefined where that is the checkpoint's own. */
  standard: SettingChanges | undefined = $state.raw();
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
    app.on("changed", ({ what }) => {
      // Another window may have kept one. What cannot be read is told where it is asked for.
      if (what === "preferences") void this.read().catch(() => undefined);
    });
  }

  async read(): Promise<void> {
    const { presets, newProject } = await this.#app.api.readPreferences();
    this.all = readPresets(presets);
    this.standard = readSettings(newProject);
  }

  /** Keeps settings under a name; another preset of that name is replaced. Rejects where there is no room. */
  async keep(name: string, settings: SceneSettings): Promise<void> {
    const called = named(name);
    if (called === "") throw new Error("A preset needs a name. Write one first.");
    const preset = { name: called, settings: flatSettings(settings) };
    const at = this.all.findIndex((one) => one.name === called);
    if (at < 0 && this.all.length >= MOST_PRESETS) {
      throw new Error(`There can be ${MOST_PRESETS} presets. Delete one first.`);
    }
    await this.#write(at < 0 ? [...this.all, preset] : this.all.with(at, preset));
  }

  async rename(from: string, to: string): Promise<void> {
    const called = named(to);
    if (called === "" || called === from) return;
    if (this.all.some(({ name }) => name === called)) {
      throw new Error(`There is a preset “${called}” already. Choose another name, or delete that one.`);
    }
    await this.#write(this.all.map((preset) => (preset.name === from ? { ...preset, name: called } : preset)));
  }

  async remove(name: string): Promise<void> {
    await this.#write(this.all.filter((preset) => preset.name !== name));
  }

  /** Puts one back that was removed, where it was. */
  async putBack(preset: Preset, at: number): Promise<void> {
    await this.#write(this.all.toSpliced(at, 0, preset));
  }

  /** What new projects begin with from now on; undefined for the checkpoint's own. */
  async setStandard(settings: SceneSettings | undefined): Promise<void> {
    const standard = settings && flatSettings(settings);
    await this.#app.api.writePreferences({ newProject: standard ?? null });
    this.standard = standard;
  }

  async #write(presets: readonly Preset[]): Promise<void> {
    await this.#app.api.writePreferences({ presets });
    this.all = presets;
  }
}

const named = (name: string) => name.trim().slice(0, LONGEST_PRESET_NAME);

/** In words, as short as they tell two presets apart: size, steps, guidance scale. */
export function describeSettings({ width, height, steps, guidanceScale }: SettingChanges): string {
  return `${width} × ${height}, ${steps} steps, guidance ${guidanceScale}`;
}

/** As the library has them; what is none is left out. */
export function readPresets(value: unknown): Preset[] {
  if (!Array.isArray(value)) return [];
  const seen = new Set<string>();
  return (value as unknown[]).slice(0, MOST_PRESETS).flatMap((item) => {
    if (!isRecord(item) || typeof item.name !== "string") return [];
    const name = named(item.name);
    const settings = readSettings(item.settings);
    if (name === "" || seen.has(name) || !settings) return [];
    seen.add(name);
    return { name, settings };
  });
}

/** Settings that can be drawn with; what an earlier version did not know is as usual. Undefined where one is wrong, and for anything else. */
export function readSettings(value: unknown): SettingChanges | undefined {
  if (!isRecord(value) || !SETTING_NAMES.some((name) => Object.hasOwn(value, name))) return undefined;
  const usual: Record<string, unknown> = flatSettings(EMPTY_DOCUMENT.settings);
  const problems: Problem[] = [];
  const known = Object.fromEntries(SETTING_NAMES.map((name) => [name, value[name] ?? usual[name]]));
  const settings: SettingChanges = readFields(SETTINGS, known, "", problems);
  if (problems.length > 0) return undefined;
  changeSettings(EMPTY_DOCUMENT.settings, settings, problems);
  return problems.length > 0 ? undefined : settings;
}
