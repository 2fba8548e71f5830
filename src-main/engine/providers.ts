/**
 * The execution providers: which build of onnxruntime-node 1.30 carries which, what each needs from the machine, and whether it
 * works here. Whether it works is found by running one operator in a process that nobody needs, because a broken driver may
 * abort the process it is loaded into.
 */
import { arch, cpus, platform } from "node:os";
import type { InferenceSession } from "onnxruntime-node";
import type { ProviderReport } from "../api/engine.ts";
import { AppError } from "../wire/errors.ts";
import { PROVIDERS, type ProviderName } from "../scene/scene.ts";
import type { Exit, Fork } from "../service/child.ts";
import { systemLoader, whatCudaLacks } from "./cudaLibraries.ts";
import {
  type FormFinding,
  formsAsked,
  OPERATORS,
  type OwnForm,
  ownFormsOf,
  toldOfForms,
} from "./sessions/ownOperators.ts";
import { toldOfRows } from "./sessions/pairChoice.ts";

/** By platform and architecture, what the npm package was compiled with; there is no build for any other. */
const BUILDS: Record<string, readonly ProviderName[]> = {
  "linux-x64": ["cpu", "cuda", "webgpu"],
  "linux-arm64": ["cpu"],
  "darwin-arm64": ["cpu", "coreml", "webgpu"],
  "win32-x64": ["cpu", "dml", "webgpu"],
  "win32-arm64": ["cpu", "dml", "webgpu"],
};

const NAMES: Record<ProviderName, string> = {
  cpu: "The processor",
  cuda: "CUDA",
  dml: "DirectML",
  webgpu: "WebGPU",
  coreml: "CoreML",
};

/** Who has it, for those who do not. */
const CARRIED_BY: Record<ProviderName, string> = {
  cpu: "every build",
  cuda: "the build for Linux on x64",
  dml: "the builds for Windows",
  webgpu: "the builds for Linux on x64, Windows and Apple silicon",
  coreml: "the build for Apple silicon",
};

/** Providers whose `deviceId` chooses among several devices. */
const MANY_DEVICES: readonly ProviderName[] = ["cuda", "dml"];

/** How to start a probe. */
export interface ProbeOptions {
  /** False where nobody asks which of the provider's own operators are right, or it is known. */
  triesForms?: boolean;
  fork: Fork;
  env: Record<string, string | undefined>;
  entry: string;
}

/** What the probe is asked, in the environment variable DIORAMA_PROBE, as JSON. */
export interface ProbeQuestion {
  provider: ProviderName;
  deviceId: number;
  /** Whether the provider's own operators are tried, too. */
  triesForms: boolean;
}

/** What the probe sends back; where it tries the provider's own operators it does so before and after that. */
export interface ProbeAnswer {
  error?: string;
  forms?: FormFinding[];
  /** Where the native library is, and so where libraries that it loads belong. */
  libraryFolder: string;
}

/** A driver that has not opened one operator after this many milliseconds never will. */
const PROBE_PATIENCE = 60_000;

/** Providers that this platform's build carries. */
export function carriedProviders(target = `${platform()}-${arch()}`): readonly ProviderName[] {
  return BUILDS[target] ?? [];
}

/** What the engine's own process wants to know besides. */
export interface Report extends ProviderReport {
  /** Of the provider's own operators, those that are used here. */
  forms: readonly OwnForm[];
}

/** Whether each provider works here, one after the other. */
export async function reportProviders(probe: ProbeOptions): Promise<Report[]> {
  const reports: Report[] = [];
  for (const provider of PROVIDERS) reports.push(await reportProvider(probe, provider));
  return reports;
}

/** Whether `provider` works here, and if not what would help. */
export async function reportProvider(
  probe: ProbeOptions,
  provider: ProviderName,
  deviceId = 0,
  target = `${platform()}-${arch()}`,
): Promise<Report> {
  const unavailable = (detail: string): Report => ({ provider, available: false, detail, forms: [] });
  const impossible = whyImpossible(provider, deviceId, target);
  if (impossible !== undefined) return unavailable(impossible);
  const wanted = probe.env[OPERATORS];
  const asked = formsAsked(provider, wanted);
  const outcome = await askProbe(probe, {
    provider,
    deviceId,
    triesForms: asked === "tried" && probe.triesForms !== false,
  });
  if (typeof outcome === "string") return unavailable(explain(provider, outcome));
  if (outcome.error !== undefined) {
    const { error, libraryFolder } = outcome;
    const lacks =
      provider === "cuda"
        ? await whatCudaLacks(libraryFolder, await systemLoader({ ...process.env, ...probe.env }))
        : undefined;
    return unavailable(explain(provider, error, lacks));
  }
  const works = provider === "cpu" ? processor() : `${NAMES[provider]} works here.`;
  const findings = outcome.forms ?? [];
  const told = [works, toldOfRows(provider), toldOfForms(provider, findings, wanted)];
  const right = findings.flatMap(({ form, wrong }) => (wrong === undefined ? [form] : []));
  return {
    provider,
    available: true,
    detail: told.filter((sentence) => sentence !== "").join(" "),
    forms: asked === "tried" ? right : asked,
  };
}

