/**
 * How long a picture still takes, from the steps timed so far: in this process, and before it (timings.ts). What is
 * computed in a step differs (StepKind: a guided one runs the network backwards too, others leave parts of it out), so each kind is timed apart
 * and the rest is added up from the kinds that remain.
 */
import { METHOD_ROWS } from "../scene/methods.ts";
import type { SceneSettings } from "../scene/scene.ts";
import { kindOf, STEP_COSTS, type StepKind } from "../scene/shortcuts.ts";

/** A first step of a second is mostly a step; what is shorter is mostly preparation, and the next step soon says more. */
const LONG_STEP = 1;
/** Weight of the newest time in a moving mean. */
const NEWEST = 0.3;

export class Estimator {
  readonly #seconds: Map<string, number>;

  /** `known`: what `times` gave in an earlier process. */
  constructor(known: Iterable<readonly [string, number]> = []) {
    this.#seconds = new Map(known);
  }

  /** Seconds by size and kind of step, latest used last; without first steps, of which only the next step says how true they are. */
  get times(): [string, number][] {
    return [...this.#seconds].filter(([key]) => !key.endsWith(" first"));
  }

  /** Seconds that were measured of something else, by its name (sessions/pairChoice.ts); kept with the rest. */
  measured(name: string): number | undefined {
    return this.#seconds.get(name);
  }

  measure(name: string, seconds: number): void {
    this.#seconds.delete(name);
    this.#seconds.set(name, seconds);
  }

  /** Takes note of one step's time. */
  addStep(settings: SceneSettings, step: number, seconds: number): void {
    this.#add(stepKey(settings, kindOf(settings, step)), seconds);
  }

  /** Takes note of a picture's first step, whose time includes preparation: it counts only until another step is timed. */
  addFirstStep(settings: SceneSettings, seconds: number): void {
    const cost = STEP_COSTS[kindOf(settings, 0)];
    const key = stepKey(settings, "first");
    if (!this.#seconds.has(key)) this.#seconds.set(key, seconds / cost);
  }

  /** Takes note of what a picture needed after its last step. */
  addFinish(settings: SceneSettings, seconds: number): void {
    this.#add(sizeKey(settings), seconds);
  }

  /**
   * Seconds from `step` to the finished picture. At a size that was never timed, from the nearest that was, by its pixels; undefined
   * where none was, and after a first step so short that it was mostly preparation.
   */
  remaining(settings: SceneSettings, step = 0, steps = settings.steps): number | undefined {
    const own = this.#atSize(settings, step, steps);
    if (own !== undefined) return own;
    const pixels = settings.width * settings.height;
    const others = this.#sizes().map((size) => ({ size, scale: pixels / (size.width * size.height) }));
    others.sort((a, b) => Math.abs(Math.log(a.scale)) - Math.abs(Math.log(b.scale)));
    for (const { size, scale } of others) {
      const there = this.#atSize({ ...settings, ...size }, step, steps);
      if (there !== undefined) return there * scale;
    }
    return undefined;
  }

  #atSize(settings: SceneSettings, step: number, steps: number): number | undefined {
    // Until a method has been timed by itself, its plain steps are taken for those of none.
    const none = { ...settings, guidance: { ...settings.guidance, method: "none" as const }, attentionTiles: 1 };
    const plain = this.#seconds.get(stepKey(settings, "plain")) ?? this.#seconds.get(stepKey(none, "plain"));
    const guided = this.#seconds.get(stepKey(settings, "guided"));
    const fromGuided = guided === undefined ? undefined : guided / STEP_COSTS.guided;
    const first = this.#seconds.get(stepKey(settings, "first"));
    const base = plain ?? fromGuided ?? (first !== undefined && first >= LONG_STEP ? first : undefined);
    if (base === undefined) return undefined;
    const cost = (kind: StepKind) => this.#seconds.get(stepKey(settings, kind)) ?? base * STEP_COSTS[kind];
    let total = this.#seconds.get(sizeKey(settings)) ?? 0;
    for (let i = step; i < steps; i++) total += cost(kindOf(settings, i));
    return total;
  }

  /** Those of which a picture was finished. */
  #sizes(): { width: number; height: number }[] {
    return [...this.#seconds.keys()].flatMap((key) => {
      const [, width, height] = /^(\d+)x(\d+)$/.exec(key) ?? [];
      return width && height ? { width: Number(width), height: Number(height) } : [];
    });
  }

  #add(key: string, seconds: number): void {
    const mean = this.#seconds.get(key);
    this.#seconds.delete(key);
    this.#seconds.set(key, mean === undefined ? seconds : mean + NEWEST * (seconds - mean));
  }
}

function sizeKey({ width, height }: SceneSettings): string {
  return `${width}x${height}`;
}

function stepKey(settings: SceneSettings, kind: StepKind | "first"): string {
  const halves = settings.guidanceScale === 1 ? 1 : 2;
  const { method } = settings.guidance;
  // Methods that have settings of their own are timed apart; the rest, plain sampling and injection, together.
  const own = METHOD_ROWS[method].own ? ` ${method}` : "";
  const { attentionTiles = 1 } = settings;
  const tiles = attentionTiles > 1 ? ` tiles ${attentionTiles}` : "";
  return `${sizeKey(settings)} ${halves} ${settings.scheduler}${own}${tiles} ${kind}`;
}
