/**
 * Views and dialogs that the window does not begin with: each is read when it is first shown, and is there at once from then on. A fifth
 * of the window's script, which most starts never come to. The palette is not among them: what is typed after its key must not be lost.
 * Not by `{#await}`: as long as its part is shown, Svelte 5.57 keeps what it came in place of, here the whole view before.
 */

interface Module<T> {
  default: T;
}

export class Later<T> {
  readonly #read: () => Promise<Module<T>>;
  #isAsked = false;
  #component: T | undefined = $state.raw();

  constructor(read: () => Promise<Module<T>>) {
    this.#read = read;
  }

  /** Undefined until it is read; being asked for begins that. */
  get component(): T | undefined {
    if (!this.#isAsked) void this.ask();
    return this.#component;
  }

  /** One that could not be read is tried again by who asks next; the window's listener for faults tells why. */
  async ask(): Promise<void> {
    if (this.#isAsked) return;
    this.#isAsked = true;
    try {
      this.#component = (await this.#read()).default;
    } finally {
      this.#isAsked = this.#component !== undefined;
    }
  }
}

export const views = {
  results: new Later(() => import("./Sheet.svelte")),
  compare: new Later(() => import("./Compare.svelte")),
  grids: new Later(() => import("./grids/GridView.svelte")),
  history: new Later(() => import("./History.svelte")),
  models: new Later(() => import("./models/ModelsView.svelte")),
  large: new Later(() => import("./Large.svelte")),
};

export const dialogs = {
  export: new Later(() => import("./ExportDialog.svelte")),
  labels: new Later(() => import("./LabelsDialog.svelte")),
  machines: new Later(() => import("./machines/MachinesDialog.svelte")),
  pool: new Later(() => import("./pool/PoolDialog.svelte")),
  preferences: new Later(() => import("./Preferences.svelte")),
  presets: new Later(() => import("./PresetDialog.svelte")),
  queue: new Later(() => import("./QueueDialog.svelte")),
  shortcuts: new Later(() => import("./Shortcuts.svelte")),
  versions: new Later(() => import("./Versions.svelte")),
};
