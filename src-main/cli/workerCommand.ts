/**
 * What `npm run worker` and the packaged program with `--worker` do: this machine draws for a pool, a queue on Redis or Valkey. It takes
 * pictures from there and listens to nobody, so that it may stand behind any firewall. Ctrl-C leaves the picture in work, with its state,
 * to another worker.
 */
import { hostname } from "node:os";
import { join } from "node:path";
import { PROVIDERS, type ProviderName, type Scene } from "../scene/scene.ts";
import { suggestion } from "../scene/nearest.ts";
import { HUB_ADDRESS } from "../api/models.ts";
import type { LoadRequest } from "../api/engine.ts";
import type { Engine } from "../engine/host.ts";
import { usableProvider } from "../api/usableProvider.ts";
import type { ModelsAtHome } from "../models/host.ts";
import { shownAddress } from "../pool/address.ts";
import { choiceFor, type KnownCheckpoint, knownCheckpoint } from "../pool/checkpoints.ts";
import { type Access, checkPool, openConnection } from "../pool/connection.ts";
import type { Drawer } from "../pool/drawing.ts";
import { engineDrawer } from "../pool/engineDrawer.ts";
import { HashMemory } from "../pool/hashMemory.ts";
import { PoolWorker } from "../pool/worker.ts";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";
import { describeOptions, readArguments, usageProblem, type Option } from "./arguments.ts";
import { withLoraFiles } from "./loras.ts";
import { modelNamed } from "./modelNamed.ts";
import { queueAccess } from "./queueAddress.ts";
import { describeError, EXIT, type ExitCode, type Terminal } from "./terminal.ts";

const MEMORY = ["auto", "fast", "low"] as const;

const OPTIONS = {
  queue: {
    value: "ADDRESS",
    about:
      "redis://user:password@host:6379, or rediss:// with TLS; by default what DIORAMA_QUEUE says, which no list of processes shows.",
  },
  "queue-ca": {
    value: "FILE.pem",
    about: "The certificate that signed the server's, where this system does not know it.",
  },
  name: { value: "NAME", about: "What others call this worker; by default the computer's name." },
  model: {
    value: "MODEL",
    many: true,
    about:
      "A checkpoint to draw with: file, diffusers folder, or name; once for each. By default all in your folders, and the demo.",
  },
  "get-models": {
    about:
      "Gets checkpoints that are asked for and not here from the Hugging Face hub, where whoever asks got them there.",
  },
  provider: { value: "NAME", about: `auto (a GPU that works, else cpu), ${PROVIDERS.join(", ")}; auto by default.` },
  device: { value: "N", about: "Which of several GPUs, from 0. Start a worker for each." },
  memory: { value: "MODE", about: "auto, fast, low (slower, the weights stay in the file); auto by default." },
  help: { about: "This text." },
  version: { about: "The version." },
} as const satisfies Record<string, Option>;

const HELP = `Draws for a pool: takes pictures from a queue on Redis or Valkey until it is stopped.

Usage: npm run worker -- --queue redis://user:password@host [options]
       diorama --worker --queue redis://user:password@host [options]

${describeOptions(OPTIONS)}

Exit codes: 0 stopped, 1 failed, 2 the options are wrong, 3 a checkpoint cannot be opened, 4 the execution provider cannot
be used here. Ctrl-C leaves the picture in work to another worker, which goes on where it stopped. See docs/pool.md.
`;

interface Options {
  access: Access;
  name: string;
  models: string[];
  mayGet: boolean;
  provider: ProviderName | "auto";
  deviceId: number | undefined;
  memory: LoadRequest["memory"];
}

/** What a worker is made of: each program starts its processes in its own way. */
export interface WorkerParts {
  dataFolder: string;
  /** Version of the program. */
  app: string;
  demoFolder: string;
  startEngine: (onLine: (line: string) => void) => Promise<Engine>;
  openModels: (onLine: (line: string) => void) => ModelsAtHome;
}

