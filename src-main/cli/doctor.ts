/**
 * `npm run doctor`: what this machine and installation can do, and what to do about what they cannot. For people, and
 * with --json for bug reports.
 */
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, freemem, release, tmpdir, totalmem, type as systemName } from "node:os";
import { join } from "node:path";
import type { ProviderReport } from "../api/engine.ts";
import { PROVIDERS } from "../scene/scene.ts";
import { startEngine, type Engine } from "../engine/host.ts";
import { describeOptions, readArguments, type Option } from "./arguments.ts";
import { dataFolder } from "./dataFolder.ts";
import { DEMO_FOLDER } from "./render.ts";
import { appVersion, describeError, EXIT, runCommand, type ExitCode, type Terminal } from "./terminal.ts";
import { isAppError } from "../wire/errors.ts";

export interface Diagnosis {
  versions: { app: string; node: string; onnxruntime: string };
  machine: {
    system: string;
    architecture: string;
    processor: string;
    cores: number;
    memoryBytes: number;
    freeBytes: number;
  };
  providers: ProviderReport[];
  demoModel: { path: string; found: boolean; detail: string };
  folders: { purpose: string; path: string; writable: boolean; detail: string }[];
  /** Anything can be drawn here at all. */
  usable: boolean;
}

type Providers = () => Promise<ProviderReport[]>;

const OPTIONS = {
  json: { about: "The same as one JSON object." },
  help: { about: "This text." },
} as const satisfies Record<string, Option>;

const HELP = `Says what can run on this machine.

Usage: npm run doctor -- [options]

${describeOptions(OPTIONS)}

Exit codes: 0 when pictures can be drawn here, 1 when not, 2 when the options are wrong.
`;

/** Files without which a checkpoint folder is none. */
const MODEL_FILES = ["model_index.json", "unet/config.json", "vae/config.json", "text_encoder/config.json"];

/** Runs the command line `argv` and returns the exit code. Never throws. */
export async function doctor(
  argv: readonly string[],
  terminal: Terminal,
  { providers = askEngine, demoModel = DEMO_FOLDER }: { providers?: Providers; demoModel?: string } = {},
): Promise<ExitCode> {
  try {
    const { given } = readArguments("doctor", argv, OPTIONS);
    if (given.help) {
      terminal.stdout.write(HELP);
      return EXIT.ok;
    }
    const diagnosis = await diagnose(providers, demoModel, terminal.env);
    terminal.stdout.write(given.json ? `${JSON.stringify(diagnosis, null, 2)}\n` : describeDiagnosis(diagnosis));
    return diagnosis.usable ? EXIT.ok : EXIT.failed;
  } catch (error) {
    terminal.stderr.write(`${describeError(error, terminal.env)}\n`);
    return isAppError(error, "bad-request") ? EXIT.usage : EXIT.failed;
  }
}

async function askEngine(): Promise<ProviderReport[]> {
  let engine: Engine | undefined;
  try {
    engine = await startEngine({ onLine: () => undefined, triesForms: true });
    return await engine.api.providers();
  } finally {
    await engine?.stop();
  }
}

async function diagnose(providers: Providers, demoModel: string, env: Terminal["env"]): Promise<Diagnosis> {
  let reports: ProviderReport[];
  try {
    reports = await providers();
  } catch (error) {
    // A machine where even the question fails is what a doctor is for.
    const detail = `the engine does not start: ${describeError(error, env)}`;
    reports = PROVIDERS.map((provider) => ({ provider, available: false, detail }));
  }
  const missing = MODEL_FILES.filter((file) => !existsSync(join(demoModel, file)));
  const folders = [checkFolder("temporary files", tmpdir()), checkFolder("settings of the app", dataFolder(env))];
  const [processor] = cpus();
  return {
    versions: { app: appVersion(), node: process.versions.node, onnxruntime: runtimeVersion() },
    machine: {
      system: `${systemName()} ${release()}`,
      architecture: process.arch,
      processor: processor?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      freeBytes: freemem(),
    },
    providers: reports,
    demoModel: {
      path: demoModel,
      found: missing.length === 0,
      detail:
        missing.length === 0
          ? "complete"
          : `${missing.join(", ")} missing; install Diorama again or choose a model with --model`,
    },
    folders,
    usable: reports.some(({ available }) => available) && folders.every(({ writable }) => writable),
  };
}

function runtimeVersion(): string {
  try {
    return (createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string }).version;
  } catch {
    return "not installed; run npm install";
  }
}

/** Whether a file can be made there. A folder that was not there is removed again. */
function checkFolder(purpose: string, path: string): Diagnosis["folders"][number] {
  let made: string | undefined;
  try {
    made = mkdirSync(path, { recursive: true });
    const trial = join(path, `.diorama-${randomUUID()}`);
    closeSync(openSync(trial, "wx"));
    rmSync(trial);
    return { purpose, path, writable: true, detail: "writable" };
  } catch (error) {
    return { purpose, path, writable: false, detail: `not writable: ${(error as Error).message}` };
  } finally {
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
  }
}

function describeDiagnosis({ versions, machine, providers, demoModel, folders, usable }: Diagnosis): string {
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const mark = (good: boolean) => (good ? "yes" : "no ");
  const lines = [
    `Diorama ${versions.app}, Node ${versions.node}, ONNX Runtime ${versions.onnxruntime}`,
    `${machine.system} on ${machine.architecture}: ${machine.processor}, ${machine.cores} cores, ` +
      `${gib(machine.memoryBytes)} memory, ${gib(machine.freeBytes)} free`,
    "",
    "Execution providers",
    ...providers.map(({ provider, available, detail }) => `  ${mark(available)} ${provider.padEnd(7)} ${hang(detail)}`),
    "",
    "Files",
    `  ${mark(demoModel.found)} demo model, ${demoModel.path}: ${demoModel.detail}`,
    ...folders.map(({ purpose, path, writable, detail }) => `  ${mark(writable)} ${purpose}, ${path}: ${detail}`),
    "",
    usable ? "Pictures can be drawn here." : "Nothing can be drawn here yet: see the lines that say no.",
  ];
  return `${lines.join("\n")}\n`;
}

/** Broken at words into lines of at most 80 characters, the later ones under the first. */
function hang(text: string): string {
  return text.replace(/(?=\S.{80})(.{1,80})\s/g, `$1\n${" ".repeat(14)}`);
}

if (import.meta.main) await runCommand(doctor);
