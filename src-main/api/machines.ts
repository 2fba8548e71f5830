/**
 * Other machines that draw for this one: what a window sees of them and asks of them. A checkpoint there is named by a path of its
 * own form, `machine:ID/KEY`, wherever a checkpoint here is named by its file's.
 */
import * as v from "valibot";
import type { ModelFamily } from "./models.ts";
import type { LoadRequest } from "./engine.ts";
import { readPoolPath } from "./poolCalls.ts";
import type { ProviderName } from "../scene/scene.ts";
import type { Schemas } from "../wire/rpc.ts";

/** A checkpoint of another machine. `key` is by its content where that is known there, else by its name. */
export interface MachineModel {
  key: string;
  name: string;
  sha256: string | null;
  family: ModelFamily | null;
}

/** What a machine says of itself. */
export interface MachineInfo {
  name: string;
  app: string;
  /** What it draws with, in words: `NVIDIA GeForce RTX 4090`. */
  device: string;
  provider: ProviderName;
  models: MachineModel[];
}

/**
 * `off`: nothing was tried yet. `lost`: there was a connection, or none could be made; it is tried again. `refused`: it would be of no use to
 * try again, for `problem`.
 */
export type MachineState = "off" | "connecting" | "connected" | "lost" | "refused";

export interface Machine {
  /** The beginning of its certificate's fingerprint. */
  id: string;
  name: string;
  /** Host and port. */
  address: string;
  state: MachineState;
  /** When it is tried again, in milliseconds since 1970. */
  retryAt: number | null;
  /** What is wrong and what to do, for a person. */
  problem: string | null;
  /** As it said last; null before it has said anything. */
  info: MachineInfo | null;
}

/** A machine that says on the local network that it can be paired with. Anybody can say so: pairing finds out. */
export interface FoundMachine {
  name: string;
  address: string;
  /** Paired already. */
  id: string | null;
}

export interface MachineCalls {
  /** Those that were paired; the first call begins to connect to them. */
  listMachines(): Promise<Machine[]>;
  /** Begins or ends looking on the local network; what is found comes as `foundMachines`. */
  lookForMachines(request: { on: boolean }): Promise<void>;
  /** Pairs with the machine at an address by the code that it shows. */
  pairMachine(request: { address: string; code: string }): Promise<Machine>;
  /** Tries again at once. */
  retryMachine(request: { id: string }): Promise<void>;
  /** What it draws for this machine ends. */
  forgetMachine(request: { id: string }): Promise<void>;
}

/** Host and port as people type them. */
export const LONGEST_ADDRESS = 300;
const byId = v.strictObject({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)) });
const nothing = v.undefined("expected no argument");

export const machineSchemas = {
  listMachines: nothing,
  lookForMachines: v.strictObject({ on: v.boolean() }),
  pairMachine: v.strictObject({
    address: v.pipe(v.string(), v.maxLength(LONGEST_ADDRESS)),
    code: v.pipe(v.string(), v.maxLength(40)),
  }),
  retryMachine: byId,
  forgetMachine: byId,
} satisfies Schemas<MachineCalls>;

const PREFIX = "machine:";
/** As keys are made: `demo`, `sha256-…` or `name-…`. */
export const MODEL_KEY = /^(demo|sha256-[0-9a-f]{64}|name-[^\0\p{Cc}]{1,255})$/u;

export function machinePath(id: string, key: string): string {
  return `${PREFIX}${id}/${key}`;
}

/** The machine and key of such a path; undefined where it is the path of a file. */
export function readMachinePath(path: string): { id: string; key: string } | undefined {
  const found = /^machine:([0-9a-f]{16})\/(.+)$/su.exec(path);
  return found && MODEL_KEY.test(found[2]!) ? { id: found[1]!, key: found[2]! } : undefined;
}

/** Where a checkpoint is drawn with: a machine's id, a pool, or nothing for this machine. */
export function placeOfModel(model: Pick<LoadRequest, "path"> | undefined): string {
  if (!model) return "";
  const pool = readPoolPath(model.path);
  return pool ? `pool:${pool.id}` : (readMachinePath(model.path)?.id ?? "");
}

/** What people call a checkpoint of another machine, by its path alone. */
export function nameOfKey(key: string): string {
  if (key.startsWith("name-")) return key.slice("name-".length);
  return key === "demo" ? key : `${key.slice("sha256-".length, "sha256-".length + 8)}…`;
}

/** Whether two machines have the same checkpoint: by content, and by name where one of them does not know it. */
export function isSameModel(
  a: Pick<MachineModel, "name" | "sha256">,
  b: Pick<MachineModel, "name" | "sha256">,
): boolean {
  return a.sha256 !== null && b.sha256 !== null ? a.sha256 === b.sha256 : a.name === b.name;
}

/** `Workstation: RTX 4090, 3 models`. */
export function machineTitle({ name, info }: Pick<Machine, "name" | "info">): string {
  if (!info) return name;
  const count = info.models.length;
  return `${name}: ${info.device}, ${count === 1 ? "1 model" : `${count} models`}`;
}
