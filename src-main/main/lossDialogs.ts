/** The questions before something is lost that could not be saved. */
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

/** Whether to close though pictures were drawn for which there is no room. */
export async function askToLosePictures(
  window: BrowserWindow,
  { name, path }: UnsavedProject,
  pictures: number,
): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: "warning",
    message: `${pictures === 1 ? "A picture" : `${pictures} pictures`} of “${name}” could not be saved.`,
    detail: `They are kept as long as the window is open. Make room for ${path}, or save a copy in another place.`,
    buttons: ["Go Back", "Lose Them and Close"],
    defaultId: 0,
    cancelId: 0,
  });
  return response === 1;
}
