/** Other machines that draw for this one, as the window shows them: which there are, how they stand, pairing, and their checkpoints. */
import type { App } from "@api/bridge.ts";
import type { LoadRequest } from "@api/engine.ts";
import { type FoundMachine, isSameModel, type Machine, machinePath, machineTitle, type MachineModel, readMachinePath } from "@api/machines.ts"; // prettier-ignore
import { modelTitle } from "@scene/names.ts";
import { messageOf } from "@wire/errors.ts";
import type { Notices } from "./notices.svelte.ts";

export class MachinesState {
  list: readonly Machine[] = $state.raw([]);
  found: readonly FoundMachine[] = $state.raw([]);
  /** Why the last pairing failed. */
  problem: string | undefined = $state();
  isPairing = $state(false);
  /** Milliseconds since 1970, every second while a machine is tried again. */
  now = $state(Date.now());
  /** Called when a machine can be reached that could not be before. */
  onBack: ((id: string) => void) | undefined;

  readonly #app: App;
  readonly #notices: Notices;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(app: App, notices: Notices) {
    this.#app = app;
    this.#notices = notices;
    app.on("machines", ({ machines }) => this.#take(machines));
    app.on("foundMachines", ({ found }) => (this.found = found));
  }

  async read(): Promise<void> {
    this.#take(await this.#app.api.listMachines());
  }

  /** Looks on the local network while that is shown. */
  async look(on: boolean): Promise<void> {
    if (!on) this.found = [];
    await this.#notices.attempt(() => this.#app.api.lookForMachines({ on }));
  }

  /** True when it is paired; else `problem` says why not. */
  async pair(address: string, code: string): Promise<boolean> {
    this.problem = undefined;
    this.isPairing = true;
    try {
      const { name } = await this.#app.api.pairMachine({ address, code });
      await this.read();
      this.#notices.done(`${name} is paired. Choose it in “Runs on”.`);
      return true;
    } catch (error) {
      this.problem = messageOf(error);
      return false;
    } finally {
      this.isPairing = false;
    }
  }

  async retry(id: string): Promise<void> {
    await this.#notices.attempt(() => this.#app.api.retryMachine({ id }));
  }

  async forget(id: string): Promise<void> {
    await this.#notices.attempt(async () => {
      await this.#app.api.forgetMachine({ id });
      await this.read();
    });
  }

  /** The machine that has a checkpoint; undefined for this one, and for one that is not paired any more. */
  of(model: Pick<LoadRequest, "path">): Machine | undefined {
    const place = readMachinePath(model.path);
    return place && this.list.find(({ id }) => id === place.id);
  }

  /** What a checkpoint of another machine is called; undefined for one of this machine. */
  nameOf(model: Pick<LoadRequest, "path">): string | undefined {
    const place = readMachinePath(model.path);
    if (!place) return undefined;
    const known = this.of(model)?.info?.models.find(({ key }) => key === place.key);
    return modelTitle(known?.name ?? place.key.replace(/^(name|sha256)-/, "").slice(0, 40));
  }

  #take(machines: readonly Machine[]): void {
    const before = new Map(this.list.map(({ id, state, info }) => [id, state === "connected" && info !== null]));
    this.list = machines;
    for (const { id, state, info } of machines) {
      if (state === "connected" && info !== null && !before.get(id)) this.onBack?.(id);
    }
    const waits = machines.some(({ retryAt }) => retryAt !== null);
    this.now = Date.now();
    if (waits) this.#timer ??= setInterval(() => (this.now = Date.now()), 1_000);
    else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}

/** How a machine stands, in words. */
export function machineState({ state, retryAt, problem }: Machine, now: number): string {
  switch (state) {
    case "off":
      return "Not connected";
    case "connecting":
      return "Connecting…";
    case "connected":
      return "Connected";
    case "lost":
      return retryAt === null
        ? "Connection lost"
        : `Connection lost, tried again in ${Math.max(1, Math.ceil((retryAt - now) / 1_000))} s`;
    case "refused":
      return problem ?? "Refused";
  }
}

/** What the button that draws says of the chosen machine while it cannot be reached: what becomes of pictures, and what to do. */
export function awayWords(machine: Machine | undefined, now: number): string | undefined {
  if (!machine) {
    return "The machine that has this checkpoint is not paired any more. Pair it again, or choose another checkpoint.";
  }
  const { name, state, retryAt, problem } = machine;
  if (state === "refused") return problem ?? `${name} lets this machine in no more. Pair them again.`;
  if (state !== "lost") return undefined;
  const again = retryAt === null ? "" : `, and is tried again in ${Math.max(1, Math.ceil((retryAt - now) / 1_000))} s`;
  return `${name} is away${again}. What you ask for now is drawn when it is back. Is it on, and does its engine run? Else choose another place in “Runs on”.`;
}

/** The same checkpoint on a machine, else the first that it has; undefined where it has said nothing yet. */
export function requestOn(
  { id, info }: Machine,
  wanted: Pick<MachineModel, "name" | "sha256">,
): LoadRequest | undefined {
  const model = info?.models.find((one) => isSameModel(one, wanted)) ?? info?.models[0];
  if (!info || !model) return undefined;
  return { path: machinePath(id, model.key), provider: info.provider, memory: "auto" };
}

/** Machines as places to draw on. */
export function machineItems(machines: readonly Machine[], now: number) {
  return machines.map((machine) => ({
    value: machinePlace(machine.id),
    label: machineTitle(machine),
    hint: machineState(machine, now),
    disabled: machine.info === null,
    group: "Other machines",
  }));
}

export const machinePlace = (id: string) => `machine:${id}`;
