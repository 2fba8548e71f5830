/** `npm run models`: what models are at home, what any file of weights is, and how to get one. Asks the same process as the window does. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError, isAppError } from "../wire/errors.ts";
import {
  type Download,
  FAMILY_LABELS,
  HUB_ADDRESS,
  KIND_NAMES,
  MODEL_KINDS,
  type HomeModel,
  type ModelFacts,
} from "../api/models.ts";
import { suggestion } from "../scene/nearest.ts";
import { openModels, type ModelsAtHome } from "../models/host.ts";
import { describeOptions, readArguments, usageProblem, type Option } from "./arguments.ts";
import { dataFolder } from "./dataFolder.ts";
import { describeError, EXIT, runCommand, type ExitCode, type Terminal } from "./terminal.ts";

const OPTIONS = {
  kind: { value: "KIND", about: `Of list: only ${MODEL_KINDS.join(", ")}.` },
  choice: {
    value: "NAME",
    about: "Of get: which of the repository's ways; without it they are listed where there are several.",
  },
  json: { about: "The same as JSON." },
  help: { about: "This text." },
} as const satisfies Record<string, Option>;

const HELP = `The models on this machine.

Usage: npm run models -- list [--kind KIND]     what is in the folders
       npm run models -- add FOLDER             look into this folder from now on
       npm run models -- get OWNER/NAME         download a model of the Hugging Face hub into its usual cache
       npm run models -- inspect FILE...        what a file or folder is, and why it opens or does not

${describeOptions(OPTIONS)}

Folders of ComfyUI, the Stable Diffusion web UI, InvokeAI and the Hugging Face cache are found by themselves in the usual places.
Nothing in a folder is ever changed. get takes only .safetensors, JSON and text files, checks each by its hash, and goes on where it
stopped when it is called again. HF_HOME and HF_HUB_CACHE say where the cache is, HF_ENDPOINT names a mirror, HF_TOKEN an account's token.

Exit codes: 0 done (inspect: all of them open), 1 it failed, 2 the command is wrong, 3 a file does not open,
130 interrupted: what came is kept.
`;

const COMMANDS = ["list", "add", "get", "inspect"] as const;
type Command = (typeof COMMANDS)[number];
interface Asked {
  words: string[];
  kind: string | undefined;
  choice: string | undefined;
  isJson: boolean;
}

/** Runs the command line `argv` and returns the exit code. Never throws. */
export async function models(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let home: ModelsAtHome | undefined;
  try {
    const { given, words } = readArguments("models", argv, OPTIONS);
    const [command, ...rest] = words;
    if (given.help || command === undefined) {
      terminal.stdout.write(HELP);
      return given.help ? EXIT.ok : EXIT.usage;
    }
    const run = readCommand(command);
    if (given.kind !== undefined && !(MODEL_KINDS as readonly string[]).includes(given.kind)) {
      throw usageProblem("models", `--kind: expected one of ${MODEL_KINDS.join(", ")}, got "${given.kind}"`);
    }
    const isDebug = terminal.env["DIORAMA_DEBUG"] === "1";
    home = openModels({
      dataFolder: dataFolder(terminal.env),
      lasting: false,
      env: terminal.env,
      onLine: (line) => (isDebug ? void terminal.stderr.write(`${line}\n`) : undefined),
    });
    home.on("log", ({ message }) => terminal.stderr.write(`${message}\n`));
    return await RUN[run](
      home,
      { words: rest, kind: given.kind, choice: given.choice, isJson: given.json ?? false },
      terminal,
    );
  } catch (error) {
    terminal.stderr.write(`${describeError(error, terminal.env)}\n`);
    return isAppError(error, "bad-request") ? EXIT.usage : EXIT.failed;
  } finally {
    await home?.stop();
  }
}

function readCommand(word: string): Command {
  const found = COMMANDS.find((command) => command === word);
  if (found) return found;
  throw usageProblem("models", `there is no command "${word}"${suggestion(word, COMMANDS)}`);
}

const RUN: Record<Command, (home: ModelsAtHome, asked: Asked, terminal: Terminal) => Promise<ExitCode>> = {
  list: async ({ api }, { words, kind, isJson }, { stdout, stderr }) => {
    if (words.length > 0) throw usageProblem("models", `list takes no words, got ${words.join(" ")}`);
    const { folders, models: all } = await api.look();
    const found = all.filter((model) => (kind === undefined ? model.opens : model.kind === kind));
    if (isJson) {
      stdout.write(`${JSON.stringify({ folders, models: found }, null, 2)}\n`);
      return EXIT.ok;
    }
    for (const { path, program, problems, models: count } of folders) {
      stderr.write(`${path}${program === null ? "" : ` (${program})`}: ${count} files\n`);
      for (const problem of problems) stderr.write(`  ${problem}\n`);
    }
    if (folders.length === 0) stderr.write("No folder is known. Add one: npm run models -- add FOLDER\n");
    stdout.write(found.map((model) => `${describeModel(model)}\n`).join(""));
    return EXIT.ok;
  },
  add: async ({ api }, { words, isJson }, { cwd, stdout }) => {
    if (words.length !== 1) throw usageProblem("models", "add takes one folder");
    const path = resolve(cwd, words[0]!);
    if ((await stat(path).catch(() => undefined))?.isFile()) {
      throw new AppError(
        "bad-request",
        `${path} is a file. Add the folder that it is in, or give it to render as --model.`,
        { method: "add" },
      );
    }
    const folder = await api.addFolder({ path });
    stdout.write(
      isJson
        ? `${JSON.stringify(folder, null, 2)}\n`
        : `${folder.path}: ${folder.models} files. It is looked into from now on.\n`,
    );
    return EXIT.ok;
  },
  get: getModel,
  inspect: async ({ api }, { words, isJson }, { cwd, stdout }) => {
    if (words.length === 0) throw usageProblem("models", "inspect needs a file or folder");
    let code: ExitCode = EXIT.ok;
    for (const word of words) {
      const facts = await api.inspect({ path: resolve(cwd, word) });
      stdout.write(isJson ? `${JSON.stringify(facts, null, 2)}\n` : describeFacts(facts));
      if (!facts.opens) code = EXIT.checkpoint;
    }
    return code;
  },
};

