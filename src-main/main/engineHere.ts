/** The packaged program with `--engine`: no window, this machine's engine for others. The same as `npm run engine`. */
import { app } from "electron";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEngine } from "../engine/host.ts";
import { openModels } from "../models/host.ts";
import { runEngineServer, SERVER_OPTIONS } from "../remote/command.ts";
import { BACKGROUND } from "../service/priority.ts";
import { messageOf } from "../wire/errors.ts";
import { findFolders } from "./folders.ts";
import { findServices } from "./services.ts";
import { onInterrupt } from "./terminalHere.ts";

export async function runEngineHere(words: readonly string[]): Promise<void> {
  await app.whenReady();
  const folders = findFolders();
  const { fork, entry } = findServices();
  const options = Object.entries(SERVER_OPTIONS).map(
    ([name, option]) => [name, { type: "value" in option ? "string" : "boolean" }] as const,
  );
  // Chromium's own switches are among them.
  const { values, positionals } = parseArgs({
    ...{ args: [...words], options: Object.fromEntries(options), strict: false, allowPositionals: true },
  });
  const text = (name: "revoke" | "name") => (typeof values[name] === "string" ? values[name] : undefined);
  try {
    await runEngineServer(
      {
        listen: values["listen"] === true ? (positionals[0] ?? "") : undefined,
        paired: values["paired"] === true,
        pair: values["pair"] === true,
        revoke: text("revoke"),
        name: text("name"),
      },
      {
        ...{ stdout: process.stdout, stderr: process.stderr, dataFolder: folders.data, app: app.getVersion() },
        startEngine: () =>
          startEngine({
            ...{ fork, env: { [BACKGROUND]: "1" }, entry: entry("engine"), probeEntry: entry("engineProbe") },
            ...{ demoModel: folders.demoModel, timings: join(folders.data, "timings.json") },
          }),
        openModels: () => openModels({ dataFolder: folders.data, lasting: true, fork, entry: entry("models") }),
        onInterrupt,
      },
    );
    app.exit(0);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    app.exit(1);
  }
}
