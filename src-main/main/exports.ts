/** Pictures on their way out of a project: files, contact sheets, the clipboard, a drag. Encoding is the workshop's work. */
import { nativeImage, shell, type BrowserWindow } from "electron";
import { existsSync, mkdirSync } from "node:fs";
import { join, parse } from "node:path";
import type { RunRecord } from "../api/engine.ts";
import { AppError } from "../wire/errors.ts";
import type { Exported, SheetRequest } from "../api/main.ts";
import { factsOf, nameFrom, pictureName } from "../api/pictureName.ts";
import type { Client } from "../wire/rpc.ts";
import type { PictureForm } from "../api/sheets.ts";
import type { ResultDetails, StoreApi } from "../api/store.ts";
import { cellFor, columnsFor, gridCell, type SheetOptions } from "../image/sheetPlan.ts";
import { captionLines, sharedSettings, sheetBoxes } from "../image/sheetText.ts";
import type { SheetEntry, Workshop } from "../workshop/host.ts";
import { copyPng } from "./clipboard.ts";
import { askExportFolder, askWhereToExport, endingOf } from "./dialogs.ts";

export interface ExportOptions {
  window: BrowserWindow;
  store: Client<StoreApi>;
  workshop: Workshop;
  /** Where the files of a drag lie; other programs read them after the drop. */
  dragFolder: string;
  projectName: () => string;
}

interface PictureChoice {
  ids: number[];
  settings: boolean;
  pattern: string;
}

/** The longer side of the picture under the pointer in a drag. */
const DRAG_SIDE = 96;

export class Exports {
  readonly #options: ExportOptions;
  /** Files that were written here, and may be shown in the file manager. */
  readonly #written = new Set<string>();

  constructor(options: ExportOptions) {
    this.#options = options;
  }

  async pictures({ ids, settings, pattern, form }: PictureChoice & { form: PictureForm }): Promise<Exported | null> {
    await this.#refuseScouted(ids);
    const { window } = this.#options;
    if (ids.length === 1) {
      const path = await askWhereToExport(window, await this.#nameOf(ids[0]!, pattern), form);
      if (path === null) return null;
      await this.#write(ids[0]!, path, settings, form);
      return this.#exported([path]);
    }
    const folder = await askExportFolder(window, ids.length);
    if (folder === null) return null;
    const paths: string[] = [];
    for (const id of ids) {
      const path = freePath(folder, await this.#nameOf(id, pattern), endingOf(form));
      await this.#write(id, path, settings, form);
      paths.push(path);
    }
    return this.#exported(paths);
  }

  async sheet({ ids, title, look, notes, colors, settings, pattern, grid }: SheetRequest): Promise<Exported | null> {
    await this.#refuseScouted(ids);
    const { window, store, workshop } = this.#options;
    const path = await askWhereToExport(window, nameFrom(title) || "contact sheet", look.form);
    if (path === null) return null;
    const columns = look.columns ?? columnsFor(ids.length);
    const side = grid ? gridCell(grid.rows.length, grid.columns.length) : cellFor(columns);
    const pictures: SheetEntry[] = [];
    const records: RunRecord[] = [];
    for (const [n, id] of ids.entries()) {
      const result = await store.readResult({ id });
      const { record } = result;
      // One after the other: all of them as they are may be more than there is memory for.
      const png = await workshop.api.shrink({ png: await this.#read(id), side });
      const name = `${this.#named(result, pattern)}.png`;
      const caption = [...captionLines(record, look.captions, name), notes[n] ?? ""];
      pictures.push({ png, caption, boxes: sheetBoxes(record.scene, colors), record: settings ? record : null });
      records.push(record);
    }
    const options: SheetOptions = {
      title,
      footer: look.footer ? sharedSettings(records) : "",
      columns,
      boxes: look.boxes,
      words: look.captions.includes("words") ? "each" : look.boxes ? "above" : "none",
      page: look.form === "pdf" ? "paper" : "sheet",
      ...(grid ? { grid } : {}),
    };
    const pages = await workshop.api.contactSheet({ pictures, options, form: look.form });
    const paths: string[] = [];
    for (const [n, bytes] of pages.entries()) {
      const { dir, name, ext } = parse(path);
      const to = n === 0 ? path : freePath(dir, `${name}-page-${n + 1}`, ext.slice(1));
      await workshop.api.writeFile({ path: to, bytes });
      paths.push(to);
    }
    return this.#exported(paths);
  }

  reveal(path: string): void {
    if (!this.#written.has(path))
      throw new AppError("not-found", `${path} was not exported here.`, { what: "file", id: path });
    shell.showItemInFolder(path);
  }

  async copy(id: number): Promise<void> {
    await this.#refuseScouted([id]);
    await copyPng(await this.#options.workshop.api.bare({ png: await this.#read(id) }));
  }

  async drag({ ids, settings, pattern }: PictureChoice): Promise<void> {
    await this.#refuseScouted(ids);
    const { window, workshop, store, dragFolder } = this.#options;
    mkdirSync(dragFolder, { recursive: true });
    const files: string[] = [];
    for (const id of ids) {
      const name = await this.#nameOf(id, pattern);
      const taken = files.includes(join(dragFolder, `${name}.png`));
      const path = join(dragFolder, `${name}${taken ? `-${id}` : ""}.png`);
      await this.#write(id, path, settings, "png");
      files.push(path);
    }
    const thumbnail = await store.readPicture({ id: ids[0]!, size: "thumbnail" });
    const small = await workshop.api.shrink({ png: thumbnail, side: DRAG_SIDE });
    const icon = nativeImage.createFromBuffer(Buffer.from(small));
    window.webContents.startDrag({ file: files[0]!, files, icon });
  }

  /** What was only foreseen leaves no project: nobody who gets it would know. */
  async #refuseScouted(ids: readonly number[]): Promise<void> {
    let scouted = 0;
    for (const id of ids) if ((await this.#options.store.readResult({ id })).scouted !== null) scouted++;
    if (scouted === 0) return;
    const [what, them] =
      ids.length === 1
        ? ["This picture is only scouted, not finished", "it"]
        : [
            `${scouted} of these ${ids.length} pictures ${scouted === 1 ? "is" : "are"} only scouted, not finished`,
            "them",
          ];
    throw new AppError("bad-request", `${what}. Finish ${them} first, or leave ${them} out.`, { method: "export" });
  }

  async #write(id: number, path: string, settings: boolean, form: PictureForm): Promise<void> {
    await this.#options.workshop.api.writePicture({ path, png: await this.#read(id), settings, form });
  }

  #read(id: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#options.store.readPicture({ id, size: "full" });
  }

  async #nameOf(id: number, pattern: string): Promise<string> {
    return this.#named(await this.#options.store.readResult({ id }), pattern);
  }

  #named(result: ResultDetails, pattern: string): string {
    return pictureName(pattern, factsOf(result, this.#options.projectName()));
  }

  #exported(paths: string[]): Exported {
    for (const path of paths) this.#written.add(path);
    return { paths };
  }
}

function freePath(folder: string, name: string, ending: string): string {
  for (let n = 1; ; n++) {
    const path = join(folder, `${name}${n === 1 ? "" : `-${n}`}.${ending}`);
    if (!existsSync(path)) return path;
  }
}