/** The error for a provider that does not work, with those that do. */
export async function providerUnavailable(
  probe: ProbeOptions,
  { provider, detail }: ProviderReport,
): Promise<AppError<"provider-unavailable">> {
  const alternatives: ProviderName[] = [];
  for (const other of carriedProviders()) {
    if (other !== provider && (await reportProvider(probe, other)).available) alternatives.push(other);
  }
  const instead = alternatives.length > 0 ? `Works here: ${alternatives.join(", ")}.` : "No provider works here.";
  return new AppError("provider-unavailable", `${detail} ${instead}`, { provider, alternatives });
}

/** The part of the session options that chooses where a graph runs. */
export type ProviderOptions = Required<Pick<InferenceSession.SessionOptions, "executionProviders" | "extra">> &
  Pick<InferenceSession.SessionOptions, "executionMode" | "enableMemPattern">;

/** MLProgram (the older form lacks normalizations), and only graphs of fixed shape: ours all are. */
const COREML_FLAGS = 0x10 | 0x08;

/** Session options for `provider`; what it cannot run falls back to the processor. */
export function toOrtProviders(provider: ProviderName, deviceId = 0): ProviderOptions {
  switch (provider) {
    case "cpu":
      return { executionProviders: ["cpu"], extra: {} };
    case "cuda":
      return { executionProviders: [{ name: "cuda", deviceId }], extra: {} };
    case "dml":
      return {
        executionProviders: [{ name: "dml", deviceId }],
        executionMode: "sequential", // DirectML allows nothing else
        enableMemPattern: false,
        extra: {},
      };
    case "coreml":
      return { executionProviders: [{ name: "coreml", coreMlFlags: COREML_FLAGS }], extra: {} };
    case "webgpu": {
      // Our shapes are fixed: buffers of exact size need a quarter less memory than the default's size classes.
      const webgpu = { name: "webgpu", storageBufferCacheMode: "simple" } as const;
      return { executionProviders: [webgpu], extra: {} };
    }
  }
}

function whyImpossible(provider: ProviderName, deviceId: number, target: string): string | undefined {
  const carried = carriedProviders(target);
  if (carried.length === 0) {
    const known = Object.keys(BUILDS).join(", ");
    return `ONNX Runtime has no build for ${target}, so nothing can run here. It has builds for ${known}.`;
  }
  if (!carried.includes(provider)) {
    return `${NAMES[provider]} is not part of ONNX Runtime for ${target}, only of ${CARRIED_BY[provider]}.`;
  }
  if (deviceId > 0 && !MANY_DEVICES.includes(provider)) {
    return `${NAMES[provider]} has no device ${deviceId}: it chooses its device itself. Use device 0.`;
  }
  return undefined;
}

/** The probe's answer, or how it ended without one. */
async function askProbe({ fork, env, entry }: ProbeOptions, question: ProbeQuestion): Promise<ProbeAnswer | string> {
  const child = fork(entry, {
    name: "probe",
    env: { ...env, DIORAMA_PROBE: JSON.stringify(question) },
    onLine: () => undefined, // kept as last words
  });
  // That the provider works is known before its own operators are tried, and holds whatever becomes of that.
  let works: ProbeAnswer | undefined;
  const answer = new Promise<ProbeAnswer>((resolve) =>
    child.port.onMessage((data) => {
      const one = data as ProbeAnswer;
      if (one.error !== undefined || one.forms || !question.triesForms) resolve(one);
      else works = one;
    }),
  );
  const without = (reason: string): ProbeAnswer | string =>
    works ? { ...works, forms: ownFormsOf(question.provider).map((form) => ({ form, wrong: reason })) } : reason;
  const death = child.exited.then((exit) => without(describeDeath(exit)));
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<ProbeAnswer | string>((resolve) => {
    timer = setTimeout(() => resolve(without(`no answer after ${PROBE_PATIENCE / 1_000} s`)), PROBE_PATIENCE);
  });
  try {
    return await Promise.race([answer, death, silence]);
  } finally {
    clearTimeout(timer);
    child.kill();
    await child.exited;
  }
}

function describeDeath({ code, signal, lastWords }: Exit): string {
  return `the driver ended the process (${signal ?? `code ${code ?? "unknown"}`})${lastWords ? `: ${lastWords}` : ""}`;
}

/** A failure in words, with what would help. */
function explain(provider: ProviderName, error: string, lacks?: string): string {
  // ONNX Runtime puts the C++ function and condition that failed before its own words.
  const reason = error
    .replace(/^.*\.cc:\d+ .* was false\. /s, "")
    .trim()
    .replace(/\.?$/, ".");
  return `${NAMES[provider]} does not work here: ${reason} ${lacks ?? remedy(provider)}`;
}

function remedy(provider: ProviderName): string {
  switch (provider) {
    case "cpu":
      return "The onnxruntime-node package is damaged; install it again.";
    case "cuda":
      return "It needs an NVIDIA GPU with a current driver.";
    case "dml":
      return "It needs Windows 10 1903 or later and a GPU with a DirectX 12 driver; choose another device or update the driver.";
    case "coreml":
      return "It needs macOS 12 or later.";
    case "webgpu":
      return platform() === "linux"
        ? "It needs a GPU with a Vulkan driver. Without one, Electron's software Vulkan will do: VK_ICD_FILENAMES names its " +
            "vk_swiftshader_icd.json, LD_LIBRARY_PATH its folder."
        : "It needs a GPU with a current driver.";
  }
}

function processor(): string {
  const all = cpus();
  return `${all[0]?.model.trim() ?? "unknown"}, ${all.length} threads.`;
}
