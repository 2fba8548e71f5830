/** The question before work on projects that were left is lost; see letGo.ts for the project that is open. */
import { dialog, type BrowserWindow } from "electron";
import type { UnsavedProject } from "../api/main.ts";

/** Whether to end though work on these projects is kept in memory alone. */
export async function askToLoseUnsaved(window: BrowserWindow, projects: readonly UnsavedProject[]): Promise<boolean> {
  const names = projects.map(({ name }) => `“${name}”`).join(", ");
  const { response } = await dialog.showMessageBox(window, {
    type: "warning",
    message: `What was done last in ${names} could not be saved.`,
    detail: "It is kept as long as Diorama runs. Open the project to save it there, or as a copy in another place.",
    buttons: ["Go Back", "Lose It and Quit"],
    defaultId: 0,
    cancelId: 0,
  });
  return response === 1;
}
