/** What schedulers, noise levels and models are called where a person reads them: in the window, on sheets. */
import type { Spacing } from "./scene.ts";
import type { SchedulerName } from "./schedulers.ts";

export const SCHEDULER_NAMES: Record<SchedulerName, string> = {
  lms: "LMS",
  euler: "Euler",
  heun: "Heun",
  ddim: "DDIM",
  pndm: "PNDM",
  "dpmpp-2m": "DPM++ 2M",
  unipc: "UniPC",
  deis: "DEIS",
  "euler-a": "Euler ancestral",
  "dpmpp-2m-sde": "DPM++ 2M SDE",
  "dpmpp-sde": "DPM++ SDE",
  "dpmpp-2s-a": "DPM++ 2S ancestral",
  lcm: "LCM",
  tcd: "TCD",
};

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
