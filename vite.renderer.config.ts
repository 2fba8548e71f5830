/** How the window is built (`dist/renderer`) and served while developing. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { manual } from "./tools/manual.ts";

const root = import.meta.dirname;

/** The content policy refuses styles in markup, also those of a library: there they become the class of the same effect. */
function withoutInlineStyles(): Plugin {
  return {
    name: "diorama-without-inline-styles",
    enforce: "pre",
    transform: (code, id) =>
      /[\\/]bits-ui[\\/].*\.svelte$/.test(id)
        ? code.replaceAll('style="display: contents;"', 'class="contents"')
        : undefined,
  };
}

/** The folders of src-main that the window may import from: see the `paths` of src-renderer/tsconfig.json. */
export const ALIASES = Object.fromEntries(
  ["api", "scene", "wire"].map((folder) => [`@${folder}`, join(root, "src-main", folder)]),
);

export default defineConfig({
  root: join(root, "src-renderer"),
  // Relative, so that the page works under whatever protocol the main process serves it.
  base: "./",
  plugins: [manual(), withoutInlineStyles(), svelte({ configFile: join(root, "svelte.config.js") })],
  resolve: { alias: ALIASES },
  build: {
    outDir: join(root, "dist/renderer"),
    emptyOutDir: true,
    // The floor is Electron 33.
    target: "chrome130",
    rolldownOptions: { input: ["index.html", "manual.html"].map((page) => join(root, "src-renderer", page)) },
    // Inlined assets would be data: addresses, which the content policy refuses.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
  server: { port: 5180, strictPort: true, fs: { allow: [root] } },
});
