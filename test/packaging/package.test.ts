/**
 * What people install. The rules are read in every run; with DIORAMA_TEST_PACKAGE=1 (as `npm test` sets it), on Linux, the app is packed (about a minute), its
 * contents are listed, and what the archive holds is unpacked into a folder with a space in its name and started, with its fuses as
 * they are shipped.
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

  test.each(["target: [AppImage, deb, tar.gz]", "target: [nsis]", "target: [dmg]", "ext: diorama"])("has %s", (line) =>
    expect(rules).toContain(line),
  );
});

const PACKAGES = join(ROOT, "dist", "packages");
const PACKED = join(PACKAGES, "linux-unpacked");
const isAsked = process.env["DIORAMA_TEST_PACKAGE"] === "1" && process.platform === "linux" && electron !== undefined;

describe.skipIf(!isAsked)("the packed app", { timeout: 240_000 }, () => {
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
    const dataFolder = join(folder, "data of a person");
    execFileSync("tar", ["-xzf", archive(), "-C", folder]);
    const isRoot = process.getuid?.() === 0;
    const args = [...(isRoot ? ["--no-sandbox"] : []), `--user-data-dir=${dataFolder}`, "--remote-debugging-port=0"];
    // This Electron's own Node is too old for the services; a packed app of today starts them under its own.
    const env = { ...process.env, DIORAMA_NODE: process.execPath, DISPLAY: await displayForTests() };
    const app = spawn(join(folder, "diorama", "diorama"), args, { env, stdio: ["ignore", "ignore", "pipe"] });
    try {
      const port = await debuggerPort(app.stderr);
      let page: string | undefined;
      const look = async () => (page = await pageDebugger(port, "app://diorama/index.html"));
      await expect.poll(look, { timeout: 60_000, interval: 200 }).toBeDefined();
      const call = (call: string) => evaluate(page!, `window.app.call(${call})`);
      expect(await call('"windowState"')).toMatchObject({ ok: true, value: { firstStart: true } });
      const model = { path: DEMO_MODEL, provider: "cpu", memory: "auto" };
      const loaded = await call(`"loadModel", ${JSON.stringify(model)}`);
      expect(loaded).toMatchObject({ ok: true, value: { path: DEMO_MODEL } });
    } finally {
      const ended = new Promise((resolve) => app.once("exit", resolve));
      app.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

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
