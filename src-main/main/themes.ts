/** Light or dark: what the person chose, or what the system has. */
import { nativeTheme } from "electron";
import type { MainEvents, Theme } from "../api/main.ts";
import type { Client } from "../wire/rpc.ts";
import type { StoreApi } from "../api/store.ts";

const PREFERENCE = "theme";

export class Themes {
  readonly #tell: (event: MainEvents["theme"]) => void;

  constructor(tell: (event: MainEvents["theme"]) => void) {
    this.#tell = tell;
    nativeTheme.on("updated", () => tell({ theme: this.current, dark: nativeTheme.shouldUseDarkColors }));
  }

  get current(): Theme {
    return nativeTheme.themeSource;
  }

  async set(theme: Theme, store: Pick<Client<StoreApi>, "writePreferences">): Promise<void> {
    nativeTheme.themeSource = theme;
    this.#tell({ theme, dark: nativeTheme.shouldUseDarkColors });
    await store.writePreferences({ [PREFERENCE]: theme });
  }

  /** Takes up what was chosen in an earlier session. */
  async restore(store: Pick<Client<StoreApi>, "readPreferences">): Promise<void> {
    const { [PREFERENCE]: theme } = await store.readPreferences();
    if (theme === "light" || theme === "dark") nativeTheme.themeSource = theme;
  }
}
