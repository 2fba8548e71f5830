/**
 * What people install. The rules are read in every run; with DIORAMA_TEST_PACKAGE=1 (as `npm test` sets it), on Linux, the app is packed (about a minute), its
 * contents are listed, and what the archive holds is unpacked into a folder with a space in its name and started, with its fuses as
 * they are shipped. On Debian as root the Debian package is installed, used and removed.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { FuseState, FuseV1Options, getCurrentFuseWire } from "@electron/fuses";
import { beforeAll, describe, expect, test } from "vitest";
import { DEMO_MODEL } from "../../src-main/api/main.ts";
import { ensureBuilt } from "../e2e/built.ts";
import { displayForTests } from "../e2e/display.ts";
import { ROOT } from "../support/imports.ts";
import { whyNoDeb } from "../../tools/package/deb.ts";
import { debuggerPort, evaluate, pageDebugger } from "./debugger.ts";
import { electron } from "../e2e/harness.ts";

const rules = readFileSync(join(ROOT, "electron-builder.yml"), "utf8");

describe("electron-builder.yml", () => {
  test.each([
    ["a packed app is no Node for other programs", "runAsNode: false"],
    ["NODE_OPTIONS has no say", "enableNodeOptionsEnvironmentVariable: false"],
    ["no debugger of Node attaches", "enableNodeCliInspectArguments: false"],
    ["only the packed archive is run", "onlyLoadAppFromAsar: true"],
    ["and only as it was packed, where the system can check that", "enableEmbeddedAsarIntegrityValidation: true"],
    ["file: pages have no privileges", "grantFileProtocolExtraPrivileges: false"],
    ["no foreign start-up snapshot", "loadBrowserProcessSpecificV8Snapshot: false"],
    ["nothing is rebuilt", "npmRebuild: false"],
    ["nothing is published", "publish: null"],
    ["a Mac gets ONNX Runtime once", "!node_modules/onnxruntime-node/bin/napi-v6/darwin/*/libonnxruntime.*.*.*.dylib"],
  ])("%s", (_name, line) => expect(rules).toContain(line));

  test("a project is opened by double click on each platform, and once only", () => {
    expect(rules.match(/^ {2}fileAssociations:\n(?: {4}#.*\n)* {4}- \{ ext: diorama, /gm)).toHaveLength(3);
    expect(rules).not.toMatch(/^fileAssociations:/m); // would be added to those of each platform
  });

  test.each(["target: [AppImage, tar.gz]", "appimage: 1.0.3", "target: [nsis]", "target: [dmg, zip]", "ext: diorama"])(
    "has %s",
    (line) => expect(rules).toContain(line),
  );
});

const PACKAGES = join(ROOT, "dist", "packages");
const PACKED = join(PACKAGES, "linux-unpacked");
const isAsked = process.env["DIORAMA_TEST_PACKAGE"] === "1" && process.platform === "linux" && electron !== undefined;

describe.skipIf(!isAsked)("the packed app", { timeout: 400_000 }, () => {
  const builtFiles = () => ["main", "services", "renderer"].flatMap((folder) => agesUnder(join(ROOT, "dist", folder)));
  let before: string[] = [];
  beforeAll(async () => {
    await ensureBuilt();
    before = builtFiles();
    execFileSync(process.execPath, ["tools/package.ts", "--built"], { cwd: ROOT, stdio: "ignore" });
  }, 400_000);

  test("leaves alone what is built: other tests run it meanwhile", () => expect(builtFiles()).toEqual(before));

  test("has our code, this platform's native files, and the demo model", () => {
    const files = filesUnder(join(PACKED, "resources"));
    const asar = execFileSync(
      process.execPath,
      ["node_modules/@electron/asar/bin/asar.js", "list", join(PACKED, "resources/app.asar")],
      {
        cwd: ROOT,
        encoding: "utf8",
      },
    ).split("\n");
    expect(asar).toEqual(
      expect.arrayContaining(["/dist/main/main.cjs", "/dist/main/preload.cjs", "/dist/renderer/index.html"]),
    );
    expect(files).toContain("models/demo/model_index.json");
    const native = files.filter((file) => /\.(node|so(\.\d+)*|dll|dylib)$/.test(file)).sort();
    const here = `${process.platform}/${process.arch}`;
    const [canvas, ...others] = native.filter((file) => file.includes("@napi-rs"));
    expect(canvas).toMatch(
      /^app\.asar\.unpacked\/node_modules\/@napi-rs\/canvas-linux-\w+-gnu\/skia\.linux-[\w-]+\.node$/,
    );
    expect(others).toEqual([]);
    expect(files.filter((file) => file.includes("inter/files/inter-latin-"))).toEqual([
      "app.asar.unpacked/node_modules/@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
      "app.asar.unpacked/node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    ]);
    expect(native.filter((file) => file !== canvas)).toEqual([
      `app.asar.unpacked/node_modules/better-sqlite3/prebuilds/${here.replace("/", "-")}.node`,
      `app.asar.unpacked/node_modules/onnxruntime-node/bin/napi-v6/${here}/libonnxruntime.so.1`,
      `app.asar.unpacked/node_modules/onnxruntime-node/bin/napi-v6/${here}/onnxruntime_binding.node`,
    ]);
    expect([...files, ...asar].filter((file) => /\.(ts|svelte|map)$|node-linux|(^|\/)test\//.test(file))).toEqual([]);
    expect(existsSync(join(PACKED, "resources", "app"))).toBe(false);
  });

  test("has the licences of all that is in it, and no words of languages that the window does not speak", () => {
    const top = readdirSync(PACKED);
    expect(top.filter((name) => name.startsWith("LICENSE")).sort()).toEqual([
      "LICENSE.diorama.txt",
      "LICENSE.electron.txt",
      "LICENSES.chromium.html",
      "LICENSES.npm.txt",
    ]);
    const licences = readFileSync(join(PACKED, "LICENSES.npm.txt"), "utf8");
    const packages = [
      "svelte",
      "fabric",
      "valibot",
      "@lucide/svelte",
      "@fontsource-variable/inter",
      "onnxruntime-node",
    ];
    for (const name of [...packages, "better-sqlite3", "@napi-rs/canvas"])
      expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
    expect(readdirSync(join(PACKED, "locales")).sort()).toEqual(["en-GB.pak", "en-US.pak"]);
  });

  test("is in the archive as it is in the folder", () => {
    const listed = execFileSync("tar", ["-tzf", archive()], { encoding: "utf8" }).split("\n");
    const inArchive = listed.filter((name) => name !== "" && !name.endsWith("/")).sort();
    expect(inArchive).toEqual(
      filesUnder(PACKED)
        .map((file) => `diorama/${file}`)
        .sort(),
    );
  });

  test("has its fuses blown", async () => {
    const wire = await getCurrentFuseWire(join(PACKED, "diorama"));
    expect(wire[FuseV1Options.RunAsNode]).toBe(FuseState.DISABLE);
    expect(wire[FuseV1Options.EnableNodeOptionsEnvironmentVariable]).toBe(FuseState.DISABLE);
    expect(wire[FuseV1Options.EnableNodeCliInspectArguments]).toBe(FuseState.DISABLE);
    expect(wire[FuseV1Options.OnlyLoadAppFromAsar]).toBe(FuseState.ENABLE);
    expect(wire[FuseV1Options.GrantFileProtocolExtraPrivileges]).toBe(FuseState.DISABLE);
  });

  test("starts, and opens the demo model", async () => {
    const folder = mkdtempSync(join(tmpdir(), "diorama packed "));
    execFileSync("tar", ["-xzf", archive(), "-C", folder]);
    const app = await startPacked(join(folder, "diorama", "diorama"), join(folder, "data of a person"));
    try {
      expect(await app.call('"windowState"')).toMatchObject({ ok: true, value: { firstStart: true } });
      const model = { path: DEMO_MODEL, provider: "cpu", memory: "auto" };
      const loaded = await app.call(`"loadModel", ${JSON.stringify(model)}`);
      expect(loaded).toMatchObject({ ok: true, value: { path: DEMO_MODEL } });
    } finally {
      await app.end();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("as a Debian package is installed, draws a picture, and is removed without a trace", async ({ skip }) => {
    const why = whyNoDebHere();
    if (why !== undefined) skip(why);
    const deb = join(
      PACKAGES,
      readdirSync(PACKAGES).find((name) => name.endsWith(".deb"))!,
    );
    const folder = mkdtempSync(join(tmpdir(), "diorama-deb-"));
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const quick = "Dpkg::Options::=--force-unsafe-io"; // nobody needs these files after a power cut
    const apt = (...args: string[]) => execFileSync("apt-get", ["--yes", "--no-install-recommends", "-o", quick, ...args], { env, stdio: ["ignore", "ignore", 2] }); // prettier-ignore
    try {
      apt("install", deb);
      expect(execFileSync("dpkg-query", ["--show", "--showformat", "${Version} ${Status}", "diorama"], { encoding: "utf8" })).toMatch(/^\d+\.\d+\.\S+ install ok installed$/); // prettier-ignore
      expect(readFileSync("/usr/share/applications/diorama.desktop", "utf8")).toMatch(/^Exec=diorama %U$[^]*^MimeType=application\/x-diorama;$/m); // prettier-ignore
      expect(readFileSync("/usr/share/mime/packages/diorama.xml", "utf8")).toContain('<glob pattern="*.diorama"/>');
      expect(readFileSync("/usr/lib/diorama/resources/package-type", "utf8")).toBe("deb");
      expect(statSync("/usr/lib/diorama/chrome-sandbox").mode & 0o7777).toBe(0o4755); // for systems without user namespaces
      const app = await startPacked("/usr/bin/diorama", join(folder, "data"));
      try {
        // As a person does it, once there is something to press; a picture of the sample scene takes seconds.
        const press = `[...document.querySelectorAll("button")].find((one) => /^Generate/.test(one.textContent.trim()) && !one.disabled)?.click()`;
        const drawn = async () => {
          await app.evaluate(press);
          const { value } = (await app.call('"listResults", { order: "newest", offset: 0, limit: 1 }')) as { value?: { total: number } }; // prettier-ignore
          return value?.total ?? 0;
        };
        await expect.poll(drawn, { timeout: 120_000, interval: 1_000 }).toBeGreaterThan(0);
      } finally {
        await app.end();
      }
    } finally {
      apt("purge", "diorama");
      rmSync(folder, { recursive: true, force: true });
    }
    expect(["/usr/bin/diorama", "/usr/lib/diorama", "/usr/share/doc/diorama"].filter(existsSync)).toEqual([]);
  });
});

/** Where the test above would not do what its name says, or would take away what somebody has installed. */
function whyNoDebHere(): string | undefined {
  if (!existsSync("/etc/debian_version")) return "Debian packages are installed on Debian";
  if (process.getuid?.() !== 0) return "only root installs packages";
  return whyNoDeb() ?? (existsSync("/usr/lib/diorama") ? "Diorama is installed here already" : undefined);
}

/** Starts a packed application, with ways to ask its page. */
async function startPacked(executable: string, dataFolder: string) {
  const isRoot = process.getuid?.() === 0;
  const args = [...(isRoot ? ["--no-sandbox"] : []), `--user-data-dir=${dataFolder}`, "--remote-debugging-port=0"];
  // This Electron's own Node is too old for the services; a packed app of today starts them under its own.
  const env = { ...process.env, DIORAMA_NODE: process.execPath, DISPLAY: await displayForTests() };
  const app = spawn(executable, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const end = async () => {
    const ended = new Promise((resolve) => app.once("exit", resolve));
    app.kill("SIGKILL"); // asked to end it would ask what becomes of the project that it has begun
    await ended;
  };
  try {
    const port = await debuggerPort(app.stderr);
    let page: string | undefined;
    const look = async () => (page = await pageDebugger(port, "app://diorama/index.html"));
    await expect.poll(look, { timeout: 60_000, interval: 200 }).toBeDefined();
    const ask = (expression: string) => evaluate(page!, expression);
    return { evaluate: ask, call: (call: string) => ask(`window.app.call(${call})`), end };
  } catch (error) {
    await end();
    throw error;
  }
}

function archive(): string {
  return join(
    PACKAGES,
    readdirSync(PACKAGES).find((name) => name.endsWith(".tar.gz"))!,
  );
}

function agesUnder(folder: string): string[] {
  return filesUnder(folder).map((file) => `${file} ${statSync(join(folder, file)).mtimeMs}`);
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
