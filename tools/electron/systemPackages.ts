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

/** For texts in Japanese and Arabic. */
const FONTS = ["fonts-noto-cjk", "fonts-noto-core"];

/** Installs what is missing where that is possible without asking (Debian, as root); elsewhere tells what to install. */
export function ensureSystemPackages(say: (line: string) => void): void {
  ensure("Electron", "the libraries", PACKAGES, say);
}

/** As above, of what pictures of the window need to show every script. Pictures are made all the same where that is not possible. */
export function ensureFonts(say: (line: string) => void): void {
  try {
    ensure("The window", "the fonts", FONTS, say);
  } catch (error) {
    say(`Fonts could not be installed; some letters may be boxes (${String(error)}).`);
  }
}

/** As above, of what the tests of the pool need. */
export function ensureRedisPackages(say: (line: string) => void): void {
  ensure("A pool", "the server", ["redis-server"], say);
}

function ensure(who: string, what: string, packages: readonly string[], say: (line: string) => void): void {
  if (!existsSync("/etc/debian_version")) {
    if (process.platform === "linux") say(`${who} needs ${what} that Debian packages as ${packages.join(" ")}.`);
    return;
  }
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  const install = ["apt-get", "install", "--yes", "--no-install-recommends", ...missing];
  if (process.getuid?.() !== 0) {
    say(`${who} needs system packages that are missing; as root: ${install.join(" ")}`);
    return;
  }
  say(`Installing system packages: ${missing.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const run = ([command, ...args]: string[]) => execFileSync(command!, args, { env, stdio: ["ignore", "ignore", 2] });
  run(["apt-get", "update"]);
  run(install);
}

/** Packages that this Debian lacks (none on other systems, which are not asked); newer releases mark some names as ` t64` packages that provide the old ones. */
export function missingPackages(wanted: readonly string[] = PACKAGES): string[] {
  if (!existsSync("/etc/debian_version")) return [];
  const names = wanted.flatMap((name) => [name, `${name}t64`]);
  const { stdout } = spawnSync("dpkg-query", ["--show", "--showformat", "${Package} ${Status}\\n", ...names], {
    encoding: "utf8",
  });
  const installed = new Set(
    stdout
      .split("\n")
      .flatMap((line) => (line.endsWith(" installed") ? [line.split(" ")[0]!.replace(/t64$/, "")] : [])),
  );
  return wanted.filter((name) => !installed.has(name));
}
