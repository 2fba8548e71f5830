/** The names of the schedulers, and of the ways that their noise levels can be spaced. */
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

/** Ways of spacing noise levels besides Karras', which has a field of its own: it was there before these. */
export const OTHER_SPACINGS = ["exponential", "sgm-uniform", "simple"] as const;
