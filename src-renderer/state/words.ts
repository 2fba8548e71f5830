/** Names and explanations of what can be chosen. */
import { type Method, type ProviderName, type SceneSettings, type SchedulerName, takesKarras } from "@api/scene.ts";

export const METHOD_WORDS: Record<Method, { label: string; hint: string }> = {
  ilgd: { label: "iLGD", hint: "Attention injection first, then weak loss guidance. Follows boxes best." },
  injection: { label: "Injection", hint: "Only steers attention in the first steps. Nearly as fast as none." },
  loss: { label: "Loss guidance", hint: "Only pushes the picture towards the boxes, step by step." },
  none: { label: "None", hint: "Plain sampling: boxes have no effect. Good for comparing." },
};

export const SCHEDULER_WORDS: Record<SchedulerName, { label: string; hint: string }> = {
  lms: { label: "LMS", hint: "Linear multistep; what the method was published with." },
  euler: { label: "Euler", hint: "Simple and steady." },
  "euler-a": { label: "Euler ancestral", hint: "Adds noise on the way: lively, never settles." },
  heun: { label: "Heun", hint: "Two looks at every step: twice the time, more exact." },
  ddim: { label: "DDIM", hint: "The classic; deterministic." },
  pndm: { label: "PNDM", hint: "What Stable Diffusion 1.x came with." },
  "dpmpp-2m": { label: "DPM++ 2M", hint: "Good pictures in 20 to 30 steps." },
  unipc: { label: "UniPC", hint: "Good pictures in even fewer steps." },
};

export const PROVIDER_WORDS: Record<ProviderName, string> = {
  cpu: "Processor",
  cuda: "NVIDIA GPU (CUDA)",
  dml: "GPU (DirectML)",
  webgpu: "GPU (WebGPU)",
  coreml: "Apple (Core ML)",
};

/** What a picture was drawn on. */
export const providerWords = (provider: ProviderName | "unknown") =>
  provider === "unknown" ? "unknown" : PROVIDER_WORDS[provider];

/** Settings of which two records differ, in words, for comparing and for history. */
export function settingWords(settings: SceneSettings): [string, string][] {
  const { guidance } = settings;
  const steps = ({ start, end }: { start: number; end: number }) => (end > start ? `${start + 1}–${end}` : "off");
  return [
    ["Size", `${settings.width} × ${settings.height}`],
    ["Steps", String(settings.steps)],
    [
      "Scheduler",
      SCHEDULER_WORDS[settings.scheduler].label +
        (settings.karras && takesKarras(settings.scheduler) ? ", Karras" : ""),
    ],
    ["Guidance scale", String(settings.guidanceScale)],
    ["Method", METHOD_WORDS[guidance.method].label],
    ["Injection (ν′)", `${guidance.nu} in steps ${steps(guidance.injectionSteps)}`],
    ["Loss (η)", `${guidance.eta} in steps ${steps(guidance.lossSteps)}`],
  ];
}
