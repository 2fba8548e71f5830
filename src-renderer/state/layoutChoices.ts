/** The layouts that a grid can be made of: those of some scenes, and those of the project's named versions. */
import type { App } from "@api/bridge.ts";
import { extrasOf } from "@scene/flatSettings.ts";
import type { Layout } from "@scene/grid.ts";
import type { Scene } from "@scene/scene.ts";
import { fromDraft, sceneToDraw } from "./document.ts";

/** Versions that are looked at, the newest first. */
const MOST_VERSIONS = 30;

/**
 * `known` as they are called, then the layout of `scene` and of `others`, by the name of a version where that is the same, then the other
 * versions; each once. The last of these scenes is the canvas as it is now.
 */
export async function layoutsToChoose(
  app: App,
  scene: Scene,
  known: readonly Layout[],
  others: readonly Scene[] = [],
): Promise<Layout[]> {
  const versions = (await app.api.listVersions()).filter(({ automatic }) => !automatic).slice(0, MOST_VERSIONS);
  const named: Layout[] = [];
  for (const { id, name } of versions) {
    const { draft } = await app.api.readVersion({ id });
    const { prompt, regions } = sceneToDraw(fromDraft(draft));
    if (regions.length > 0) named.push({ name, prompt, regions });
  }
  const layouts = [...known];
  const isThere = (one: Omit<Layout, "name">) => layouts.some((layout) => keyOf(layout) === keyOf(one));
  const add = (name: string, { prompt, regions }: Omit<Layout, "name">) => {
    if (!isThere({ prompt, regions })) layouts.push({ name: unlike(layouts, name), prompt, regions });
  };
  const scenes = others.length > 0 ? others : [scene];
  const now = keyOf(scenes.at(-1)!);
  for (const one of scenes) {
    const version = named.find((layout) => keyOf(layout) === keyOf(one));
    const usual = keyOf(one) === now ? "As it is now" : `Layout ${layouts.length + 1}`;
    if (one.regions.length > 0) add(version?.name ?? usual, one);
  }
  for (const version of named) add(version.name, version);
  return layouts;
}

/** Equal where nothing but what boxes are called inside differs. */
function keyOf({ prompt, regions }: Omit<Layout, "name">): string {
  return JSON.stringify([prompt, regions.map((one) => [one.box, one.spans, one.strength, extrasOf(one)])]);
}

function unlike(layouts: readonly Layout[], name: string): string {
  let free = name;
  for (let n = 2; layouts.some((one) => one.name === free); n++) free = `${name} (${n})`;
  return free;
}
