import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // ONNX Runtime is loaded once in a process; forks also keep a native crash inside one file.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
