/** What the window shows of the document, and how: nothing here is part of the project. */
import type { Theme } from "@api/main.ts";
import { Looking } from "./looking.svelte.ts";

export type Mode = "compose" | "results" | "compare" | "grids" | "history" | "models";
export type DialogName =
  | "palette"
  | "shortcuts"
  | "export"
  | "preferences"
  | "presets"
  | "versions"
  | "queue"
  | "labels"
  | "machines"
  | "pool";

export class View {
  #mode: Mode = $state("compose");
  dialog: DialogName | undefined = $state();
  theme: Theme = $state("system");
  /** Whether the window is dark now, whoever decided that; set when the page's colours are already those. */
  dark = $state(true);
  grid = $state(false);
  snap = $state(true);
  /** Rulers beside the canvas, and the guides of the project over it. */
  rulers = $state(false);
  /** The guide that shall have the focus, by its place among them. */
  guideToFocus: number | undefined = $state();
  /** How wide the brush is, as a part of the picture's longer side, and whether it wipes. */
  brush: { size: number; erases: boolean } = $state({ size: 0.08, erases: false });
  /** Where words looked: off until asked for. */
  heat = $state(false);
  boxes = $state(true);
  underlay = $state(true);
  underlayOpacity = $state(1);
  /** Picture pixels on the screen: 1 is actual size. */
  zoom = $state(1);
  /** The first start: the window says what the three steps are, until that is dismissed. */
  newcomer = $state(false);
  /** The box or group whose name is being written. */
  renaming: string | undefined = $state();
  /** Counts the wishes to choose a reference picture, which the canvas's tools fulfil. */
  choosingReference = $state(0);
  /** Results shows what it can be filtered by. */
  finding = $state(false);
  /** How finished pictures are looked at. */
  readonly looking = new Looking();
  /** Asks the canvas for something it alone can do; counted, so that asking twice works. */
  request: { what: "fit" | "actual" | "selection" | "in" | "out"; count: number } = $state.raw({
    what: "fit",
    count: 0,
  });

  get mode(): Mode {
    return this.#mode;
  }

  /** What lay over the view before goes with it. */
  set mode(mode: Mode) {
    this.looking.large = false;
    this.#mode = mode;
  }

  /** Counts the wishes to write in the prompt, which its field fulfils. */
  writing = $state(0);

  write(): void {
    this.writing++;
  }

  ask(what: "fit" | "actual" | "selection" | "in" | "out"): void {
    this.request = { what, count: this.request.count + 1 };
  }
}
