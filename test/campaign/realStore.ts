/** The store in a process of its own, as the program has it, and what of a project must be there after it was killed. */
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../../src-main/wire/rpc.ts";
import type { StoreApi } from "../../src-main/api/store.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { startStore, type Store } from "../../src-main/store/host.ts";
import { Fault, type Clock } from "./part.ts";
import { noise, randomOf } from "./random.ts";

/** What was announced as kept, and so must be there whatever happens. */
export interface Announced {
  /** Drafts carry a number in their prompt; a later one may be there that was sent and not answered. */
  draft: number;
  seeds: Set<string>;
  versions: Set<string>;
  /** Steps of the states that scouted pictures are finished from, by their seeds. */
  scouted: Map<string, number>;
  /** The picture in work, and the step of its state; a later one may be there. */
  inWork: { runId: number; step: number } | undefined;
  /** Runs by the grid that they draw cells of. */
  grids: Map<number, number[]>;
}

export const nothingYet = (): Announced => ({
  ...{ draft: 0, seeds: new Set(), versions: new Set() },
  ...{ scouted: new Map(), inWork: undefined, grids: new Map() },
});

/** About what a state takes at 512 x 512. */
const STATE = 70_000;
/** The state of a picture after a step, as far as the store knows: bytes that tell which step they are of. */
export function stateOf(step: number): Uint8Array<ArrayBuffer> {
  const bytes = noise(randomOf(step, "state", 0), STATE);
  new DataView(bytes.buffer).setUint32(0, step);
  return bytes;
}

export const IN_WORK = { seed: "0", alternative: null, resultId: null } as const;

export function realStore(dataFolder: string): Store & { lines: string[] } {
  const lines: string[] = [];
  return Object.assign(startStore({ dataFolder, onLine: (line) => void lines.push(line) }), { lines });
}

/** Kills the process at a moment, and waits until its end is known. */
export async function killAfter(store: Store, milliseconds: number): Promise<void> {
  await pause(milliseconds);
  const { pid } = store;
  if (pid === undefined) return;
  process.kill(pid, "SIGKILL");
  while (store.pid === pid) await pause(2);
}

export const numbered = (prompt: string): number => Number(/\d+$/.exec(prompt)?.[0] ?? 0);

/** Fails where something is missing or not whole. */
export async function checkAnnounced(api: Client<StoreApi>, announced: Announced, clock: Clock): Promise<void> {
  const { draft } = await clock.time("readDraft", () => api.readDraft());
  if (numbered(draft.scene.prompt) < announced.draft)
    throw new Fault(`draft ${announced.draft} was announced as saved; "${draft.scene.prompt}" is there`, { lost: 1 });
  const seeds = new Map<string, number>();
  for (let offset = 0; ; offset += 500) {
    const { results } = await clock.time("listResults", () => api.listResults({ order: "oldest", offset, limit: 500 }));
    for (const { seed, id } of results) seeds.set(seed, id);
    if (results.length < 500) break;
  }
  const missing = [...announced.seeds].filter((seed) => !seeds.has(seed));
  if (missing.length > 0)
    throw new Fault(
      `${missing.length} of ${announced.seeds.size} pictures that were announced as kept are gone: seeds ${missing.slice(0, 10).join()}`,
      { lost: missing.length },
    );
  for (const seed of announced.seeds) {
    const png = await clock.time("readPicture", () => api.readPicture({ id: seeds.get(seed)!, size: "full" }));
    try {
      decodePng(png);
    } catch (cause) {
      throw new Fault(`the picture of seed ${seed} is not whole`, { lost: 1, cause });
    }
  }
  await checkStates(api, announced, seeds, clock);
  for (const [id, runs] of announced.grids) {
    const there = await clock.time("readGrid", () => api.readGrid({ id }));
    const own = await Promise.all(runs.map((run) => clock.time("readRun", () => api.readRun({ id: run }))));
    if (there.cells.length === 0 || own.some(({ grid }) => grid?.id !== id))
      throw new Fault(`grid ${id} was announced as begun, and not all of its runs are there`, { lost: 1 });
  }
  const versions = new Set((await clock.time("listVersions", () => api.listVersions())).map(({ name }) => name));
  const gone = [...announced.versions].filter((name) => !versions.has(name));
  if (gone.length > 0)
    throw new Fault(`versions that were announced as kept are gone: ${gone.join()}`, { lost: gone.length });
  const damage = await clock.time("verifyProject", () => api.verifyProject());
  if (damage.length > 0) throw new Fault(`the project is damaged: ${damage[0]!}`, { lost: 1 });
}

/** What pictures go on from is whole, and as far as was announced. */
async function checkStates(
  api: Client<StoreApi>,
  { scouted, inWork }: Announced,
  ids: ReadonlyMap<string, number>,
  clock: Clock,
): Promise<void> {
  const isWhole = (state: Uint8Array, least: number) => {
    const step = new DataView(state.buffer, state.byteOffset).getUint32(0);
    return step >= least && Buffer.from(state).equals(stateOf(step));
  };
  for (const [seed, step] of scouted) {
    const resultId = ids.get(seed)!;
    const { runId, scouted: told } = await clock.time("readResult", () => api.readResult({ id: resultId }));
    const picture = { runId, seed, alternative: null, resultId };
    const state = await clock.time("readState", () => api.readState(picture));
    if (told === null || !state || !isWhole(state, step))
      throw new Fault(`what scouted seed ${seed} is finished from was announced as kept, and is not whole`, {
        lost: 1,
      });
  }
  if (!inWork) return;
  const { runId, step } = inWork;
  const state = await clock.time("readState", () => api.readState({ runId, ...IN_WORK }));
  if (!state || !isWhole(state, step))
    throw new Fault(`the state after step ${step} was announced as kept, and is not there whole`, { lost: 1 });
}
