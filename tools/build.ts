/**
 * Builds everything that runs into `dist`: `dist/main` (main process and preload, CommonJS: protocols must be named before Electron is
 * ready, and a sandboxed preload cannot be a module), `dist/services` (the programs of the service processes) and `dist/renderer`
 * (the window). `--watch` keeps main and services up to date for `npm run dev`. Native packages stay outside.
 */
import { builtinModules } from "node:module";
import { join } from "node:path";
import { build, type InlineConfig } from "vite";

const ROOT = join(import.meta.dirname, "..");
/** Loaded from node_modules at run time: they carry native files, or are Electron itself. */
const EXTERNAL = ["electron", "onnxruntime-node", "better-sqlite3"];
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
    },
    form: "es",
  },
];

function configFor({ folder, entries, form }: Target, watch: boolean): InlineConfig {
  const ending = form === "cjs" ? "cjs" : "mjs";
  return {
    root: ROOT,
    configFile: false,
    logLevel: "warn",
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
        output: { format: form, entryFileNames: `[name].${ending}`, chunkFileNames: `[name]-[hash].${ending}` },
      },
    },
  };
}

export async function buildAll({ watch = false, renderer = true } = {}): Promise<void> {
  for (const target of TARGETS) await build(configFor(target, watch));
  if (renderer) await build({ configFile: join(ROOT, "vite.renderer.config.ts"), logLevel: "warn" });
}

if (import.meta.main)
  await buildAll({ watch: process.argv.includes("--watch"), renderer: !process.argv.includes("--watch") });
