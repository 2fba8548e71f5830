/**
 * Projects that a stranger made to hang the program, to fill its memory or to delete what is in it, opened in a store process as the
 * program has it: see hostileProjects.ts. The claim: each is refused or opened as said there, every call answers in time and in words, the
 * process stays small, and the project can be closed again.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answerOf, changeEverything, readEverything } from "./everyCall.ts";
import { HOSTILE_PROJECTS, type HostileProject } from "./hostileProjects.ts";
import { Fault, LARGEST, type Clock, type Part } from "./part.ts";
import { mostMemory } from "./memory.ts";
import { realStore } from "./realStore.ts";

export const hostile: Part = {
  title: "aimed hostile projects",
  count: HOSTILE_PROJECTS.length,
  memory: "children",
  prepare({ folder }) {
    return Promise.resolve({
      run: async (index, _pick, clock) => {
        const aim = HOSTILE_PROJECTS[index % HOSTILE_PROJECTS.length]!;
        const home = join(folder, String(index));
        mkdirSync(home, { recursive: true });
        try {
          return await tryHostile(aim, home, clock);
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          throw new Fault(`${aim.name}: ${error.message}`, { lost: error.lost, cause: error.cause });
        } finally {
          rmSync(home, { recursive: true, force: true });
        }
      },
    });
  },
};

async function tryHostile({ outcome, write }: HostileProject, home: string, clock: Clock): Promise<string> {
  const path = join(home, "project.diorama");
  write(path);
  const store = realStore(join(home, "data"));
  try {
    const opened = await answerOf(clock, "openProject", () => store.api.openProject({ path }));
    const became = "value" in opened ? "opened" : "refused";
    if (became !== outcome) throw new Fault(`it was ${became}${"refusal" in opened ? `: ${opened.refusal}` : ""}`);
    if ("refusal" in opened && !opened.refusal.includes(path))
      throw new Fault(`the message does not name the file: ${opened.refusal}`);
    if (became === "opened") {
      await readEverything(store.api, clock);
      await changeEverything(store.api, clock, "1000");
    }
    await answerOf(clock, "closeProject", () => store.api.closeProject());
    const memory = mostMemory(process.pid).get(store.pid!)?.mebibytes ?? 0;
    if (memory > LARGEST) throw new Fault(`the store took ${memory} MiB`);
    return became;
  } finally {
    await store.stop();
  }
}
