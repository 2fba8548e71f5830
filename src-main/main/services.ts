/**
 * How the service processes are started. With `utilityProcess` where Electron's own Node can run them (Node-API 10 came with 22.14);
 * else, in development, under a Node binary: DIORAMA_NODE, or the one that npm installed.
 */
import { app, utilityProcess } from "electron";
import { existsSync } from "node:fs";
import { join, sep } from "node:path";
import { AppError } from "../wire/errors.ts";
import { logged } from "./log.ts";
import { forkNode, forkUtility, type Fork } from "../service/child.ts";

const OLDEST_NODE = [22, 14] as const;

export interface Services {
  fork: Fork;
  entry: (name: "engine" | "engineProbe" | "store" | "workshop" | "models" | "machines" | "pool") => string;
}

export function findServices(): Services {
  const node = nodeBinary();
  // Beside an archive lies what was left out of it: the services and their native modules, which Node reads as well as Electron.
  const folder = join(app.getAppPath(), "dist", "services").replace(`app.asar${sep}`, `app.asar.unpacked${sep}`);
  return {
    fork: logged(node === undefined ? forkUtility((...args) => utilityProcess.fork(...args)) : forkNode(node)),
    entry: (name) => join(folder, `${name}.mjs`),
  };
}

/** The Node to run services under; undefined where Electron's own will do. */
function nodeBinary(): string | undefined {
  const own = isNewEnough(process.versions.node);
  const wished = process.env["DIORAMA_NODE"];
  // In an app that people install, no environment variable decides which program is run.
  if (own && (app.isPackaged || !wished)) return undefined;
  const installed = join(app.getAppPath(), "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  const found = [wished, installed].find((path) => path && existsSync(path));
  if (found) return found;
  const message =
    `Electron ${process.versions.electron} has Node ${process.versions.node}; the services need ${OLDEST_NODE.join(".")} ` +
    "or later. Set DIORAMA_NODE to such a Node.";
  throw new AppError("file-unreadable", message, { path: installed });
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
}
