/** Two machines in one process, for tests: an engine that listens on loopback, and the service that draws on it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { LoadRequest } from "../../src-main/api/engine.ts";
import { machinePath, type Machine } from "../../src-main/api/machines.ts";
import type { HomeModel } from "../../src-main/api/models.ts";
import { type Engine, startEngine } from "../../src-main/engine/host.ts";
import type { MachinesApi, MachinesEvents } from "../../src-main/remote/api.ts";
import { Hosting } from "../../src-main/remote/hosting.ts";
import { identityIn } from "../../src-main/remote/identity.ts";
import type { Limits } from "../../src-main/remote/limits.ts";
import { PairedMachines } from "../../src-main/remote/pairedMachines.ts";
import { EngineServer } from "../../src-main/remote/server.ts";
import { runService } from "../../src-main/remote/service.ts";
import { connect } from "../../src-main/wire/rpc.ts";
import { fakeScene } from "../support/fakePipeline.ts";
import { memoryPorts } from "../support/memoryPorts.ts";

/** Patience of tests. */
export const QUICK: Partial<Limits> = { greeting: 10_000, silence: 10_000, absence: 60_000 };

export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "diorama-machines-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
  return folder;
}

const own = { thumbnail: false, modified: 0, folder: "", picture: null, favourite: false, notes: "", read: true };
export const CATS: HomeModel = {
  ...{
    ...own,
    id: 1,
    path: "cats",
    name: "cats",
    kind: "checkpoint",
    family: "sd1",
    form: "file",
    bytes: 1,
    parameters: 1,
  },
  ...{ precision: ["F16"], size: null, opens: true, why: "", sha256: "c".repeat(64) },
};
/** Its content is not known yet. */
export const DOGS: HomeModel = { ...CATS, id: 2, path: "dogs", name: "dogs", sha256: null };

/** An engine process around the fake pipeline; each test file has one. */
export function fakeEngine(): Promise<Engine> {
  const entry = fileURLToPath(new URL("../support/fakeEngine.ts", import.meta.url));
  return startEngine({ entry, onLine: () => undefined, demoModel: "/resources/demo" });
}

export interface HostOptions {
  engine: Engine;
  folder?: string;
  limits?: Partial<Limits>;
  port?: number;
  models?: readonly HomeModel[];
}

export async function startHost({ engine, folder, limits, port = 0, models = [CATS, DOGS] }: HostOptions) {
  const at = folder ?? (await tempFolder());
  const identity = await identityIn(at);
  const paired = new PairedMachines(join(at, "paired.json"));
  const said: string[] = [];
  const list = { folders: [], models: [...models], busy: null };
  const hosting = new Hosting({
    engine: {
      with: (...call) => engine.with(...call),
      load: (...call) => engine.load(...call),
      cancel: (target) => engine.cancel(target),
      summaryOf: (model) => engine.summaryOf(model),
      // Whether graphics cards work is not asked: that takes seconds.
      api: {
        ...engine.api,
        providers: () => Promise.resolve([{ provider: "cpu", available: true, detail: "" } as const]),
      },
    },
    models: {
      api: {
        list: () => Promise.resolve(list),
        look: () => Promise.resolve(list),
        find: () => Promise.resolve({ path: null, closest: [] }),
        embeddingsIn: () => Promise.resolve([]),
      } as unknown as ConstructorParameters<typeof Hosting>[0]["models"]["api"],
      on: () => () => undefined,
    },
    name: "Workstation",
    app: "1.2.3",
  });
  const server = new EngineServer({
    ...{ identity, paired, hosting, name: "Workstation", app: "1.2.3", say: (line) => said.push(line) },
    address: { host: "127.0.0.1", port },
    limits: { ...QUICK, ...limits },
  });
  const listening = await server.listen();
  let isOpen = true;
  const close = async () => {
    if (isOpen) await server.close();
    isOpen = false;
  };
  onTestFinished(close);
  return {
    server,
    identity,
    paired,
    said,
    folder: at,
    close,
    port: listening.port,
    address: `127.0.0.1:${listening.port}`,
  };
}

/** A window's machine, as main sees its service. */
export async function startGuest({
  folder,
  limits,
  retries = [50],
}: { folder?: string; limits?: Partial<Limits>; retries?: number[] } = {}) {
  const at = folder ?? (await tempFolder());
  const { near, far, close } = memoryPorts();
  const ended = new Promise<void>((resolve) => {
    runService(far, { folder: at, app: "1.2.3", limits: { ...QUICK, ...limits }, retries }, resolve);
  });
  const { api, on } = connect<MachinesApi, MachinesEvents>(near);
  let machines: Machine[] = [];
  const waiting = new Set<() => void>();
  on("machines", (event) => {
    machines = event.machines;
    for (const look of waiting) look();
  });
  const leave = async () => {
    close();
    await ended;
  };
  onTestFinished(leave);
  /** Resolves when the first machine is in this state. */
  const until = (state: Machine["state"]) =>
    new Promise<Machine>((resolve) => {
      const look = () => {
        const [first] = machines;
        if (first?.state !== state || (state === "connected" && !first.info)) return;
        waiting.delete(look);
        resolve(first);
      };
      waiting.add(look);
      look();
    });
  return { api, on, until, leave, folder: at, machines: () => machines };
}

/** A guest that is paired with a host, and connected. */
export async function pairedGuest(
  host: { server: EngineServer; address: string },
  options: Parameters<typeof startGuest>[0] & { address?: string } = {},
) {
  const guest = await startGuest(options);
  const { code } = host.server.beginPairing();
  const { id } = await guest.api.pairMachine({ address: options.address ?? host.address, code });
  await guest.until("connected");
  const cats: LoadRequest = { path: machinePath(id, `sha256-${CATS.sha256!}`), provider: "cpu", memory: "auto" };
  const dogs: LoadRequest = { ...cats, path: machinePath(id, "name-dogs") };
  return { ...guest, id, cats, dogs };
}

export function drawRequest(jobId: string, seed = "1", { prompt = "a cat", steps = 4, previewEvery = 0 } = {}) {
  return { jobId, scene: fakeScene(prompt, steps), seeds: [seed], previewEvery, attention: false };
}
