/** Pictures on their way out of a project: files, contact sheets, the clipboard, a drag. Encoding is the workshop's work. */
import { nativeImage, shell, type BrowserWindow } from "electron";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../api/errors.ts";
import type { Exported, SheetRequest } from "../api/main.ts";
import { nameFrom, pictureName } from "../api/pictureName.ts";
import type { Client } from "../api/rpc.ts";
import type { Scene } from "../api/scene.ts";
import type { StoreApi } from "../api/store.ts";
import type { Workshop } from "../workshop/host.ts";
import { copyPng } from "./clipboard.ts";
import { askExportFolder, askWhereToExport } from "./dialogs.ts";

export interface ExportOptions {
  window: BrowserWindow;
  store: Client<StoreApi>;
  workshop: Workshop;
  /** Where the files of a drag lie; other programs read them after the drop. */
  dragFolder: string;
}

interface PictureChoice {
  ids: number[];
  settings: boolean;
}

export class Exports {
  readonly #options: ExportOptions;
  /** Files that were written here, and may be shown in the file manager. */
  readonly #written = new Set<string>();

  constructor(options: ExportOptions) {
    this.#options = options;
  }

  async pictures({ ids, settings }: PictureChoice): Promise<Exported | null> {
    const { window } = this.#options;
    if (ids.length === 1) {
      const path = await askWhereToExport(window, await this.#nameOf(ids[0]!));
      if (path === null) return null;
      await this.#write(ids[0]!, path, settings);
      return this.#exported([path]);
    }
    const folder = await askExportFolder(window, ids.length);
    if (folder === null) return null;
    const paths: string[] = [];
    for (const id of ids) {
      const path = freePath(folder, await this.#nameOf(id));
      await this.#write(id, path, settings);
      paths.push(path);
    }
    return this.#exported(paths);
  }

  async sheet({ ids, title, boxes }: SheetRequest): Promise<Exported | null> {
    const { window, store, workshop } = this.#options;
    const path = await askWhereToExport(window, nameFrom(title) || "contact sheet");
    if (path === null) return null;
    const pictures = [];
    for (const id of ids) {
      const { seed, record } = await store.readResult({ id });
      // One after the other: all of them as they are may be more than there is memory for.
      const png = await workshop.api.shrink({ png: await this.#read(id), use: "sheet" });
      pictures.push({ png, label: `seed ${seed}`, boxes: boxes ? labelledBoxes(record.scene) : [] });
    }
    const png = await workshop.api.contactSheet({ title, pictures });
    await workshop.api.writePicture({ path, png, settings: true });
    return this.#exported([path]);
  }

  reveal(path: string): void {
    if (!this.#written.has(path))
      throw new AppError("not-found", `${path} was not exported here.`, { what: "file", id: path });
    shell.showItemInFolder(path);
  }

  async copy(id: number): Promise<void> {
    await copyPng(await this.#options.workshop.api.bare({ png: await this.#read(id) }));
  }

  async drag({ ids, settings }: PictureChoice): Promise<void> {
    const { window, workshop, store, dragFolder } = this.#options;
    mkdirSync(dragFolder, { recursive: true });
    const files: string[] = [];
    for (const id of ids) {
      const path = join(dragFolder, `${await this.#nameOf(id)}.png`);
      await this.#write(id, path, settings);
      files.push(path);
    }
    const thumbnail = await store.readPicture({ id: ids[0]!, size: "thumbnail" });
    const small = await workshop.api.shrink({ png: thumbnail, use: "drag" });
    const icon = nativeImage.createFromBuffer(Buffer.from(small));
    window.webContents.startDrag({ file: files[0]!, files, icon });
  }

  async #write(id: number, path: string, settings: boolean): Promise<void> {
    await this.#options.workshop.api.writePicture({ path, png: await this.#read(id), settings });
  }

  #read(id: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#options.store.readPicture({ id, size: "full" });
  }

  async #nameOf(id: number): Promise<string> {
    return pictureName(await this.#options.store.readResult({ id }));
  }

  #exported(paths: string[]): Exported {
    for (const path of paths) this.#written.add(path);
    return { paths };
  }
}

/** Each box with the words that belong in it. */
function labelledBoxes({ prompt, regions }: Scene) {
  return regions.map(({ box, spans }) => ({
    box,
    label: spans.map(({ start, end }) => prompt.slice(start, end)).join(", "),
  }));
}

function freePath(folder: string, name: string): string {
  for (let n = 1; ; n++) {
    const path = join(folder, `${name}${n === 1 ? "" : `-${n}`}.png`);
    if (!existsSync(path)) return path;
  }
}
