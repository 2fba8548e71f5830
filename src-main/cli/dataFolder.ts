/** Where Electron keeps an app's data (`app.getPath("userData")`), for commands, which run without it. */
import { homedir } from "node:os";
import { join } from "node:path";
import type { Terminal } from "./terminal.ts";

export function dataFolder(env: Terminal["env"]): string {
  if (process.platform === "win32") return join(env["APPDATA"] ?? join(homedir(), "AppData", "Roaming"), "Diorama");
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support", "Diorama");
  return join(env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config"), "Diorama");
}
