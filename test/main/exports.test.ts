/** What is only scouted leaves the project by no way out: every one of them is tried. */
import { readdirSync } from "node:fs";
import { beforeEach, expect, test, vi } from "vitest";
import type { SheetRequest } from "../../src-main/api/main.ts";
import { Exports, type ExportOptions } from "../../src-main/main/exports.ts";
import { temporaryFolder } from "../support/projects.ts";

/** What reached the system: dialogs, the clipboard, files shown. */
const reached: string[] = [];
vi.mock("electron", () => {
  const reach = (what: string) => () => {
    reached.push(what);
    return Promise.resolve({ canceled: true, filePath: "", filePaths: [] });
  };
  return {
    app: { getPath: () => "/" },
    dialog: { showSaveDialog: reach("a dialog"), showOpenDialog: reach("a dialog") },
    clipboard: { writeImage: reach("the clipboard"), writeBuffer: reach("the clipboard") },
    nativeImage: { createFromBuffer: () => ({}) },
    shell: { showItemInFolder: reach("the file manager") },
  };
});
beforeEach(() => void reached.splice(0));

/** Results by id: 1 is finished, 2 and 3 are scouted. */
function exports() {
  const folder = temporaryFolder();
  const only = (what: string, own: object) =>
    new Proxy(own, {
      get: (target, name) =>
        (Reflect.get(target, name) as unknown) ??
        (() => Promise.reject(new Error(`${what}.${String(name)} was called`))),
    });
  const readResult = ({ id }: { id: number }) => Promise.resolve({ id, scouted: id === 1 ? null : 24 });
  const options = {
    window: { webContents: { startDrag: () => reached.push("a drag") } },
    store: only("store", { readResult }),
    workshop: { api: only("workshop", {}) },
    dragFolder: folder,
    projectName: () => "poster",
  };
  return { ways: new Exports(options as unknown as ExportOptions), files: () => readdirSync(folder) };
}

const choice = { settings: true, pattern: "{seed}" };
const look: SheetRequest["look"] = { form: "png", columns: null, captions: ["seed"], boxes: true, footer: true };
/** Every way by which `ids` could leave. */
const WAYS: Record<string, (ways: Exports, ids: number[]) => Promise<unknown>> = {
  pictures: (ways, ids) => ways.pictures({ ...choice, ids, form: "png" }),
  sheet: (ways, ids) => ways.sheet({ ...choice, ids, title: "all", look, notes: [], colors: [] }),
  copy: (ways, [id]) => ways.copy(id!),
  drag: (ways, ids) => ways.drag({ ...choice, ids }),
};

test("there is no way out but those that are tried here", () => {
  const all = Object.getOwnPropertyNames(Exports.prototype).filter((name) => !["constructor", "reveal"].includes(name));
  expect(all.toSorted()).toEqual(Object.keys(WAYS).toSorted());
});

test.each(Object.keys(WAYS))(
  "%s: what is only scouted is refused before anything is asked or written",
  async (name) => {
    const { ways, files } = exports();
    await expect(WAYS[name]!(ways, [2])).rejects.toThrow("This picture is only scouted, not finished. Finish it first");
    if (name !== "copy") {
      const problem = "2 of these 3 pictures are only scouted, not finished. Finish them first, or leave them out.";
      await expect(WAYS[name]!(ways, [1, 2, 3])).rejects.toThrow(problem);
    }
    expect(reached).toEqual([]);
    expect(files()).toEqual([]);
  },
);
