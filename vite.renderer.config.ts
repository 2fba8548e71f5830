/** How the window is built (`dist/renderer`) and served while developing. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { join } from "node:path";
import { defineConfig } from "vite";
import { manual } from "./tools/manual.ts";
import { asciiScripts, chunkGroups, plainIcons, withoutInlineStyles } from "./tools/windowPlugins.ts";

const root = import.meta.dirname;
const [window, manualPage] = ["index.html", "manual.html"].map((page) => join(root, "src-renderer", page)) as [
  string,
  string,
];

/** The folders of src-main that the window may import from: see the `paths` of src-renderer/tsconfig.json. */
export const ALIASES = Object.fromEntries(
  ["api", "scene", "wire"].map((folder) => [`@${folder}`, join(root, "src-main", folder)]),
);

export default defineConfig({
  root: join(root, "src-renderer"),
  // Relative, so that the page works under whatever protocol the main process serves it.
  base: "./",
  plugins: [
    manual(),
    withoutInlineStyles(),
    plainIcons(),
    asciiScripts(),
    svelte({ configFile: join(root, "svelte.config.js") }),
  ],
  resolve: { alias: ALIASES },
  build: {
    outDir: join(root, "dist/renderer"),
    emptyOutDir: true,
    // The floor is Electron 33.
    target: "chrome130",
    rolldownOptions: {
      input: [window, manualPage],
      output: { codeSplitting: { groups: chunkGroups(window, manualPage) } },
    },
    // Inlined assets would be data: addresses, which the content policy refuses.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
  server: { port: 5180, strictPort: true, fs: { allow: [root] } },
});
