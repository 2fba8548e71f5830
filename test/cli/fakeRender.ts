/** `render` as a program, with an engine process around the fake pipeline: what a test of real signals runs. */
import { fileURLToPath } from "node:url";
import { render } from "../../src-main/cli/render.ts";
import { runCommand } from "../../src-main/cli/terminal.ts";
import { startEngine } from "../../src-main/engine/host.ts";

const entry = fileURLToPath(new URL("../support/fakeEngine.ts", import.meta.url));
await runCommand((argv, terminal) => render(argv, terminal, (options) => startEngine({ ...options, entry })));
