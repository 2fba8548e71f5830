/**
 * Builds everything that runs into `dist`: `dist/main` (main process and preload, CommonJS: protocols must be named before Electron is
 * ready, and a sandboxed preload cannot be a module), `dist/services` (the programs of the service processes) and `dist/renderer`
 * (the window). `--watch` keeps main and services up to date for `npm run dev`. Native packages stay outside.
 */
import { builtinModules } from "node:module";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type InlineConfig, type Plugin } from "vite";
import { licenceTexts, packagesOf } from "./licences.ts";

const ROOT = join(import.meta.dirname, "..");
/** Loaded from node_modules at run time: they carry native files, or are Electron itself. */
const EXTERNAL = ["electron", "onnxruntime-node", "better-sqlite3", "@napi-rs/canvas"];
/** Packed beside what is bundled (electron-builder.yml). */
const PACKED = ["onnxruntime-node", "onnxruntime-common", "better-sqlite3", "@napi-rs/canvas"];
/** The oldest that anything here runs under: Electron 33's Node, and its page. */
const OLDEST_NODE = "node20";

interface Target {
  folder: string;
  entries: Record<string, string>;
  form: "cjs" | "es";
}

const TARGETS: readonly Target[] = [
  { folder: "main", entries: { main: "src-main/main.ts" }, form: "cjs" },
  { folder: "main", entries: { preload: "src-main/preload.ts" }, form: "cjs" },
  {
    folder: "services",
    entries: {
      engine: "src-main/engine/process.ts",
      engineProbe: "src-main/engine/probe.ts",
      store: "src-main/store/process.ts",
      workshop: "src-main/workshop/process.ts",
      models: "src-main/models/process.ts",
      machines: "src-main/remote/process.ts",
      pool: "src-main/pool/process.ts",
    },
    form: "es",
  },
];

/** Notes every file that goes into a bundle. */
function listModules(seen: Set<string>): Plugin {
  return {
    name: "list-modules",
    buildEnd() {
      for (const id of this.getModuleIds()) seen.add(id);
    },
  };
}

/** The folder of main is never emptied, as two are built into it: a chunk keeps its name there. */
function chunkNames(form: Target["form"]): string {
  return form === "cjs" ? "[name]-chunk.cjs" : "[name]-[hash].mjs";
}

function configFor({ folder, entries, form }: Target, watch: boolean, plugins: Plugin[]): InlineConfig {
  const ending = form === "cjs" ? "cjs" : "mjs";
  return {
    root: ROOT,
    configFile: false,
    logLevel: "warn",
    plugins,
    ssr: { noExternal: true, target: "node" },
    resolve: { conditions: ["node"] },
    build: {
      ssr: true,
      outDir: join(ROOT, "dist", folder),
      emptyOutDir: folder === "services",
      target: OLDEST_NODE,
      minify: false,
      watch: watch ? {} : null,
      rolldownOptions: {
        input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(ROOT, file)])),
        external: [...EXTERNAL, ...builtinModules, /^node:/],
        output: { format: form, entryFileNames: `[name].${ending}`, chunkFileNames: chunkNames(form) },
      },
    },
  };
}

export async function buildAll({ watch = false, renderer = true } = {}): Promise<void> {
  const seen = new Set<string>();
  const plugins = [listModules(seen)];
  for (const target of TARGETS) await build(configFor(target, watch, plugins));
  if (!renderer) return;
  await build({ configFile: join(ROOT, "vite.renderer.config.ts"), logLevel: "warn", plugins });
  const packed = PACKED.map((name) => join(ROOT, "node_modules", name, "package.json"));
  writeFileSync(join(ROOT, "dist", "LICENSES.txt"), licenceTexts(packagesOf([...seen, ...packed])));
}

if (import.meta.main)
  await buildAll({ watch: process.argv.includes("--watch"), renderer: !process.argv.includes("--watch") });
