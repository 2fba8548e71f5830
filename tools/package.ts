/**
 * `npm run package`: builds, then makes what people install for this platform (electron-builder.yml, tools/package/deb.ts) in
 * `dist/packages`. Where only the prepared Electron of tools/electron is at hand, that is packed instead, as `linux-unpacked` and, unless
 * `--dir` is given, as an archive made by the system's tar and a Debian package: electron-builder would fetch the other installers' tools
 * from outside the registry. With `--built` it packs what is built already: building takes the files away for seconds from an app that is
 * run from here meanwhile. DIORAMA_RELEASES=OWNER/NAME names the GitHub repository whose releases the packed application looks into for
 * updates; nothing is uploaded.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build, Platform, type AfterPackContext } from "electron-builder";
import { buildAll } from "./build.ts";
import { electronRuntime } from "./electron/runtime.ts";
import { makeDeb, whyNoDeb } from "./package/deb.ts";

const ROOT = join(import.meta.dirname, "..");
const OUT = join(ROOT, "dist", "packages");
const say = (line: string) => void process.stderr.write(`${line}\n`);

function versionOf(packageName: string): string {
  const file = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

const onlyFolder = process.argv.includes("--dir");
const runtime = await electronRuntime(say);
if (!process.argv.includes("--built")) {
  say("Building");
  await buildAll();
}
await rm(OUT, { recursive: true, force: true });

const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
const [owner, repo] = process.env["DIORAMA_RELEASES"]?.split("/") ?? [];
const releases = owner && repo ? { publish: { provider: "github" as const, owner, repo } } : {};

if (runtime.version === versionOf("electron")) {
  const config = { extends: join(ROOT, "electron-builder.yml"), ...releases };
  await build({ projectDir: ROOT, config, publish: "never", ...(onlyFolder ? { dir: true } : {}) });
} else {
  say(
    `Packing Electron ${runtime.version}, which is here, in place of ${versionOf("electron")}, which cannot be downloaded.`,
  );
  await build({
    projectDir: ROOT,
    targets: Platform.LINUX.createTarget("dir"),
    config: {
      extends: join(ROOT, "electron-builder.yml"),
      electronDist: join(runtime.executable, ".."),
      electronVersion: runtime.version,
      // Its launcher for development stands where the app belongs.
      afterPack: ({ appOutDir }: AfterPackContext) =>
        rm(join(appOutDir, "resources", "app"), { recursive: true, force: true }),
    },
  });
  if (!onlyFolder) {
    const archive = join(OUT, `diorama-${version}-linux-x64.tar.gz`);
    say(`Packing ${archive}`);
    // Nobody downloads this one: it is quick rather than small.
    const how = ["--use-compress-program", "gzip -1", "--transform", "s/^linux-unpacked/diorama/"];
    execFileSync("tar", ["-cf", archive, "-C", OUT, ...how, "linux-unpacked"]);
  }
}
if (process.platform === "linux" && !onlyFolder) {
  const problem = whyNoDeb();
  const folders = { x64: "linux-unpacked", arm64: "linux-arm64-unpacked" };
  for (const [arch, name] of Object.entries(folders)) {
    const source = join(OUT, name);
    if (!existsSync(source)) continue;
    if (problem !== undefined) say(`No Debian package: ${problem}.`);
    else say(`Packed ${await makeDeb(source, OUT, version, arch)}`);
  }
}
