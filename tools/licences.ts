/** The licences of what is inside `dist` and of what is packed beside it: MIT, BSD and the like ask that their texts go along. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  name: string;
  version: string;
  license?: string;
  author?: string | { name: string };
  repository?: string | { url: string };
}

/** The packages that modules with these file names belong to, as folders. */
export function packagesOf(moduleIds: Iterable<string>): string[] {
  const folders = new Set<string>();
  for (const id of moduleIds) {
    const folder = /^(?:\0)?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll("\\", "/"))?.[1];
    if (folder !== undefined && existsSync(join(folder, "package.json"))) folders.add(folder);
  }
  return [...folders].sort();
}

/** Name, version and licence text of each; a package that comes without a text is named with its licence and its makers. */
export function licenceTexts(folders: readonly string[]): string {
  return folders
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
      const { name, version, license = "not stated", author, repository } = manifest;
      const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
      const maker = typeof author === "string" ? author : author?.name;
      const source = typeof repository === "string" ? repository : repository?.url;
      const text = file ? readFileSync(join(folder, file), "utf8").trim() : [maker, source].filter(Boolean).join("\n");
      return `${name} ${version} (${license})\n\n${text}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}
