/** What steps keep in a picture's state, beside the method's own, for later ones that run the outermost layers alone or take a gradient as it was. */
import type { MethodState } from "../guidance/method.ts";

const NAMES = {
  prompt: "deep.prompt",
  negative: "deep.negative",
  maps: "deep.maps",
  gradient: "kept.gradient",
} as const;
type Name = keyof typeof NAMES;

/** `maps` is the attention of the last whole run: the outermost layers have too little of it to be shown. */
export function keep(state: MethodState, name: Name, numbers: Float32Array): void {
  state[NAMES[name]] = [numbers];
}

/** What was kept last; undefined where nothing was. */
export function kept(state: MethodState, name: Name): Float32Array<ArrayBuffer> | undefined {
  return state[NAMES[name]]?.[0] as Float32Array<ArrayBuffer> | undefined;
}