/** Runs the command line `argv` and returns the exit code. Never throws. */
export async function worker(argv: readonly string[], terminal: Terminal, parts: WorkerParts): Promise<ExitCode> {
  const { stdout, stderr } = terminal;
  try {
    const options = readOptions(argv, terminal);
    if (options === "help") stdout.write(HELP);
    if (options === "version") stdout.write(`${parts.app}\n`);
    if (options === "help" || options === "version") return EXIT.ok;
    await work(options, terminal, parts);
    return EXIT.ok;
  } catch (error) {
    stderr.write(`${describeError(error, terminal.env)}\n`);
    if (isAppError(error, "bad-request")) return EXIT.usage;
    if (isAppError(error, "provider-unavailable")) return EXIT.provider;
    if (isAppError(error, "checkpoint-invalid") || isAppError(error, "file-unreadable")) return EXIT.checkpoint;
    return EXIT.failed;
  }
}

function readOptions(argv: readonly string[], { env, cwd }: Terminal): Options | "help" | "version" {
  const { given, words } = readArguments("worker", argv, OPTIONS);
  if (given.help) return "help";
  if (given.version) return "version";
  if (words.length > 0) throw usageProblem("worker", `it takes no words, got ${words.join(" ")}`);
  const provider = (["auto", ...PROVIDERS] as const).find((name) => name === (given.provider ?? "auto"));
  if (!provider) {
    throw usageProblem(
      "worker",
      `--provider: there is no "${given.provider!}"${suggestion(given.provider!, PROVIDERS)}`,
    );
  }
  const memory = MEMORY.find((mode) => mode === (given.memory ?? "auto"));
  if (!memory) throw usageProblem("worker", `--memory: expected one of ${MEMORY.join(", ")}, got "${given.memory!}"`);
  if (given.device !== undefined && !/^\d{1,2}$/.test(given.device)) {
    throw usageProblem("worker", `--device: expected a whole number from 0, got "${given.device}"`);
  }
  return {
    access: queueAccess("worker", { queue: given.queue, ca: given["queue-ca"] }, { env, cwd }),
    name: (given.name ?? hostname()).slice(0, 100) || "worker",
    models: given.model ?? [],
    mayGet: given["get-models"] ?? false,
    provider,
    deviceId: given.device === undefined ? undefined : Number(given.device),
    memory,
  };
}

async function work(options: Options, terminal: Terminal, parts: WorkerParts): Promise<void> {
  const { access, name } = options;
  const { stdout, stderr, env } = terminal;
  const say = (line: string) => void stdout.write(`${line}\n`);
  const interrupted = Promise.withResolvers<undefined>();
  let interrupts = 0;
  const stopListening = terminal.onInterrupt(() => {
    if (++interrupts > 1) terminal.exitNow(EXIT.interrupted);
    say("Stopping after this step; what is drawn is left to another worker. Ctrl-C again stops at once.");
    interrupted.resolve(undefined);
  });
  const { server, notes } = await checkPool(access);
  for (const note of notes) stderr.write(`${note}\n`);
  const isDebug = env["DIORAMA_DEBUG"] === "1";
  const onLine = (line: string) => (isDebug ? void stderr.write(`${line}\n`) : undefined);
  const engine = await parts.startEngine(onLine);
  const home = parts.openModels(onLine);
  const redis = openConnection(access, (problem) => void stderr.write(`${problem}\n`));
  try {
    const provider = options.provider === "auto" ? await usableProvider(engine.api) : options.provider;
    const checkpoints = new Checkpoints(home, terminal, parts);
    await checkpoints.begin(options.models);
    const { memory, deviceId } = options;
    const drawer = engineDrawer({
      ...{ engine, device: deviceId === undefined ? provider : `${provider} ${deviceId}` },
      checkpoints: () => checkpoints.known,
      how: { provider, memory, ...(deviceId === undefined ? {} : { deviceId }) },
      resolve: (scene, checkpoint) => withFiles(scene, checkpoint, home, { cwd: terminal.cwd, ...parts }),
      ...(options.mayGet ? { fetch: (model, note) => checkpoints.fetch(model, note) } : {}),
    });
    const pool = new PoolWorker({ redis, name, app: parts.app, drawer, say });
    await pool.start();
    say(`${name} draws for ${shownAddress(access.address)} (${server}) on ${provider}. Ctrl-C stops it.`);
    void checkpoints.readOthers(options.models, say);
    await interrupted.promise;
    await pool.stop();
  } finally {
    stopListening();
    await Promise.all([engine.stop(), home.stop()]);
    redis.disconnect();
  }
}

/** The checkpoints of this machine, each read wholly once, so that it is known by what is in it. */
class Checkpoints {
  readonly known: KnownCheckpoint[] = [];
  readonly #home: ModelsAtHome;
  readonly #terminal: Terminal;
  readonly #demoFolder: string;
  readonly #hashes: HashMemory;

