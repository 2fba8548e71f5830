/** What Electron needs of a Debian system beyond a bare server: a display to draw on, and the libraries of a desktop. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

export const PACKAGES = [
  "libgtk-3-0",
  "libnss3",
  "libgbm1",
  "libasound2",
  "libatk-bridge2.0-0",
  "libdrm2",
  "libxkbcommon0",
  "libxss1",
  "xvfb",
];

/** Installs what is missing where that is possible without asking (Debian, as root); elsewhere tells what to install. */
export function ensureSystemPackages(say: (line: string) => void): void {
  if (!existsSync("/etc/debian_version")) {
    if (process.platform === "linux")
      say(`Electron needs the libraries that Debian packages as ${PACKAGES.join(" ")}.`);
    return;
  }
  const missing = missingPackages();
  if (missing.length === 0) return;
  const install = ["apt-get", "install", "--yes", "--no-install-recommends", ...missing];
  if (process.getuid?.() !== 0) {
    say(`Electron needs system packages that are missing; as root: ${install.join(" ")}`);
    return;
  }
  say(`Installing system packages: ${missing.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const run = ([command, ...args]: string[]) => execFileSync(command!, args, { env, stdio: ["ignore", "ignore", 2] });
  run(["apt-get", "update"]);
  run(install);
}

/** Packages that this Debian lacks (none on other systems, which are not asked); newer releases mark some names as ` t64` packages that provide the old ones. */
export function missingPackages(): string[] {
  if (!existsSync("/etc/debian_version")) return [];
  const names = PACKAGES.flatMap((name) => [name, `${name}t64`]);
  const { stdout } = spawnSync("dpkg-query", ["--show", "--showformat", "${Package} ${Status}\\n", ...names], {
    encoding: "utf8",
  });
  const installed = new Set(
    stdout
      .split("\n")
      .flatMap((line) => (line.endsWith(" installed") ? [line.split(" ")[0]!.replace(/t64$/, "")] : [])),
  );
  return PACKAGES.filter((name) => !installed.has(name));
}
