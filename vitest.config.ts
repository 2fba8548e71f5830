import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tools/tests/order.ts";
import { ALIASES } from "./vite.renderer.config.ts";

// A run starts hundreds of processes: each finds its modules compiled, without their types, as the first has left them: a quarter of the work of
// starting a service. Files of tests inherit it, and all that they start.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules", ".cache", "compiled");

export default defineConfig({
  plugins: [svelte()],
  resolve: { alias: ALIASES },
  test: {
    include: ["test/**/*.test.ts"],
    // ONNX Runtime is loaded once in a process; forks also keep a native crash inside one file.
    pool: "forks",
    // Tests of the window wait for it half of their time: three at a time keep two cores busy.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // Threads of one file's engine that wait spinning would take the cores from the others' work: half of a picture's time (CONTRIBUTING.md).
    env: { DIORAMA_SPIN: "0" },
    testTimeout: 60_000,
    // Styles are left out of tests, but for the one file whose colours are measured.
    css: { include: [/src-renderer\/styles\.css/] },
    // Nobody should wait for what is there already, and a busy machine is no failure.
    expect: { poll: { timeout: 20_000 } },
  },
});
