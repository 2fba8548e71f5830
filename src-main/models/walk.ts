/** Finds the files and folders below a folder that may be models, by names alone: bounded, whatever it holds and links to. */
import { opendir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";

export interface Candidate {
  path: string;
  form: "file" | "folder";
  /** Of the file, or of a folder's model_index.json. */
  bytes: number;
  /** Milliseconds since 1970, of the same. */
  modified: number;
  /** A picture beside it. */
  picture: string | null;
}

export interface Walked {
  candidates: Candidate[];
  /** All folders that were looked into: what is to be watched. */
  folders: string[];
  /** What was left out and why, in words. */
  problems: string[];
}

/** A person's collection of models has thousands of files; a disk with everything on it has millions. */
const MOST_CANDIDATES = 20_000;
const MOST_FOLDERS = 5_000;
const MOST_ENTRIES = 200_000;
const DEEPEST = 12;

const WEIGHTS = new Set([".safetensors", ".ckpt", ".pt", ".pth", ".gguf"]);
const PICTURES = [".preview.png", ".png", ".preview.jpg", ".jpg", ".preview.jpeg", ".jpeg", ".preview.webp", ".webp"];
/** Folders that hold no models, or those of a whole installation. */
const LEFT_OUT = new Set(["node_modules", "__pycache__", "venv", "site-packages", "output", "outputs", "custom_nodes"]);

interface Walk extends Walked {
  entries: number;
  /** Device and inode of folders that were looked into: links may lead back. */
  seen: Set<string>;
  signal: AbortSignal | undefined;
}

export async function walk(roots: readonly string[], signal?: AbortSignal): Promise<Walked> {
  const found: Walk = { candidates: [], folders: [], problems: [], entries: 0, seen: new Set(), signal };
  for (const root of roots) await visit(root, 0, found);
  const { candidates, folders, problems } = found;
  return { candidates, folders, problems };
}

async function visit(folder: string, depth: number, found: Walk): Promise<void> {
  found.signal?.throwIfAborted();
  if (isFull(found)) return;
  if (depth > DEEPEST) {
    tell(found, `${folder} lies too deep and was left out`);
    return;
  }
  let names: string[];
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    const id = `${dev}:${ino}`;
    if (found.seen.has(id)) return;
    found.seen.add(id);
    names = await namesOf(folder, found);
  } catch (error) {
    tell(found, whyNot(folder, error));
    return;
  }
  found.folders.push(folder);
  const there = new Set(names.map((name) => name.toLowerCase()));
  if (there.has("model_index.json")) return addFolder(folder, there, found);
  if (/^models--/.test(folder.split(/[\\/]/).at(-1)!) && there.has("snapshots"))
    return visitCached(folder, depth, found);
  for (const name of names) {
    if (isFull(found)) {
      tell(found, `there is more than ${MOST_CANDIDATES} models or ${MOST_FOLDERS} folders: the rest was left out`);
      return;
    }
    const path = join(folder, name);
    // A link is what it leads to; one that leads nowhere is nothing.
    const status = await stat(path).catch(() => undefined);
    if (status?.isDirectory()) {
      if (!LEFT_OUT.has(name.toLowerCase())) await visit(path, depth + 1, found);
    } else if (status?.isFile() && WEIGHTS.has(extname(name).toLowerCase())) {
      const stem = name.slice(0, -extname(name).length).toLowerCase();
      const beside = PICTURES.map((ending) => stem + ending).find((each) => there.has(each));
      const picture = beside === undefined ? undefined : names.find((each) => each.toLowerCase() === beside);
      found.candidates.push({
        path,
        form: "file",
        bytes: status.size,
        modified: Math.round(status.mtimeMs),
        picture: picture === undefined ? null : join(folder, picture),
      });
    }
  }
}

/** Names that are not hidden, in their order; a folder of more than all entries is read no further. */
async function namesOf(folder: string, found: Walk): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of await opendir(folder)) {
    if (++found.entries > MOST_ENTRIES) break;
    if (!name.startsWith(".")) names.push(name);
  }
  return names.sort();
}

async function addFolder(folder: string, there: ReadonlySet<string>, found: Walk): Promise<void> {
  const status = await stat(join(folder, "model_index.json")).catch(() => undefined);
  if (!status) return;
  const picture = ["preview.png", "preview.jpg", "preview.webp"].find((name) => there.has(name));
  found.candidates.push({
    path: folder,
    form: "folder",
    bytes: status.size,
    modified: Math.round(status.mtimeMs),
    picture: picture === undefined ? null : join(folder, picture),
  });
}

/** Of a repository in the Hugging Face cache the snapshot that its branch names, else the newest. */
async function visitCached(folder: string, depth: number, found: Walk): Promise<void> {
  const snapshots = join(folder, "snapshots");
  const main = await readFile(join(folder, "refs", "main"), "utf8").catch(() => "");
  const commit = /^[0-9a-f]{40}$/.exec(main.trim())?.[0];
  if (commit !== undefined && (await stat(join(snapshots, commit)).catch(() => undefined))) {
    return visit(join(snapshots, commit), depth + 2, found);
  }
  const names = await namesOf(snapshots, found).catch(() => []);
  const dated = await Promise.all(
    names
      .slice(0, 100)
      .map(async (name) => ({ name, time: (await stat(join(snapshots, name)).catch(() => undefined))?.mtimeMs })),
  );
  const newest = dated.sort((a, b) => (b.time ?? 0) - (a.time ?? 0))[0];
  if (newest) await visit(join(snapshots, newest.name), depth + 2, found);
}

function isFull({ candidates, folders, entries }: Walk): boolean {
  return candidates.length >= MOST_CANDIDATES || folders.length >= MOST_FOLDERS || entries > MOST_ENTRIES;
}

const MOST_PROBLEMS = 20;

function tell({ problems }: Walk, problem: string): void {
  if (problems.length < MOST_PROBLEMS && !problems.includes(problem)) problems.push(problem);
}

function whyNot(folder: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return `${folder} is not there: it was moved or deleted, or its disk is not connected`;
  if (code === "EACCES" || code === "EPERM") return `${folder} may not be read`;
  if (code === "ELOOP") return `${folder} is a link that leads to itself`;
  return `${folder} cannot be read (${code || String(error)})`;
}
