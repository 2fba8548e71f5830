/** `npm run engine`: this machine's engine for other machines that were paired with it, until Ctrl-C. */
import { resolve } from "node:path";
import { runEngineServer, SERVER_OPTIONS } from "../remote/command.ts";
import { describeOptions, readArguments, usageProblem } from "./arguments.ts";
import { dataFolder } from "./dataFolder.ts";
import { DEMO_FOLDER } from "./render.ts";
import { appVersion, describeError, EXIT, type ExitCode, runCommand, type Terminal } from "./terminal.ts";
import { isAppError } from "../wire/errors.ts";
import { openModels } from "../models/host.ts";
import { startEngine } from "../engine/host.ts";
import { join } from "node:path";

const HELP = `Lets other machines draw on this one.

npm run engine -- --listen [HOST:PORT] [options]
npm run engine -- --paired
npm run engine -- --revoke NAME

${describeOptions(SERVER_OPTIONS)}

Nothing listens unless --listen asks for it. Another machine is let in by a code that is shown here and typed there: the first time
by itself, later with --pair, or by Enter where this runs in a terminal. docs/remote.md tells what that protects from.

Exit codes: 0 done, 1 it failed, 2 the command is wrong.
`;

/** Runs the command line `argv` and returns the exit code. Never throws. */
export async function engine(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    const { given, words } = readArguments("engine", argv, SERVER_OPTIONS);
    if (given.help || argv.length === 0) {
      terminal.stdout.write(HELP);
      return given.help ? EXIT.ok : EXIT.usage;
    }
    const { listen = false, paired = false, revoke, pair = false, name } = given;
    if ([listen, paired, revoke !== undefined].filter(Boolean).length !== 1) {
      throw usageProblem("engine", "Give one of --listen, --paired and --revoke.");
    }
    if (words.length > (listen ? 1 : 0)) throw usageProblem("engine", `unexpected: ${words.at(-1)!}`);
    const data = given.data === undefined ? dataFolder(terminal.env) : resolve(terminal.cwd, given.data);
    const isDebug = terminal.env["DIORAMA_DEBUG"] === "1";
    const onLine = (line: string) => (isDebug ? void terminal.stderr.write(`${line}\n`) : undefined);
    await runEngineServer(
      { listen: listen ? (words[0] ?? "") : undefined, paired, revoke, pair, name },
      {
        ...terminal,
        ...{ dataFolder: data, app: appVersion() },
        startEngine: () => startEngine({ onLine, demoModel: DEMO_FOLDER, timings: join(data, "timings.json") }),
        openModels: () => openModels({ dataFolder: data, lasting: true, env: terminal.env, onLine }),
      },
    );
    return EXIT.ok;
  } catch (error) {
    terminal.stderr.write(`${describeError(error, terminal.env)}\n`);
    return isAppError(error, "bad-request") ? EXIT.usage : EXIT.failed;
  }
}

if (import.meta.main) await runCommand(engine);
