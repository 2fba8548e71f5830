/** The system's dialogs: each asks one thing, and gives null when the person cancels. */
import { app, dialog, type BrowserWindow, type FileFilter, type MessageBoxOptions } from "electron";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../wire/errors.ts";
import type { ModelForm, ModelPart } from "../api/main.ts";
import type { PictureForm, SheetForm } from "../api/sheets.ts";
import { ENDING } from "./openProject.ts";
import { askWhereToWrite } from "./saveDialog.ts";

const PROJECTS = { name: "Diorama projects", extensions: [ENDING] };
/** What holds settings that can be opened again; sheets too. */
export const READABLE = ["png", "jpg", "jpeg", "webp", "pdf"];
const PICTURES = { name: "Pictures and sheets", extensions: READABLE };
/** By form; the first ending is added to a name that has none. */
const FORMS: Record<PictureForm | SheetForm, FileFilter> = {
  png: { name: "PNG pictures", extensions: ["png"] },
  jpeg: { name: "JPEG pictures", extensions: ["jpg", "jpeg"] },
  webp: { name: "WebP pictures", extensions: ["webp"] },
  pdf: { name: "PDF documents", extensions: ["pdf"] },
};

export function endingOf(form: PictureForm | SheetForm): string {
  return FORMS[form].extensions[0]!;
}

export async function askProjectToOpen(window: BrowserWindow): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog(window, { properties: ["openFile"], filters: [PROJECTS] });
  return filePaths[0] ?? null;
}

/** `own` is the project's file, where it has one. */
export function askWhereToSave(window: BrowserWindow, name: string, own?: string): Promise<string | null> {
  const suggested = join(own === undefined ? app.getPath("documents") : dirname(own), `${name}.${ENDING}`);
  return askWhereToWrite(window, { suggested, filter: PROJECTS, own });
}

export async function askPicturesToOpen(window: BrowserWindow): Promise<string[] | null> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    properties: ["openFile", "multiSelections"],
    filters: [PICTURES],
  });
  return filePaths.length > 0 ? filePaths : null;
}

/** A picture to go on from. */
export async function askStart(window: BrowserWindow): Promise<string | null> {
  const extensions = READABLE.filter((ending) => ending !== "pdf");
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: "Go on from a picture",
    properties: ["openFile"],
    filters: [{ name: "Pictures", extensions }],
  });
  return filePaths[0] ?? null;
}

const CHECKPOINTS = { name: "Checkpoints", extensions: ["safetensors"] };

export async function askModel(window: BrowserWindow, form: ModelForm): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog(
    window,
    form === "file"
      ? { title: "Add a checkpoint file", properties: ["openFile"], filters: [CHECKPOINTS] }
      : { title: "Add a checkpoint folder (diffusers layout)", properties: ["openDirectory"] },
  );
  return filePaths[0] ?? null;
}

export async function askLora(window: BrowserWindow): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: "Add a LoRA",
    properties: ["openFile"],
    filters: [{ name: "LoRAs", extensions: ["safetensors"] }],
  });
  return filePaths[0] ?? null;
}

export async function askModelFolder(window: BrowserWindow): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: "Add a folder of models",
    properties: ["openDirectory"],
  });
  return filePaths[0] ?? null;
}

export async function askPart(window: BrowserWindow, part: ModelPart): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: part === "vae" ? "Choose an autoencoder (VAE)" : "Choose a tiny autoencoder (TAESD)",
    properties: ["openFile"],
    filters: [{ name: "Autoencoders", extensions: ["safetensors"] }],
  });
  return filePaths[0] ?? null;
}

/** The last folder that pictures went to, for the next time. */
let exportFolder: string | undefined;

export async function askWhereToExport(
  window: BrowserWindow,
  name: string,
  form: PictureForm | SheetForm,
): Promise<string | null> {
  const suggested = join(exportFolder ?? app.getPath("pictures"), `${name}.${endingOf(form)}`);
  const path = await askWhereToWrite(window, { suggested, filter: FORMS[form] });
  if (path !== null) exportFolder = dirname(path);
  return path;
}

export async function askExportFolder(window: BrowserWindow, pictures: number): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: `Export ${pictures} pictures to a folder`,
    buttonLabel: "Export",
    defaultPath: exportFolder ?? app.getPath("pictures"),
    properties: ["openDirectory", "createDirectory"],
  });
  exportFolder = filePaths[0] ?? exportFolder;
  return filePaths[0] ?? null;
}

/** Whether to stop drawing for the sake of closing. */
export async function askToStopDrawing(window: BrowserWindow, project: string): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: "question",
    message: `“${basename(project)}” is still drawing pictures.`,
    detail:
      "Finished pictures are in the project. The others go on where they stopped when it is opened again, if you like.",
    buttons: ["Keep Drawing", "Stop and Close"],
    defaultId: 0,
    cancelId: 0,
  });
  return response === 1;
}

/** Whether to give up a project that does not answer. The question goes away when it has answered. */
export async function askToGiveUp(
  window: BrowserWindow,
  { name, isOpening, over }: { name: string; isOpening: boolean; over: AbortSignal },
): Promise<boolean> {
  const options: MessageBoxOptions = {
    type: "warning",
    message: `“${name}” does not answer.`,
    detail: isOpening
      ? "It may lie on a slow disk, or be damaged. It can be given up, and opened again later."
      : "Its disk may be slow, or gone. What was saved is in its file; closing saves what is not, if it can.",
    buttons: ["Keep Waiting", isOpening ? "Do Not Open It" : "Close It"],
    defaultId: 0,
    cancelId: 0,
    signal: over,
  };
  // A window that opens its first project is not shown yet.
  const shown = window.isVisible() ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options);
  return (await shown).response === 1 && !over.aborted;
}

/** Whether to show the page once more after its process has ended again and again. */
export async function askToReload(window: BrowserWindow): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: "error",
    message: "This window’s process ended several times within a minute.",
    detail: "The project is as it was last saved. A picture in it, or the graphics driver, may be the reason.",
    buttons: ["Try Again", "Close Window"],
    defaultId: 0,
    cancelId: 1,
  });
  return response === 0;
}

export function showAbout(window: BrowserWindow | undefined): void {
  const { electron, chrome, node } = process.versions;
  tell(window, {
    type: "info",
    message: `${app.name} ${app.getVersion()}`,
    detail: `Compose pictures by layout.\n\nElectron ${electron}, Chromium ${chrome}, Node ${node}`,
  });
}

/** Tells why something failed that no page had asked for. */
export function tellFailure(window: BrowserWindow | undefined, error: unknown): void {
  const message = messageOf(error);
  tell(window, { type: "error", message: "Diorama could not open this.", detail: message });
}

/** Says something that needs no answer. */
function tell(window: BrowserWindow | undefined, options: MessageBoxOptions): void {
  void (window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options));
}
