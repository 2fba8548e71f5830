/** The import statements of the project's own files, read from their text. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

export interface Import {
  /** Path of the importing file from the project's root, with forward slashes. */
  file: string;
  /** The imported file in the same form, or the name of a package such as `valibot` or `node:fs`. */
  target: string;
  /** Leaves nothing behind when types are stripped. */
  typeOnly: boolean;
}

/** Files under `folder` with one of the endings, as paths from the project's root. */
export function filesIn(folder: string, endings: readonly string[] = [".ts", ".svelte"]): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => fromRoot(join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("node_modules/"));
}

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

const STATEMENT = /^\s*(?:import|export)\s+(?:(type)\s)?(?:([\w\s{},*$]+?)\s+from\s+)?["']([^"']+)["']/gm;
const DYNAMIC = /\bimport\(\s*["']([^"']+)["']\s*\)/g;

export function importsOf(file: string): Import[] {
  const text = textOf(file);
  const found = [...text.matchAll(STATEMENT)].map(([, type, names = "", specifier]) => ({
    file,
    target: resolveImport(file, specifier!),
    typeOnly: type !== undefined || onlyTypes(names),
  }));
  const dynamic = [...text.matchAll(DYNAMIC)].map(([, specifier]) => ({
    file,
    target: resolveImport(file, specifier!),
    typeOnly: false,
  }));
  return [...found, ...dynamic];
}

/** `{ type A, type B }` imports nothing that runs. */
function onlyTypes(names: string): boolean {
  const inner = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  const parts = inner?.split(",").flatMap((part) => part.trim() || []);
  return parts !== undefined && parts.length > 0 && parts.every((part) => part.startsWith("type "));
}

function resolveImport(file: string, specifier: string): string {
  if (specifier.startsWith(".")) return fromRoot(resolve(ROOT, dirname(file), specifier));
  const alias = /^@(api|scene|wire)\//.exec(specifier);
  if (alias) return `src-main/${specifier.slice(1)}`;
  const [scope, name] = specifier.split("/");
  return specifier.startsWith("@") ? `${scope!}/${name ?? ""}` : scope!;
}

function fromRoot(path: string): string {
  return relative(ROOT, path).split(sep).join("/");
}