  constructor(home: ModelsAtHome, terminal: Terminal, { dataFolder, demoFolder }: WorkerParts) {
    this.#home = home;
    this.#terminal = terminal;
    this.#demoFolder = demoFolder;
    this.#hashes = new HashMemory(join(dataFolder, "pool-hashes.json"));
  }

  /** Those that were named, or the demo: what there must be before the first job. */
  async begin(words: readonly string[]): Promise<void> {
    const { cwd } = this.#terminal;
    const findAtHome = (name: string) => this.#home.api.find({ kind: "checkpoint", name });
    for (const word of words) await this.#add(await modelNamed(word, { cwd, findAtHome }));
    if (words.length === 0) await this.#add(this.#demoFolder);
  }

  /** All that are in the folders, one after the other, where none was named. */
  async readOthers(words: readonly string[], say: (line: string) => void): Promise<void> {
    if (words.length > 0) return;
    try {
      const { models } = await this.#home.api.look();
      for (const { path, kind, opens, name } of models) {
        if (kind !== "checkpoint" || !opens) continue;
        await this.#add(path).catch((error: unknown) => say(`${name} is left out: ${messageOf(error)}`));
      }
    } catch (error) {
      say(`The folders of models could not be looked into: ${messageOf(error)}`);
    }
  }

  /** Gets a checkpoint from the hub, and looks whether it is the one that is meant. */
  readonly fetch: NonNullable<Drawer["fetch"]> = async ({ hash, name, repo }, note) => {
    if (repo === undefined) throw missing(name, "and nobody said where the hub has it");
    const { env } = this.#terminal;
    const { api } = this.#home;
    const url = (env["HF_ENDPOINT"] ?? HUB_ADDRESS).replace(/\/+$/, "");
    await api.setHub({ url, token: env["HF_TOKEN"] ?? null });
    note(`Gets ${repo} from the hub.`);
    const { commit, choices } = await api.describeRepository({ repo });
    const choice = choiceFor(name, choices);
    if (!choice) throw missing(name, `and ${repo} has nothing that could be opened`);
    const { id } = await api.download({ repo, commit, choice: choice.id, title: repo });
    const { state, path, message } = await api.downloadEnded({ id });
    if (state !== "done" || path === null) throw missing(name, `and ${repo} could not be got: ${message ?? state}`);
    const got = await knownCheckpoint(path, this.#hashes);
    // Anybody may have named a repository: what was not meant is not offered to the pool.
    if (got.hash !== hash) throw missing(name, `and ${repo} on the hub is another version of it, got into ${path}`);
    this.#keep(got);
  };

  async #add(path: string): Promise<KnownCheckpoint> {
    const checkpoint = await knownCheckpoint(path, this.#hashes);
    this.#keep(checkpoint);
    return checkpoint;
  }

  #keep(checkpoint: KnownCheckpoint): void {
    if (!this.known.some(({ hash }) => hash === checkpoint.hash)) this.known.push(checkpoint);
  }
}

function missing(name: string, why: string): AppError {
  return new AppError("not-found", `${name} is not on this worker, ${why}.`, { what: "checkpoint", id: name });
}

/** The files that a scene names, found by their names in this machine's folders. */
async function withFiles(
  scene: Scene,
  checkpoint: string,
  { api }: ModelsAtHome,
  { cwd, dataFolder }: Pick<Terminal & WorkerParts, "cwd" | "dataFolder">,
): Promise<Scene> {
  const { embeddings = [] } = scene.settings;
  const findAtHome = (name: string) => api.find({ kind: "lora", name });
  const withLoras = await withLoraFiles(scene, [], { cwd, sceneFolder: join(dataFolder, "loras"), findAtHome });
  if (embeddings.length === 0) return withLoras;
  const names = embeddings.map(({ name }) => name);
  const found = await api.embeddingsIn({ texts: [], names, checkpoint });
  const placed = embeddings.map((one) => {
    const path = found.find(({ name }) => name.toLowerCase() === one.name.toLowerCase())?.path;
    if (path === undefined) throw missing(`The embedding ${one.name}`, "in none of its folders of models");
    return { ...one, path };
  });
  return { ...withLoras, settings: { ...withLoras.settings, embeddings: placed } };
}
