/**
 * The commands of the menu bar, with their shortcuts: one table for the native menus, the command palette and the shortcut sheet.
 * A command chosen from a menu arrives in the window as the event `command`.
 */

export interface Command {
  menu: "File" | "Edit" | "Box" | "View" | "Generate" | "Result" | "Help";
  label: string;
  /** As Electron writes them; `CmdOrCtrl` is Cmd on a Mac. */
  shortcut?: string;
  /**
   * The window itself listens for this key (it depends on where the focus is: in a text, "B" is a letter); the menu only shows it.
   * `result`: only while a result has the focus. The other shortcuts reach the window as events, unless it has prevented the key's default.
   */
  windowKey?: true | "result";
  /** May be on or off. */
  toggle?: true;
  /** Begins a group: a line stands above it. */
  group?: true;
}

export const COMMANDS = {
  "file.new": { menu: "File", label: "New Project", shortcut: "CmdOrCtrl+N" },
  "file.newWindow": { menu: "File", label: "New Window", shortcut: "CmdOrCtrl+Shift+N" },
  "file.open": { menu: "File", label: "Open Project…", shortcut: "CmdOrCtrl+O" },
  "file.importPictures": { menu: "File", label: "Open Picture Made by Diorama…" },
  "file.save": { menu: "File", label: "Save", shortcut: "CmdOrCtrl+S", group: true },
  "file.saveAs": { menu: "File", label: "Save As…", shortcut: "CmdOrCtrl+Shift+S" },
  "file.versions": { menu: "File", label: "Versions…" },
  "file.export": { menu: "File", label: "Export Pictures…", shortcut: "CmdOrCtrl+E", group: true },
  "file.exportSheet": { menu: "File", label: "Export Contact Sheet…", shortcut: "CmdOrCtrl+Shift+E" },
  "file.addModel": { menu: "File", label: "Add Checkpoint Folder…", group: true },

  "edit.undo": { menu: "Edit", label: "Undo", shortcut: "CmdOrCtrl+Z" },
  "edit.redo": { menu: "Edit", label: "Redo", shortcut: "CmdOrCtrl+Shift+Z" },
  "edit.duplicate": { menu: "Edit", label: "Duplicate", shortcut: "CmdOrCtrl+D", group: true },
  "edit.delete": { menu: "Edit", label: "Delete", shortcut: "Delete", windowKey: true },
  "edit.preferences": { menu: "Edit", label: "Preferences…", shortcut: "CmdOrCtrl+,", group: true },

  "box.bind": { menu: "Box", label: "Bind Words to New Box", shortcut: "B", windowKey: true },
  "box.draw": { menu: "Box", label: "Draw Box", shortcut: "R", windowKey: true },
  "box.lock": { menu: "Box", label: "Lock", shortcut: "CmdOrCtrl+L", toggle: true, group: true },
  "box.hide": { menu: "Box", label: "Hide", shortcut: "CmdOrCtrl+Shift+H", toggle: true },
  "box.rename": { menu: "Box", label: "Rename", shortcut: "F2", windowKey: true },
  "box.forward": { menu: "Box", label: "Bring Forward", shortcut: "CmdOrCtrl+]", group: true },
  "box.backward": { menu: "Box", label: "Send Backward", shortcut: "CmdOrCtrl+[" },
  "box.alignLeft": { menu: "Box", label: "Align Left", shortcut: "Alt+A", group: true },
  "box.alignCentre": { menu: "Box", label: "Align Centres Horizontally", shortcut: "Alt+H" },
  "box.alignRight": { menu: "Box", label: "Align Right", shortcut: "Alt+D" },
  "box.alignTop": { menu: "Box", label: "Align Top", shortcut: "Alt+W" },
  "box.alignMiddle": { menu: "Box", label: "Align Centres Vertically", shortcut: "Alt+V" },
  "box.alignBottom": { menu: "Box", label: "Align Bottom", shortcut: "Alt+S" },
  "box.distributeHorizontally": { menu: "Box", label: "Distribute Horizontally", shortcut: "Alt+Shift+H", group: true },
  "box.distributeVertically": { menu: "Box", label: "Distribute Vertically", shortcut: "Alt+Shift+V" },

  "view.compose": { menu: "View", label: "Compose", shortcut: "CmdOrCtrl+1" },
  "view.results": { menu: "View", label: "Results", shortcut: "CmdOrCtrl+2" },
  "view.compare": { menu: "View", label: "Compare", shortcut: "CmdOrCtrl+3" },
  "view.history": { menu: "View", label: "History", shortcut: "CmdOrCtrl+4" },
  "view.fit": { menu: "View", label: "Zoom to Fit", shortcut: "CmdOrCtrl+0", group: true },
  "view.actualSize": { menu: "View", label: "Actual Size", shortcut: "CmdOrCtrl+Shift+0" },
  "view.zoomIn": { menu: "View", label: "Zoom In", shortcut: "CmdOrCtrl+=" },
  "view.zoomOut": { menu: "View", label: "Zoom Out", shortcut: "CmdOrCtrl+-" },
  "view.grid": { menu: "View", label: "Grid", shortcut: "CmdOrCtrl+'", toggle: true, group: true },
  "view.snap": { menu: "View", label: "Snap", shortcut: "CmdOrCtrl+Shift+'", toggle: true },
  "view.underlay": { menu: "View", label: "Result Under the Boxes", shortcut: "U", windowKey: true, toggle: true },
  "view.heat": { menu: "View", label: "Attention of the Box", shortcut: "H", windowKey: true, toggle: true },
  "view.palette": { menu: "View", label: "Command Palette", shortcut: "CmdOrCtrl+K", group: true },

  "generate.start": { menu: "Generate", label: "Generate", shortcut: "CmdOrCtrl+Enter" },
  "generate.cancel": { menu: "Generate", label: "Cancel All", shortcut: "CmdOrCtrl+." },
  "generate.restartEngine": { menu: "Generate", label: "Restart Engine", group: true },

  "result.tryLayout": { menu: "Result", label: "Try the Layout as It Is Now", shortcut: "CmdOrCtrl+Shift+Enter" },
  "result.restore": { menu: "Result", label: "Use Its Scene", shortcut: "Enter", windowKey: "result" },
  "result.star": { menu: "Result", label: "Star", shortcut: "S", windowKey: "result", toggle: true, group: true },
  "result.reject": { menu: "Result", label: "Reject", shortcut: "X", windowKey: "result", toggle: true },
  "result.compare": { menu: "Result", label: "Put into Comparison", shortcut: "C", windowKey: "result", toggle: true },
  "result.copy": { menu: "Result", label: "Copy Picture", group: true },
  "result.bin": { menu: "Result", label: "Put into the Bin", group: true, toggle: true },

  "help.shortcuts": { menu: "Help", label: "Keyboard Shortcuts", shortcut: "?", windowKey: true },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

export function command(name: CommandName): Command {
  return COMMANDS[name];
}
