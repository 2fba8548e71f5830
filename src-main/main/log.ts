/**
 * The log that a person can send when something goes wrong: one file in the data folder, begun anew at 1 MB with the one before kept
 * beside it. Main and the windows' deaths are in it, and every line that a service writes. The services themselves run under plain Node
 * as well as in Electron and only write to stderr: main, which reads that anyway, puts it here.
 */
import { app, shell } from "electron";
import log from "electron-log/main";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../wire/errors.ts";
import type { Fork } from "../service/child.ts";

const LARGEST = 2 ** 20;

type Level = "info" | "warn" | "error";

/** Begins the log in `folder`; what Node itself would say of an error that nobody caught goes there, too. */
export function beginLog(folder: string): void {
  log.transports.console.level = false; // what is written to stderr stays what it was
  log.transports.file.resolvePathFn = () => join(folder, "diorama.log");
  log.transports.file.maxSize = LARGEST;
  log.transports.file.format = "{y}-{m}-{d} {h}:{i}:{s}.{ms} {level} {text}";
  const { electron, node } = process.versions;
  log.info(
    `[main] Diorama ${app.getVersion()}, Electron ${electron}, Node ${node}, ${process.platform}-${process.arch}`,
  );
  process.on("uncaughtExceptionMonitor", (error) => log.error(`[main] ${error.stack ?? error.message}`));
}

/** Writes a line to stderr and to the log. `source` is who says it, such as `models`. */
export function note(source: string, text: string, level: Level = "warn"): void {
  process.stderr.write(`[${source}] ${text}\n`);
  log[level](`[${source}] ${text}`);
}

/** Starts services like `fork`, with a copy of every line that they write in the log. */
export function logged(fork: Fork): Fork {
  return (entry, options) => {
    const child = fork(entry, {
      ...options,
      onLine: (line) => {
        log[levelOf(line)](`[${options.name} ${child.pid ?? "?"}] ${line}`);
        options.onLine(line);
      },
    });
    log.info(`[${options.name} ${child.pid ?? "?"}] started`);
    void child.exited.then(({ code, signal }) => {
      log.info(
        `[${options.name} ${child.pid ?? "?"}] ended ${signal === null ? `with code ${code ?? "?"}` : `by ${signal}`}`,
      );
    });
    return child;
  };
}

/** Shows the log in the system's file manager. */
export function showLog(): void {
  const { path } = log.transports.file.getFile();
  if (!existsSync(path)) {
    const message = `The log ${path} is not there: the data folder cannot be written to.`;
    throw new AppError("file-unreadable", message, { path });
  }
  shell.showItemInFolder(path);
}

/** A service marks its lines `warn: …`; what a native library writes has no mark. */
function levelOf(line: string): Level {
  const mark = /^(debug|info|warn|error): /.exec(line)?.[1];
  if (mark === "debug" || mark === "info") return "info";
  return mark === "error" ? "error" : "warn";
}
