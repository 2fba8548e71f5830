/** What closing would lose: nothing is closed over it before the person has had a say, and another place. */
import { dialog, type BrowserWindow } from "electron";
import { messageOf } from "../wire/errors.ts";
import { askWhereToSave } from "./dialogs.ts";
import type { OpenProject } from "./openProject.ts";
import type { Unkept } from "./unkept.ts";
import { within } from "./within.ts";

/** In milliseconds. */
const PATIENCE = 5_000;

export interface LeavingProject {
  window: BrowserWindow;
  project: OpenProject;
  unkept: Unkept;
  /** Why the page could not save, or that it does not answer; null when it has saved. */
  problem: string | null;
  /** Saves all of it, with the newest draft, at this path. */
  saveAt: (path: string) => Promise<void>;
}

type Choice = "stay" | "elsewhere" | "lose";

/** True when everything is saved, or the person would rather lose it; false when they stay. */
export async function letGo({ window, project, unkept, problem, saveAt }: LeavingProject): Promise<boolean> {
  for (let why = problem; ;) {
    await within(PATIENCE, unkept.tryAgain()); // its store may not answer
    why ??= whyUnsaved(project, unkept);
    if (why === null) return true;
    const choice = await askAboutUnsaved(window, project, why);
    if (choice !== "elsewhere") return choice === "lose";
    const { path: own, name, untitled } = project.state;
    const path = await askWhereToSave(window, untitled ? "Untitled" : name, untitled ? undefined : own);
    if (path === null) continue;
    try {
      await saveAt(path);
      why = null;
    } catch (error) {
      why = messageOf(error);
    }
  }
}

function whyUnsaved({ state: { trouble }, unsaved }: OpenProject, unkept: Unkept): string | null {
  if (trouble && trouble.kind !== "read-only") return trouble.message;
  if (unsaved) return trouble?.message ?? "Its last changes could not be written.";
  if (unkept.count === 0) return null;
  return `${unkept.count === 1 ? "One picture that was drawn is" : `${unkept.count} pictures that were drawn are`} not in its file: there was no room.`;
}

async function askAboutUnsaved(window: BrowserWindow, project: OpenProject, why: string): Promise<Choice> {
  const { response } = await dialog.showMessageBox(window, {
    type: "warning",
    message: `“${project.state.title}” could not be saved.`,
    detail: `${why}\n\nWhat was done since the last save is lost when it is closed now. Saved in another place, all of it is kept.`,
    buttons: ["Keep Open", "Save Elsewhere…", "Close Without Saving"],
    defaultId: 1,
    cancelId: 0,
  });
  return (["stay", "elsewhere", "lose"] as const)[response] ?? "stay";
}