/** Downloads a repository's only choice, its first where that is a whole checkpoint, or the one that was named. */
async function getModel(
  home: ModelsAtHome,
  { words, choice: wanted, isJson }: Asked,
  terminal: Terminal,
): Promise<ExitCode> {
  const { env, stdout, stderr } = terminal;
  if (words.length !== 1) throw usageProblem("models", "get takes one OWNER/NAME");
  const url = (env["HF_ENDPOINT"] ?? HUB_ADDRESS).replace(/\/+$/, "");
  await home.api.setHub({ url, token: env["HF_TOKEN"] ?? null });
  const { repo, commit, choices, licence, link, notes } = await home.api.describeRepository({ repo: words[0]! });
  for (const note of notes) stderr.write(`${note}\n`);
  const choice = choices.find(({ id }) => id === (wanted ?? (choices.length === 1 ? choices[0]!.id : "folder")));
  if (!choice) {
    const list = choices
      .map(({ id, title, bytes }) => `  --choice ${JSON.stringify(id)}  ${title}, ${sizeOf(bytes)}`)
      .join("\n");
    if (choices.length === 0) return EXIT.failed;
    throw usageProblem("models", `${repo} has several files. Choose one:\n${list}`);
  }
  stderr.write(`${repo}, ${choice.title}: ${sizeOf(choice.bytes)}, licence ${licence ?? "not stated"}, ${link}\n`);
  const { id } = await home.api.download({ repo, commit, choice: choice.id, title: repo });
  const interrupted = new AbortController();
  const stopListening = terminal.onInterrupt(() => {
    interrupted.abort();
    home.api.pauseDownload({ id }).catch(() => undefined); // the call below tells how it ended
  });
  const stopTelling = home.on("downloads", ({ downloads }) => {
    const now = downloads.find((each) => each.id === id);
    if (now) stderr.write(stderr.isTTY ? `\r${describeProgress(now)}\u001b[K` : "");
  });
  const ended = await home.api.downloadEnded({ id }).finally(() => {
    stopListening();
    stopTelling();
  });
  if (stderr.isTTY) stderr.write("\n");
  if (interrupted.signal.aborted) {
    stderr.write(`Interrupted. What has come is kept: the same command goes on with it.\n`);
    return EXIT.interrupted;
  }
  if (ended.state !== "done") {
    stderr.write(`${ended.message ?? "It did not end."}\n`);
    return EXIT.failed;
  }
  stdout.write(isJson ? `${JSON.stringify(ended, null, 2)}\n` : `${ended.path!}\n`);
  return EXIT.ok;
}

function describeProgress({ done, total, speed, secondsLeft, message }: Download): string {
  if (message !== null) return message;
  const pace = speed === null ? "" : `, ${sizeOf(speed)}/s`;
  const left = secondsLeft === null ? "" : `, ${Math.floor(secondsLeft / 60)} min ${secondsLeft % 60} s left`;
  return `${sizeOf(done)} of ${sizeOf(total)}${pace}${left}`;
}

function describeModel({ name, kind, family, bytes, favourite, opens, path }: HomeModel): string {
  const what = [KIND_NAMES[kind], family === null ? "" : FAMILY_LABELS[family]].filter((word) => word !== "").join(" ");
  return `${favourite ? "*" : " "} ${what.padEnd(20)} ${sizeOf(bytes).padStart(9)}  ${name}${opens ? "" : " (does not open: see inspect)"}  ${path}`;
}

function describeFacts(facts: ModelFacts): string {
  const { path, kind, family, opens, why, bytes, parameters, precision, metadata, thumbnail } = facts;
  const lines = [
    path,
    `  ${KIND_NAMES[kind]}${family === null ? "" : `, ${FAMILY_LABELS[family]}`}: ${opens ? "opens" : "does not open"}`,
    `  ${why}`,
    `  ${sizeOf(bytes)}, ${(parameters / 1e6).toFixed(1)} million numbers${precision.length > 0 ? `, ${precision.join(", ")}` : ""}`,
    ...(thumbnail ? ["  A picture is in its metadata."] : []),
    ...metadata.map(({ key, value }) => `  ${key}: ${value.length > 200 ? `${value.slice(0, 200)}…` : value}`),
  ];
  return `${lines.join("\n")}\n`;
}

export function sizeOf(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}

if (import.meta.main) await runCommand(models);
