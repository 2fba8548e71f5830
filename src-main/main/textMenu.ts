/** The context menu of text fields, which Electron leaves to the app. A page that shows a menu of its own prevents this one. */
import { Menu, type BrowserWindow } from "electron";

export function serveTextMenu(window: BrowserWindow): void {
  window.webContents.on("context-menu", (_event, { isEditable, selectionText, editFlags }) => {
    const { canCut, canCopy, canPaste, canSelectAll } = editFlags;
    if (!isEditable && selectionText.trim() === "") return;
    const copy = { role: "copy", enabled: canCopy } as const;
    const editing = [
      { role: "cut", enabled: canCut } as const,
      copy,
      { role: "paste", enabled: canPaste } as const,
      { type: "separator" } as const,
      { role: "selectAll", enabled: canSelectAll } as const,
    ];
    Menu.buildFromTemplate(isEditable ? editing : [copy]).popup({ window });
  });
}
