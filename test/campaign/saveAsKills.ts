/**
 * The store is killed at a random moment of a Save as: to a free name or over another project. The claim: at the target is what was there
 * before, to the byte, or the new project, whole; the open project is whole; and after the next start nothing lies beside them.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ProjectFile } from "../../src-main/store/project.ts";
import { sampleDraft, samplePixels, sampleResult, sampleScene } from "../support/projects.ts";
import { Fault, type Clock, type Part } from "./part.ts";
import { noise, randomOf, type Pick } from "./random.ts";
import { checkAnnounced, killAfter, nothingYet, realStore, type Announced } from "./realStore.ts";

const PICTURES = 12;
const DRAFT = 7;

/** A project of some megabytes, so that its copy takes long enough to be cut off anywhere. */
function writeSource(path: string, pictures: number): void {
  const pick = randomOf(1, "save as", 0);
  const project = ProjectFile.create(path, sampleDraft(`a cat ${DRAFT}`));
  const { id } = project.results.beginRun(sampleScene(), "demo", pictures);
  for (let n = 1; n <= pictures; n++) {
    const pixels = { ...samplePixels(0, 320, 320), data: noise(pick, 320 * 320 * 4) };
    project.results.addResult({ ...sampleResult(id, String(n)), pixels });
  }
  project.close();
}

const ANNOUNCED: Announced = {
  ...nothingYet(),
  draft: DRAFT,
  seeds: new Set(Array.from({ length: PICTURES }, (_value, i) => String(i + 1))),
};

export const saveAsKills: Part = {
  title: "kills of the store during Save as",
  count: 150,
  memory: "children",
  prepare({ folder }) {
    const source = join(folder, "source.diorama");
    const other = join(folder, "other.diorama");
    mkdirSync(folder, { recursive: true });
    writeSource(source, PICTURES);
    writeSource(other, 1);
    let usual = 300; // milliseconds of a Save as here; measured anew by those that are not cut off
    return Promise.resolve({
      run: async (index: number, pick: Pick, clock: Clock) => {
        const home = join(folder, String(index));
        mkdirSync(home, { recursive: true });
        const [path, target] = [join(home, "project.diorama"), join(home, "target.diorama")];
        copyFileSync(source, path);
        const replace = pick(3) > 0;
        if (replace) copyFileSync(other, target);
        const store = realStore(join(home, "data"));
        try {
          await clock.time("openProject", () => store.api.openProject({ path }));
          const begun = performance.now();
          const saving = store.api
            .copyProject({ path: target, replace, draft: sampleDraft(`a cat ${DRAFT + 1}`) })
            .then(
              () => {
                usual = performance.now() - begun;
                return true;
              },
              () => false,
            );
          await killAfter(store, pick(Math.ceil(1.2 * usual)));
          const isDone = await saving;
          const outcome = await judge(
            target,
            replace ? readFileSync(other) : undefined,
            isDone,
            clock,
            join(home, "judge"),
          );
          await checkAnnounced(store.api, ANNOUNCED, clock); // starts the store again
          await store.stop();
          const strangers = readdirSync(home).filter(
            (name) => !["project.diorama", "target.diorama", "data", "judge"].includes(name),
          );
          if (strangers.length > 0) throw new Fault(`left behind: ${strangers.join(", ")}`);
          return outcome;
        } finally {
          await store.stop();
          await pause(0);
          rmSync(home, { recursive: true, force: true });
        }
      },
    });
  },
};

async function judge(
  target: string,
  before: Uint8Array | undefined,
  isDone: boolean,
  clock: Clock,
  dataFolder: string,
): Promise<string> {
  if (!existsSync(target)) {
    if (isDone || before)
      throw new Fault(
        before
          ? "the file that was to be replaced is gone, and no other is there"
          : "announced as saved, and not there",
        { lost: 1 },
      );
    return "not there yet";
  }
  if (!isDone && before && Buffer.compare(readFileSync(target), before) === 0) return "the old one";
  const store = realStore(dataFolder);
  try {
    await clock.time("openProject", () => store.api.openProject({ path: target }));
    await checkAnnounced(store.api, { ...ANNOUNCED, draft: DRAFT + 1 }, clock);
  } catch (cause) {
    throw new Fault("what is at the target is neither the old file nor the new one, whole", { lost: 1, cause });
  } finally {
    await store.stop();
  }
  return "the new one";
}
