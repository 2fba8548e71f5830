/** How the window is built (`dist/renderer`) and served while developing. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const root = import.meta.dirname;

/** In mode `preview` the page gets a main process in memory, and its pictures come from this server. */
function preview(): Plugin {
  return {
    name: "diorama-preview",
    transformIndexHtml: () => [
      {
        tag: "script",
        attrs: { type: "module", src: `/@fs${join(root, "test/renderer/support/preview.ts")}` },
        injectTo: "head",
      },
    ],
    transform: (code, id) => (id.endsWith("api/main.ts") ? code.replace("img://", "/img/") : undefined),
    configureServer: (server) => {
      server.middlewares.use("/img", (request, response) => {
        const id = Number(/(\d+)/.exec(request.url ?? "")?.[1] ?? 0);
        response.setHeader("content-type", "image/svg+xml");
        response.end(
          `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64"><rect width="64" height="64" fill="#f8f8f6"/><circle cx="${16 + (id % 5)}" cy="${30 + (id % 7)}" r="12" fill="#d63031"/><rect x="${36 + (id % 4)}" y="22" width="23" height="${20 + (id % 6)}" fill="#305cde"/></svg>`,
        );
      });
    },
  };
}

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

export default defineConfig(({ mode }) => ({
  root: join(root, "src-renderer"),
  // Relative, so that the page works under whatever protocol the main process serves it.
  base: "./",
  plugins: [
    withoutInlineStyles(),
    svelte({ configFile: join(root, "svelte.config.js") }),
    ...(mode === "preview" ? [preview()] : []),
  ],
  resolve: { alias: { "@api": join(root, "src-main/api") } },
  build: {
    outDir: join(root, "dist/renderer"),
    emptyOutDir: true,
    // The floor is Electron 33.
    target: "chrome130",
    // Inlined assets would be data: addresses, which the content policy refuses.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
  server: { port: 5180, strictPort: true, fs: { allow: [root] } },
}));
