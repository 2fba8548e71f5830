/** What noise levels and models are called where a person reads them, in the window and on sheets; schedulers are in schedulers.ts. */
import type { Spacing } from "./scene.ts";

/** Of noise levels. */
export const SPACING_NAMES: Record<Spacing, string> = {
  model: "The checkpoint's own",
  karras: "Karras",
  exponential: "Exponential",
  "sgm-uniform": "SGM uniform",
  simple: "Simple",
};

/** What pictures say of the demo model: the name of its folder. */
export const DEMO_NAME = "demo";

/** A checkpoint as it is called in the window, by the name that pictures and runs have of it. */
export const modelTitle = (name: string) => (name === DEMO_NAME ? "Demo model" : name);
