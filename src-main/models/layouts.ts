/** How other programs keep their models, and where such programs usually lie. Their folders are read where they are. */
import { readFile, readdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { getHFHubCachePath } from "@huggingface/hub";
import { parse } from "yaml";

export interface Layout {
  /** Whose it is; null for a plain folder. */
  program: string | null;
  /** The folders to look into. */
  folders: string[];
  problems: string[];
}

interface Program {
  name: string;
  /** It is this program's folder when one of these is there. */
  marks: readonly string[];
  /** Where its models are, below it; what is not there is passed over. */
  folders: readonly string[];
}

const COMFY = "ComfyUI";
const PROGRAMS: readonly Program[] = [
  {
    name: COMFY,
    marks: ["models/checkpoints", "extra_model_paths.yaml"],
    folders: ["checkpoints", "loras", "vae", "embeddings", "vae_approx"].map((name) => `models/${name}`),
  },
  {
    name: "Stable Diffusion web UI",
    marks: ["models/Stable-diffusion"],
    folders: [
      ...["Stable-diffusion", "Lora", "LyCORIS", "VAE", "VAE-approx"].map((name) => `models/${name}`),
      "embeddings",
    ],
  },
  { name: "InvokeAI", marks: ["invokeai.yaml", "databases/invokeai.db"], folders: ["models"] },
  {
    name: "Stability Matrix",
    marks: ["Models/StableDiffusion"],
    folders: ["StableDiffusion", "Lora", "LyCORIS", "VAE", "ApproxVAE", "Embeddings"].map((name) => `Models/${name}`),
  },
];

/** What of a folder is to be looked into. */
export async function layoutOf(root: string): Promise<Layout> {
  for (const { name, marks, folders } of PROGRAMS) {
    if (!(await anyIsThere(root, marks))) continue;
    const own: string[] = [];
    for (const folder of folders) if (await isFolder(join(root, folder))) own.push(join(root, folder));
    const more = name === COMFY ? await extraPaths(root) : { folders: [], problems: [] };
    const all = [...new Set([...own, ...more.folders])];
    return { program: name, folders: all, problems: more.problems };
  }
  const isCache = (await namesOf(root)).some((name) => name.startsWith("models--"));
  return { program: isCache ? "Hugging Face" : null, folders: [root], problems: [] };
}

async function anyIsThere(root: string, marks: readonly string[]): Promise<boolean> {
  for (const mark of marks) if (await stat(join(root, mark)).catch(() => undefined)) return true;
  return false;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function namesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** Bytes of ComfyUI's file of further paths; the example that comes with it has 2,000. */
const LARGEST_YAML = 256 * 1024;
const KINDS = ["checkpoints", "loras", "vae", "embeddings", "vae_approx"];
const MOST_EXTRA = 50;

/** `extra_model_paths.yaml`: sections with a `base_path` and folders below it, one a line. */
async function extraPaths(root: string): Promise<Pick<Layout, "folders" | "problems">> {
  const file = join(root, "extra_model_paths.yaml");
  const size = (await stat(file).catch(() => undefined))?.size;
  if (size === undefined) return { folders: [], problems: [] };
  if (size > LARGEST_YAML) return { folders: [], problems: [`${file} is too large to be a list of folders`] };
  let sections: unknown;
  try {
    sections = parse(await readFile(file, "utf8"), { maxAliasCount: 10 });
  } catch (error) {
    const what = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    return { folders: [], problems: [`${file} cannot be read: ${what}`] };
  }
  const folders: string[] = [];
  for (const section of Object.values(isTable(sections) ? sections : {})) {
    if (!isTable(section)) continue;
    const base = typeof section["base_path"] === "string" ? resolve(root, expandHome(section["base_path"])) : root;
    for (const kind of KINDS) {
      const value = section[kind];
      if (typeof value !== "string") continue;
      for (const line of value.split("\n").map((each) => each.trim())) {
        if (line === "" || folders.length >= MOST_EXTRA) continue;
        const folder = isAbsolute(line) ? line : join(base, line);
        if (await isFolder(folder)) folders.push(folder);
      }
    }
  }
  return { folders, problems: [] };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

/** What such programs' folders are usually called, and where they lie in a home folder. */
const NAMES = [
  "ComfyUI",
  "comfy/ComfyUI",
  "ComfyUI_windows_portable/ComfyUI",
  "stable-diffusion-webui",
  "stable-diffusion-webui-forge",
  "sd.webui/webui",
  "webui_forge/webui",
  "invokeai",
  "InvokeAI",
  "StabilityMatrix",
  "StabilityMatrix/Data",
];
const PLACES = ["", "Documents", "Desktop", "Downloads", "AI", "Apps", "git", "src", "code"];

/** Folders of such programs that are there, and the Hugging Face cache. `home` and `env` are the person's. */
export async function usualPlaces(env: Record<string, string | undefined>, home = homedir()): Promise<string[]> {
  const bases = PLACES.map((place) => join(home, place));
  if (process.platform === "win32") bases.push("C:\\", "D:\\", "E:\\", join(home, "AppData", "Roaming"));
  const named = bases.flatMap((base) => NAMES.map((name) => join(base, name)));
  const told = ["INVOKEAI_ROOT", "COMFYUI_PATH"].flatMap((name) => env[name] ?? []);
  const found = new Map<string, string>();
  for (const path of [...told, ...named]) {
    const status = await stat(path, { bigint: true }).catch(() => undefined);
    if (!status?.isDirectory()) continue;
    const { program, folders } = await layoutOf(path);
    // Where letters' case does not matter, one folder answers to two names.
    if (program !== null && folders.length > 0) found.set(`${status.dev}:${status.ino}`, path);
  }
  const cache = getHFHubCachePath();
  return [...found.values(), ...((await isFolder(cache)) ? [cache] : [])];
}
