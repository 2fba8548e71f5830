/**
 * The commands of the menu bar, with their shortcuts: one table for the native menus, the command palette and the shortcut sheet.
 * A command chosen from a menu arrives in the window as the event `command`.
 */

export interface Command {
  menu: "File" | "Edit" | "Box" | "View" | "Generate" | "Result" | "Compare" | "Help";
  label: string;
  /** As Electron writes them; `CmdOrCtrl` is Cmd on a Mac. */
  shortcut?: string;
  /**
   * The window itself listens for this key (it depends on where the focus is: in a text, "R" is a letter); the menu only shows it.
   * `result`: only while a result has the focus, or pictures lie in front: side by side, or one of them large. `look`: only then. `compare`:
   * only side by side. `clipboard`: it comes as the page's own event. The other shortcuts reach the window as events, unless it has
   * prevented the key's default.
   */
  windowKey?: true | "result" | "look" | "compare" | "clipboard";
  /** May be on or off. */
  toggle?: true;
  /** Begins a group: a line stands above it. */
  group?: true;
}

export const COMMANDS = {
  "file.new": { menu: "File", label: "New project", shortcut: "CmdOrCtrl+N" },
  "file.newWindow": { menu: "File", label: "New window", shortcut: "CmdOrCtrl+Shift+N" },
  "file.open": { menu: "File", label: "Open project…", shortcut: "CmdOrCtrl+O" },
  "file.importPictures": { menu: "File", label: "Open picture made by Diorama…" },
  "file.save": { menu: "File", label: "Save", shortcut: "CmdOrCtrl+S", group: true },
  "file.saveAs": { menu: "File", label: "Save as…", shortcut: "CmdOrCtrl+Shift+S" },
  "file.versions": { menu: "File", label: "Versions…" },
  "file.verify": { menu: "File", label: "Check for damage" },
  "file.export": { menu: "File", label: "Export pictures…", shortcut: "CmdOrCtrl+E", group: true },
  "file.exportSheet": { menu: "File", label: "Export contact sheet…", shortcut: "CmdOrCtrl+Shift+E" },
  "file.addModel": { menu: "File", label: "Add checkpoint file…", group: true },
  "file.addModelFolder": { menu: "File", label: "Add checkpoint folder…" },
  "file.getModel": { menu: "File", label: "Get a model…" },

  "edit.undo": { menu: "Edit", label: "Undo", shortcut: "CmdOrCtrl+Z" },
  "edit.redo": { menu: "Edit", label: "Redo", shortcut: "CmdOrCtrl+Shift+Z" },
  "edit.duplicate": { menu: "Edit", label: "Duplicate", shortcut: "CmdOrCtrl+D", group: true },
  "edit.delete": { menu: "Edit", label: "Delete", shortcut: "Delete", windowKey: true },
  "edit.selectAll": { menu: "Edit", label: "Select all", shortcut: "CmdOrCtrl+A", windowKey: true },
  "edit.presets": { menu: "Edit", label: "Presets of settings…", group: true },
  "edit.machines": { menu: "Edit", label: "Other machines…" },
  "edit.pool": { menu: "Edit", label: "Pool…" },
  "edit.preferences": { menu: "Edit", label: "Preferences…", shortcut: "CmdOrCtrl+," },

  "box.bind": { menu: "Box", label: "Bind words to a box", shortcut: "CmdOrCtrl+B" },
  "box.draw": { menu: "Box", label: "Draw box", shortcut: "R", windowKey: true },
  "box.drawEllipse": { menu: "Box", label: "Draw ellipse", shortcut: "E", windowKey: true },
  "box.drawPolygon": { menu: "Box", label: "Draw polygon", shortcut: "P", windowKey: true },
  "box.paint": { menu: "Box", label: "Paint region", shortcut: "M", windowKey: true },
  "box.erase": { menu: "Box", label: "Erase with the brush", shortcut: "Shift+M", windowKey: true, toggle: true },
  "box.brushSmaller": { menu: "Box", label: "Smaller brush", shortcut: "[", windowKey: true },
  "box.brushLarger": { menu: "Box", label: "Larger brush", shortcut: "]", windowKey: true },
  "box.asBox": { menu: "Box", label: "Make it a box", toggle: true, group: true },
  "box.asEllipse": { menu: "Box", label: "Make it an ellipse", toggle: true },
  "box.asPolygon": { menu: "Box", label: "Make it a polygon", toggle: true },
  "box.asPainted": { menu: "Box", label: "Make it painted", toggle: true },
  "box.points": { menu: "Box", label: "Edit the points of the polygon" },
  "box.lock": { menu: "Box", label: "Lock", shortcut: "CmdOrCtrl+L", toggle: true, group: true },
  "box.hide": { menu: "Box", label: "Hide", shortcut: "CmdOrCtrl+Shift+H", toggle: true },
  "box.rename": { menu: "Box", label: "Rename", shortcut: "F2", windowKey: true },
  "box.forward": { menu: "Box", label: "Bring forward", shortcut: "CmdOrCtrl+]", group: true },
  "box.backward": { menu: "Box", label: "Send backward", shortcut: "CmdOrCtrl+[" },
  "box.group": { menu: "Box", label: "Group", shortcut: "CmdOrCtrl+G", group: true },
  "box.ungroup": { menu: "Box", label: "Ungroup", shortcut: "CmdOrCtrl+Shift+G" },
  "box.alignLeft": { menu: "Box", label: "Align left", shortcut: "Alt+A", group: true },
  "box.alignCentre": { menu: "Box", label: "Align centres horizontally", shortcut: "Alt+H" },
  "box.alignRight": { menu: "Box", label: "Align right", shortcut: "Alt+D" },
  "box.alignTop": { menu: "Box", label: "Align top", shortcut: "Alt+W" },
  "box.alignMiddle": { menu: "Box", label: "Align centres vertically", shortcut: "Alt+V" },
  "box.alignBottom": { menu: "Box", label: "Align bottom", shortcut: "Alt+S" },
  "box.distributeHorizontally": { menu: "Box", label: "Distribute horizontally", shortcut: "Alt+Shift+H", group: true },
  "box.distributeVertically": { menu: "Box", label: "Distribute vertically", shortcut: "Alt+Shift+V" },

  "box.thirds": { menu: "Box", label: "Lay out as thirds", group: true },
  "box.pair": { menu: "Box", label: "Lay out as a pair" },
  "box.triptych": { menu: "Box", label: "Lay out as a triptych" },
  "box.hero": { menu: "Box", label: "Lay out with a hero left" },
  "box.grid": { menu: "Box", label: "Lay out as a grid" },

  "view.compose": { menu: "View", label: "Compose", shortcut: "CmdOrCtrl+1" },
  "view.results": { menu: "View", label: "Results", shortcut: "CmdOrCtrl+2" },
  "view.compare": { menu: "View", label: "Compare", shortcut: "CmdOrCtrl+3" },
  "view.history": { menu: "View", label: "History", shortcut: "CmdOrCtrl+4" },
  "view.models": { menu: "View", label: "Models", shortcut: "CmdOrCtrl+5" },
  "view.grids": { menu: "View", label: "Grids", shortcut: "CmdOrCtrl+6" },
  "view.find": { menu: "View", label: "Find results by…", shortcut: "CmdOrCtrl+Shift+F", toggle: true },
  "view.fit": { menu: "View", label: "Zoom to fit", shortcut: "CmdOrCtrl+0", group: true },
  "view.actualSize": { menu: "View", label: "Actual size", shortcut: "CmdOrCtrl+Shift+0" },
  "view.selection": { menu: "View", label: "Zoom to selection", shortcut: "Shift+2", windowKey: true },
  "view.zoomIn": { menu: "View", label: "Zoom in", shortcut: "CmdOrCtrl+=" },
  "view.zoomOut": { menu: "View", label: "Zoom out", shortcut: "CmdOrCtrl+-" },
  "view.grid": { menu: "View", label: "Grid", shortcut: "CmdOrCtrl+'", toggle: true, group: true },
  "view.snap": { menu: "View", label: "Snap", shortcut: "CmdOrCtrl+Shift+'", toggle: true },
  "view.rulers": { menu: "View", label: "Rulers and guides", shortcut: "Shift+R", windowKey: true, toggle: true },
  "view.guideVertical": { menu: "View", label: "Add vertical guide" },
  "view.guideHorizontal": { menu: "View", label: "Add horizontal guide" },
  "view.clearGuides": { menu: "View", label: "Clear guides" },
  "view.chooseReference": { menu: "View", label: "Reference picture…", group: true },
  "view.reference": {
    menu: "View",
    label: "Reference picture under the canvas",
    shortcut: "Shift+U",
    windowKey: true,
    toggle: true,
  },
  "view.underlay": { menu: "View", label: "Result under the boxes", shortcut: "U", windowKey: true, toggle: true },
  "view.boxes": { menu: "View", label: "Boxes over the picture", shortcut: "O", windowKey: true, toggle: true },
  "view.heat": { menu: "View", label: "Attention of the box", shortcut: "H", windowKey: true, toggle: true },
  "view.palette": { menu: "View", label: "Command palette", shortcut: "CmdOrCtrl+K", group: true },

  "generate.start": { menu: "Generate", label: "Generate", shortcut: "CmdOrCtrl+Enter" },
  "generate.scout": { menu: "Generate", label: "Scout", shortcut: "Alt+Enter" },
  "generate.oneMore": { menu: "Generate", label: "One more", shortcut: "CmdOrCtrl+Alt+Enter" },
  "generate.live": {
    menu: "Generate",
    label: "Live: the picture follows the boxes",
    shortcut: "Shift+L",
    windowKey: true,
    toggle: true,
    group: true,
  },
  "generate.drawLive": { menu: "Generate", label: "Draw the live picture in full", shortcut: "Alt+Shift+Enter" },
  "generate.from": { menu: "Generate", label: "Go on from a picture’s file…" },
  "generate.starred": { menu: "Generate", label: "Draw the starred again" },
  "generate.finishBest": { menu: "Generate", label: "Finish the best 4 scouted" },
  "generate.finishBoxes": { menu: "Generate", label: "Finish the scouted whose boxes are all above 70" },
  "generate.queue": { menu: "Generate", label: "Queue…", shortcut: "CmdOrCtrl+J", group: true },
  "generate.pause": { menu: "Generate", label: "Pause the queue", shortcut: "CmdOrCtrl+Shift+.", toggle: true },
  "generate.cancel": { menu: "Generate", label: "Cancel all", shortcut: "CmdOrCtrl+." },
  "generate.restartEngine": { menu: "Generate", label: "Restart engine", group: true },

  "result.tryLayout": { menu: "Result", label: "Try the layout as it is now", shortcut: "CmdOrCtrl+Shift+Enter" },
  "result.restore": { menu: "Result", label: "Use its scene" },
  "result.variations": { menu: "Result", label: "Variations", shortcut: "V", windowKey: "result", group: true },
  "result.goOn": { menu: "Result", label: "Go on from this picture", shortcut: "Shift+G", windowKey: "result" },
  "result.redraw": { menu: "Result", label: "Redraw a part…", shortcut: "Shift+D", windowKey: "result" },
  "result.enlarge": { menu: "Result", label: "Enlarge", shortcut: "Shift+E", windowKey: "result" },
  "result.large": { menu: "Result", label: "Show large", shortcut: "Space", windowKey: "result", toggle: true },
  "result.finish": { menu: "Result", label: "Finish what is scouted", shortcut: "F", windowKey: "result" },
  "result.star": { menu: "Result", label: "Star", shortcut: "S", windowKey: "result", toggle: true, group: true },
  "result.reject": { menu: "Result", label: "Reject", shortcut: "X", windowKey: "result", toggle: true },
  "result.compare": { menu: "Result", label: "Put into comparison", shortcut: "C", windowKey: "result", toggle: true },
  "result.copy": {
    menu: "Result",
    label: "Copy picture",
    shortcut: "CmdOrCtrl+C",
    windowKey: "clipboard",
    group: true,
  },
  "result.label": { menu: "Result", label: "Collections and tags…", shortcut: "T", windowKey: "result" },
  "result.bin": { menu: "Result", label: "Put into the bin", group: true, toggle: true },

  "look.previous": { menu: "Compare", label: "Picture before", shortcut: "Left", windowKey: "look" },
  "look.next": { menu: "Compare", label: "Next picture", shortcut: "Right", windowKey: "look" },
  "compare.grid": {
    menu: "Compare",
    label: "Side by side",
    shortcut: "G",
    windowKey: "compare",
    toggle: true,
    group: true,
  },
  "compare.wipe": { menu: "Compare", label: "Wipe between two", shortcut: "W", windowKey: "compare", toggle: true },
  "compare.blink": { menu: "Compare", label: "Blink between two", shortcut: "K", windowKey: "compare", toggle: true },
  "look.whole": {
    menu: "Compare",
    label: "Whole pictures",
    shortcut: "0",
    windowKey: "look",
    toggle: true,
    group: true,
  },
  "look.actual": { menu: "Compare", label: "Pixel for pixel", shortcut: "Z", windowKey: "look", toggle: true },
  "look.zoomIn": { menu: "Compare", label: "Closer", shortcut: "+", windowKey: "look" },
  "look.zoomOut": { menu: "Compare", label: "Farther", shortcut: "-", windowKey: "look" },
  "look.boxes": {
    menu: "Compare",
    label: "Boxes on the pictures",
    shortcut: "O",
    windowKey: "look",
    toggle: true,
    group: true,
  },
  "look.heat": { menu: "Compare", label: "Where the words looked", shortcut: "H", windowKey: "look", toggle: true },
  "look.info": { menu: "Compare", label: "Beside it what made it", shortcut: "I", windowKey: "look", toggle: true },
  "compare.export": { menu: "Compare", label: "Export the compared…", shortcut: "CmdOrCtrl+Alt+E", group: true },
  "grid.ofCompared": {
    menu: "Compare",
    label: "Grid of layouts and seeds",
    shortcut: "L",
    windowKey: "compare",
    group: true,
  },
  "grid.export": { menu: "Compare", label: "Export the grid…", shortcut: "CmdOrCtrl+Alt+G" },
  "grid.exportCells": { menu: "Compare", label: "Export its cells…" },

  "help.start": { menu: "Help", label: "Getting started" },
  "help.manual": { menu: "Help", label: "Manual", shortcut: "F1" },
  "help.shortcuts": { menu: "Help", label: "Keyboard shortcuts", shortcut: "?", windowKey: true },
  "help.log": { menu: "Help", label: "Show log file" },
  "help.updates": { menu: "Help", label: "Check for updates", group: true },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

export function command(name: CommandName): Command {
  return COMMANDS[name];
}
