/**
 * `npm start`: builds Diorama and opens it; `npm run dev` does so with Vite serving the window as it is edited. Where there is no display
 * it says so, and draws the sample scene without a window instead.
 */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createServer } from "vite";
import { messageOf } from "../src-main/wire/errors.ts";
import { buildAll } from "./build.ts";
import { electronRuntime } from "./electron/runtime.ts";

const ROOT = join(import.meta.dirname, "..");
const SAMPLE = "resources/examples/two-icons.json";
const say = (line: string) => void process.stderr.write(`${line}\n`);

function hasDisplay(): boolean {
  return process.platform !== "linux" || Boolean(process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"]);
}

async function open(isDevelopment: boolean, args: readonly string[]): Promise<number> {
  const runtime = await electronRuntime(say);
  say("Building");
  await buildAll({ renderer: !isDevelopment });
  const server = isDevelopment
    ? await createServer({ configFile: join(ROOT, "vite.renderer.config.ts") }).then((made) => made.listen())
    : undefined;
  const isRoot = process.platform === "linux" && process.getuid?.() === 0;
  if (isRoot)
    say("Running as root: Chromium's sandbox is off (--no-sandbox). Use another user for anything but development.");
  const child = spawn(runtime.executable, [...(isRoot ? ["--no-sandbox"] : []), ROOT, ...args], {
    stdio: "inherit",
    env: {
      ...process.env,
      ...runtime.vulkan,
      DIORAMA_NODE: process.env["DIORAMA_NODE"] ?? process.execPath,
      ...(server ? { DIORAMA_DEV_SERVER: "http://localhost:5180" } : {}),
    },
  });
  const code = await new Promise<number>((resolve) => child.once("exit", (exit) => resolve(exit ?? 1)));
  await server?.close();
  return code;
}

const [first, ...rest] = process.argv.slice(2);
const isDevelopment = first === "--dev";
const args = isDevelopment || first === undefined ? rest : [first, ...rest];
if (hasDisplay()) {
  process.exitCode = await open(isDevelopment, args).catch((error: unknown) => {
    say(messageOf(error));
    return 1;
  });
} else {
  say("There is no display, so the editor cannot open a window (under a server, `xvfb-run npm start` gives it one).");
  say(`Drawing the sample scene without a window instead: npm run render -- ${SAMPLE}`);
  process.exitCode =
    spawnSync(process.execPath, ["src-main/cli/render.ts", SAMPLE], { cwd: ROOT, stdio: "inherit" }).status ?? 1;
}
