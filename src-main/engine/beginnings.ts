/**
 * Where pictures go on that differ in their boxes alone: what comes of the steps before a box acts is the same, bit by bit, wherever the
 * box is. The states after such steps are kept while the checkpoint is open, so that a box that is dragged costs the steps that it changes.
 */
import { areasOf, isHidden } from "../guidance/areas.ts";
import { placesMatterAt } from "../scene/methodSettings.ts";
import { actsAt, type Region, type Scene, type SceneSettings } from "../scene/scene.ts";
import { settingsDrawn } from "../scene/start.ts";
import { encodeState, type PictureState, sceneHash, stateFor, type StateIdentity } from "./pictureState.ts";

/** Of the pictures drawn last: one of each box that begins to act at another step. */
const MOST_KEPT = 4;

type Moment = Omit<PictureState, "identity">;

export class Beginnings {
  /** By what they belong to; the one that was used last stands last. */
  readonly #states = new Map<string, Uint8Array<ArrayBuffer>>();

  /** Those of a picture of `scene`, as it is told; `identity` is the picture's own. */
  of(scene: Scene, identity: StateIdentity): Beginning {
    return new Beginning(commonBeginnings(scene), identity, this.#states);
  }
}

export class Beginning {
  readonly #places: ReadonlyMap<number, StateIdentity>;
  readonly #states: Map<string, Uint8Array<ArrayBuffer>>;

  constructor(
    common: readonly CommonBeginning[],
    identity: StateIdentity,
    states: Map<string, Uint8Array<ArrayBuffer>>,
  ) {
    this.#places = new Map(common.map(({ step, scene }) => [step, { ...identity, scene }]));
    this.#states = states;
  }

  /** What the picture can go on from, as far as that goes. Obedience in it is that of the boxes of then. */
  farthest(): PictureState | undefined {
    for (const identity of this.#places.values()) {
      const key = JSON.stringify(identity);
      const bytes = this.#states.get(key);
      if (!bytes) continue;
      this.#put(key, bytes);
      return stateFor(identity, bytes);
    }
    return undefined;
  }

  /** Keeps what the picture is after so many steps, where others can go on from there. */
  note(step: number, moment: () => Moment): void {
    const identity = this.#places.get(step);
    if (identity) this.#put(JSON.stringify(identity), encodeState({ identity, ...moment() }));
  }

  #put(key: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#states.delete(key);
    this.#states.set(key, bytes);
    const [oldest] = this.#states.keys();
    if (this.#states.size > MOST_KEPT && oldest !== undefined) this.#states.delete(oldest);
  }
}

export interface CommonBeginning {
  /** Steps done, from 1 to one less than all. */
  step: number;
  /** Hash of what the picture depends on so far: the scene without the places of boxes that have not acted. */
  scene: string;
}

/** The latest first; none where all boxes act from the first step. */
export function commonBeginnings(scene: Scene): CommonBeginning[] {
  const settings = settingsDrawn(scene.settings, scene.start);
  const last = settings.steps - 1;
  const begins = scene.regions.map((region) => firstActing(region, settings));
  const steps = new Set(begins.map((begin) => Math.min(begin, last)).filter((step) => step > 0));
  const areas = areasOf(scene);
  return [...steps]
    .sort((a, b) => b - a)
    .map((step) => {
      const regions = scene.regions.map((region, i) => {
        const { id, strength } = region;
        const area = areas.get(id)!;
        const plain = { ...region, box: undefined, shape: undefined, strength: undefined };
        const pulls = strength > 0 && !isHidden(area);
        return { ...plain, pulls, ...(begins[i]! < step ? { area, strength } : {}) };
      });
      return { step, scene: sceneHash({ ...scene, regions }) };
    });
}

/** The first step, counted from 0, in which it makes a difference where a box is; all of them where it never does. */
function firstActing(region: Region, { guidance, steps }: SceneSettings): number {
  // Words of its own are attended to inside the box from the start.
  if (region.words || region.avoid) return 0;
  const acting = Array.from({ length: steps }, (_, step) => actsAt(region, step, steps));
  const first = acting.findIndex((acts, step) => acts && placesMatterAt(guidance, step, steps));
  return first < 0 ? steps : first;
}
