/** The schedulers: their names in scene files, what is said of each wherever a person reads it, and the ways that their noise levels can be spaced. */
export const SCHEDULERS = [
  "lms",
  "euler",
  "euler-a",
  "heun",
  "ddim",
  "pndm",
  "dpmpp-2m",
  "dpmpp-2m-sde",
  "dpmpp-sde",
  "dpmpp-2s-a",
  "unipc",
  "deis",
  "lcm",
  "tcd",
] as const;
export type SchedulerName = (typeof SCHEDULERS)[number];

export interface SchedulerRow {
  /** What it is called in the window and on sheets. */
  label: string;
  /** What other programs call it in the settings of a picture; the same name does not promise the same pixels. */
  elsewhere: string;
  /** What it is good for. */
  hint: string;
  /** Where it stands in the list, in the order of first mention. */
  group: string;
}

const STEADY = "The same seed settles on one picture";
const LIVELY = "Noise on the way: more steps go on changing it";
const DISTILLED = "For models of few steps";

export const SCHEDULER_ROWS: Record<SchedulerName, SchedulerRow> = {
  lms: row("LMS", "LMS", "Linear multistep; what the method was published with.", STEADY),
  euler: row("Euler", "Euler", "Simple and steady.", STEADY),
  heun: row("Heun", "Heun", "Two looks at every step: twice the time, more exact.", STEADY),
  ddim: row("DDIM", "DDIM", "The classic; deterministic.", STEADY),
  pndm: row("PNDM", "PLMS", "What Stable Diffusion 1.x came with.", STEADY),
  "dpmpp-2m": row("DPM++ 2M", "DPM++ 2M", "Good pictures in 20 to 30 steps.", STEADY),
  unipc: row("UniPC", "UniPC", "Good pictures in even fewer steps.", STEADY),
  deis: row("DEIS", "DEIS", "Close to UniPC; good pictures in few steps.", STEADY),
  "euler-a": row("Euler ancestral", "Euler a", "Adds noise on the way: lively, never settles.", LIVELY),
  "dpmpp-2m-sde": row("DPM++ 2M SDE", "DPM++ 2M SDE", "Rich detail in 20 to 30 steps.", LIVELY),
  "dpmpp-sde": row("DPM++ SDE", "DPM++ SDE", "Two looks at every step; good with 10 to 15.", LIVELY),
  "dpmpp-2s-a": row("DPM++ 2S ancestral", "DPM++ 2S a", "Two looks at every step, livelier still.", LIVELY),
  lcm: row("LCM", "LCM", "For LCM models and LoRAs: 4 to 8 steps, guidance 1 to 2.", DISTILLED),
  tcd: row("TCD", "TCD", "For TCD and Hyper models: 1 to 8 steps, more detail than LCM.", DISTILLED),
};

function row(label: string, elsewhere: string, hint: string, group: string): SchedulerRow {
  return { label, elsewhere, hint, group };
}

/** Ways of spacing noise levels besides Karras', which has a field of its own: it was there before these. */
export const OTHER_SPACINGS = ["exponential", "sgm-uniform", "simple"] as const;
