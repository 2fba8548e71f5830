/** Which CUDA the provider library wants, read from the library itself, and which of its parts the loader would not find. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../wire/errors.ts";
import { linkedLibraries } from "./elf.ts";

export const CUDA_PROVIDER = "libonnxruntime_providers_cuda.so";
const SHARED_PROVIDER = "libonnxruntime_providers_shared.so";

/** What the loader looks through without being told. */
const USUAL = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/** What comes with a graphics driver and not with CUDA. */
const OF_THE_DRIVER = /^libcuda\.so|^libnvidia/;

/** How the loader is set up. */
export interface Loader {
  /** LD_LIBRARY_PATH. */
  searchPath: string | undefined;
  /** Names that are in the loader's cache. */
  cached: ReadonlySet<string>;
}

/**
 * In words, what is missing for CUDA beside the binding in `folder`: the provider itself, CUDA's and cuDNN's libraries by name, or a driver.
 * Undefined where all of it is found: then it is something else that does not work.
 */
export async function whatCudaLacks(folder: string, loader: Loader): Promise<string | undefined> {
  const missing = [CUDA_PROVIDER, SHARED_PROVIDER].filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    return `It needs ${missing.join(" and ")} from the NuGet package Microsoft.ML.OnnxRuntime.Gpu.Linux 1.30.0, placed in ${folder}; which CUDA and cuDNN that one is made for is said here once it is there.`;
  }
  const file = join(folder, CUDA_PROVIDER);
  let linked: Awaited<ReturnType<typeof linkedLibraries>>;
  try {
    linked = await linkedLibraries(file);
  } catch (error) {
    return `${messageOf(error)} Get it again from the NuGet package Microsoft.ML.OnnxRuntime.Gpu.Linux 1.30.0.`;
  }
  const first = [...linked.runPaths, ...(loader.searchPath?.split(":") ?? [])].map((path) => path.replaceAll(/\$ORIGIN|\$\{ORIGIN\}/g, dirname(file))); // prettier-ignore
  const places = [...first, ...USUAL].filter(Boolean);
  const lacking = linked.needed.filter((name) => !loader.cached.has(name) && !places.some((place) => existsSync(join(place, name)))); // prettier-ignore
  if (lacking.length === 0) return undefined;
  const version = linked.needed.map((name) => /^libcudart\.so\.(\d+)/.exec(name)?.[1]).find(Boolean);
  const cudnn = linked.needed.map((name) => /^libcudnn\.so\.(\d+)/.exec(name)?.[1]).find(Boolean);
  const wanted = [version && `CUDA ${version}`, cudnn && `cuDNN ${cudnn}`].filter(Boolean).join(" and ");
  const driver = lacking.filter((name) => OF_THE_DRIVER.test(name));
  const rest = lacking.filter((name) => !OF_THE_DRIVER.test(name));
  return [
    `${CUDA_PROVIDER} is made for ${wanted || "another CUDA"}.`,
    ...(rest.length > 0
      ? [
          `Not found here: ${rest.join(", ")}. Install ${wanted || "them"}, or name the folder that has them in LD_LIBRARY_PATH.`,
        ]
      : []),
    ...(driver.length > 0 ? [`${driver.join(", ")} comes with NVIDIA's driver, which is not installed.`] : []),
  ].join(" ");
}

/** The loader of this machine. */
export async function systemLoader(env: Record<string, string | undefined>): Promise<Loader> {
  const searchPath = env["LD_LIBRARY_PATH"];
  for (const program of ["/sbin/ldconfig", "/usr/sbin/ldconfig"]) {
    try {
      const { stdout } = await promisify(execFile)(program, ["-p"], { maxBuffer: 16_000_000 });
      const names = stdout.split("\n").flatMap((line) => /^\s+(\S+) \(.*x86-64/.exec(line)?.[1] ?? []);
      return { searchPath, cached: new Set(names) };
    } catch {
      // Not every system has it there, or at all; the usual folders are looked through in any case.
    }
  }
  return { searchPath, cached: new Set() };
}
