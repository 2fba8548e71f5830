/** The menu bar: the table of commands (api/commands.ts) in Electron's form, with what the system itself does between them. */
import { app, Menu, type MenuItemConstructorOptions } from "electron";
import { command, COMMAND_NAMES, type Command, type CommandName } from "../api/commands.ts";
import type { RecentProject } from "../api/store.ts";

export interface MenuState {
  disabled: readonly CommandName[];
  checked: readonly CommandName[];
  recent: readonly RecentProject[];
  isMac: boolean;
  isPackaged: boolean;
}

export interface MenuActions {
  run: (name: CommandName) => void;
  openRecent: (path: string) => void;
  showAbout: () => void;
}

type Item = MenuItemConstructorOptions;
const LINE: Item = { type: "separator" };
const MOST_RECENT = 10;

export function showMenu(state: MenuState, actions: MenuActions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(state, actions)));
}

function menuTemplate(state: MenuState, actions: MenuActions): Item[] {
  const items = (menu: Command["menu"], from?: CommandName, to?: CommandName) => {
    const names = COMMAND_NAMES.filter((name) => command(name).menu === menu);
    const first = from ? names.indexOf(from) : 0;
    const end = to ? names.indexOf(to) : names.length;
    return names.slice(first, end).flatMap((name, i) => item(name, i > 0, state, actions));
  };
  const appMenu: Item = {
    label: app.name,
    submenu: [
      { role: "about" },
      LINE,
      { role: "services" },
      LINE,
      { role: "hide" },
      { role: "hideOthers" },
      { role: "unhide" },
      LINE,
      { role: "quit" },
    ],
  };
  const clipboard: Item[] = [{ role: "cut" }, { role: "copy" }, { role: "paste" }];
  const development: Item[] = state.isPackaged ? [] : [LINE, { role: "reload" }, { role: "toggleDevTools" }];
  const about: Item = { label: `About ${app.name}`, click: actions.showAbout };
  const closing: Item[] = state.isMac ? [LINE, { role: "close" }] : [LINE, { role: "close" }, { role: "quit" }];
  return [
    ...(state.isMac ? [appMenu] : []),
    {
      label: "&File",
      submenu: [
        ...items("File", "file.new", "file.importPictures"),
        recentMenu(state, actions),
        ...items("File", "file.importPictures"),
        ...closing,
      ],
    },
    {
      label: "&Edit",
      submenu: [
        ...items("Edit", "edit.undo", "edit.duplicate"),
        LINE,
        ...clipboard,
        ...items("Edit", "edit.duplicate"),
      ],
    },
    { label: "&Box", submenu: items("Box") },
    { label: "&View", submenu: [...items("View"), LINE, { role: "togglefullscreen" }, ...development] },
    { label: "&Generate", submenu: items("Generate") },
    { label: "&Result", submenu: items("Result") },
    { label: "&Compare", submenu: items("Compare") },
    { role: "windowMenu" },
    { label: "&Help", role: "help", submenu: [...items("Help"), ...(state.isMac ? [] : [LINE, about])] },
  ];
}

function item(name: CommandName, mayBeginGroup: boolean, state: MenuState, { run }: MenuActions): Item[] {
  const { label, shortcut, windowKey, toggle, group } = command(name);
  // A Mac's menu cannot show a key without taking it.
  const isShown = shortcut !== undefined && !(windowKey && state.isMac);
  const one: Item = {
    id: name,
    label,
    click: () => run(name),
    enabled: !state.disabled.includes(name),
    ...(isShown ? { accelerator: shortcut === "+" ? "Plus" : shortcut, registerAccelerator: !windowKey } : {}),
    ...(toggle ? { type: "checkbox", checked: state.checked.includes(name) } : {}),
  };
  return group && mayBeginGroup ? [LINE, one] : [one];
}

function recentMenu({ recent }: MenuState, { openRecent }: MenuActions): Item {
  const present = recent.filter((project) => project.present).slice(0, MOST_RECENT);
  const submenu = present.map(({ title, path }): Item => ({
    label: title,
    sublabel: path,
    click: () => openRecent(path),
  }));
  return { label: "Open recent", enabled: submenu.length > 0, submenu };
}
