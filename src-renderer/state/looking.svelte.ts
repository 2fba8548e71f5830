/** How finished pictures are looked at, side by side or one of them large: nothing here is part of the project. */

export type Way = "grid" | "wipe" | "blink";

/** The largest scale, in pixels of the screen for one of the picture. */
const MOST = 32;

/** A picture as large as there is room, as `object-fit: contain` does it; `scale` is pixels of the screen for one of its own. */
export function fitInto(room: { width: number; height: number }, picture: { width: number; height: number }) {
  const scale = Math.max(0, Math.min(room.width / picture.width, room.height / picture.height));
  return { width: picture.width * scale, height: picture.height * scale, scale };
}

/** How large a picture is shown, and where of it. */
export class Zoom {
  /** Pixels of the screen for one of the picture: 1 is actual size. Undefined shows all of it, as large as there is room. */
  scale: number | undefined = $state();
  /** How far it is pushed from the middle, in pixels of the screen. */
  pan: { x: number; y: number } = $state.raw({ x: 0, y: 0 });
  /** The scale at which there is just room for all of it: its frame says so. */
  fit = $state(1);

  /** The scale that is seen. */
  get shown(): number {
    return this.scale ?? this.fit;
  }

  whole(): void {
    this.scale = undefined;
    this.pan = { x: 0, y: 0 };
  }

  /** To actual size, and back to all of it. */
  actual(): void {
    if (this.scale === 1) this.whole();
    else this.scale = 1;
  }

  /** Larger or smaller; where all of it would be passed, it stops there. */
  by(factor: number): void {
    const { shown, fit } = this;
    const next = Math.min(MOST, Math.max(Math.min(1, fit), shown * factor));
    if (next === fit || (shown - fit) * (next - fit) < 0) this.whole();
    else this.scale = next;
  }

  move(x: number, y: number): void {
    this.pan = { x: this.pan.x + x, y: this.pan.y + y };
  }
}

export class Looking {
  /** One picture lies over everything. */
  large = $state(false);
  way: Way = $state("grid");
  boxes = $state(true);
  /** Where the words looked: off until asked for. */
  heat = $state(false);
  /** What is known of the large one, beside it. */
  info = $state(false);
  /** What was done last to pictures: a large one is not shown any more, and who hears the window is told. */
  done = $state("");
  readonly compared = new Zoom();
  readonly single = new Zoom();

  /** Of what is in front. */
  get zoom(): Zoom {
    return this.large ? this.single : this.compared;
  }

  open(): void {
    this.single.whole();
    this.done = "";
    this.large = true;
  }
}
