/** The editor: the only writer of the document. Canvas and panels send it edits; what they show comes from here. */
import type { TextSpan } from "@scene/scene.ts";
import { type Box, type Document, EMPTY_DOCUMENT } from "./document.ts";
import type { Edit } from "./edits.ts";
import { type Effect, History, type Step } from "./history.ts";
import { tooMuch } from "./limits.ts";

/** `draw` draws boxes. */
export type Tool = "select" | "draw" | "ellipse" | "polygon" | "brush" | "pan";

/** Many changes on the way, one step in the end. After `commit` or `cancel` it does nothing any more. */
export interface Gesture {
  /** Shows the document as it was when the gesture began, with `edit` done to it. */
  preview(edit: Edit): void;
  commit(): void;
  /** As if nothing had happened. */
  cancel(): void;
}

export interface ApplyOptions {
  /** Changes with the same key that follow each other closely become one step. */
  merge?: string;
  /** What is selected afterwards. */
  select?: readonly string[];
  /** The program does it, for what the person did elsewhere: a step that can be undone all the same. */
  filledIn?: boolean;
}

interface Moment {
  document: Document;
  selection: readonly string[];
}

export class Editor {
  #document: Document = $state.raw(EMPTY_DOCUMENT);
  #selection: readonly string[] = $state.raw([]);
  /** What is marked in the prompt, or where the caret stands in it; undefined once its field is left: what is not seen ties nothing. */
  textSelection: TextSpan | undefined = $state.raw();
  /** The box under the pointer, wherever it is shown. */
  hovered: string | undefined = $state();
  tool: Tool = $state("select");
  /** The polygon whose points are worked on, and the chosen one of them: see pointEditing.ts. */
  points: { id: string; index: number } | undefined = $state.raw();
  undoLabel: string | undefined = $state();
  redoLabel: string | undefined = $state();
  #lastStep: Step<Moment> | undefined = $state.raw();
  /** Grows with every change of the document: what autosave watches. */
  revision = $state(0);
  /** How many of those changes the program made: what a checkpoint fills in, seeds drawn at random. */
  fillIns = 0;

  /** Told why an edit was refused, for the person. */
  onRefused: (why: string) => void = () => undefined;

  readonly #history: History<Moment>;
  #gesture: { label: string; before: Moment } | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#history = new History(now);
  }

  get document(): Document {
    return this.#document;
  }

  get selection(): readonly string[] {
    return this.#selection;
  }

  /** The boxes that are selected, in the document's order. */
  get selectedBoxes(): Box[] {
    return this.#document.boxes.filter(({ id }) => this.#selection.includes(id));
  }

  boxOf(id: string): Box | undefined {
    return this.#document.boxes.find((box) => box.id === id);
  }

  /**
   * One edit, one step of undo; a gesture that is open ends before it, as a step of its own. Nothing happens when the edit changes
   * nothing. False where it was refused, because a project could not keep what it makes.
   */
  apply(label: string, edit: Edit, { merge, select, filledIn = false }: ApplyOptions = {}): boolean {
    this.#endGesture();
    const before = this.#moment();
    const document = edit(before.document);
    if (document === before.document) return true;
    if (!this.#accepts(document)) return false;
    this.#show({ document, selection: select ?? before.selection });
    this.#history.change(label, before, this.#moment(), merge);
    if (filledIn) this.fillIns++;
    this.#changed();
    return true;
  }

  begin(label: string): Gesture {
    this.#endGesture();
    const gesture = { label, before: this.#moment() };
    this.#gesture = gesture;
    const isOpen = () => this.#gesture === gesture;
    return {
      preview: (edit) => {
        if (!isOpen()) return;
        const document = edit(gesture.before.document);
        if (this.#accepts(document)) this.#show({ document, selection: this.#selection });
      },
      commit: () => {
        if (isOpen()) this.#endGesture();
      },
      cancel: () => {
        if (!isOpen()) return;
        this.#gesture = undefined;
        this.#show(gesture.before);
      },
    };
  }

  /** A change that is no step of undo: seeds drawn at random, the model loaded. A gesture that is open goes on from it. */
  adjust(edit: Edit): void {
    const document = edit(this.#document);
    if (document === this.#document || !this.#accepts(document)) return;
    if (this.#gesture)
      this.#gesture.before = { ...this.#gesture.before, document: edit(this.#gesture.before.document) };
    this.#document = document;
    this.#clampMark(document.prompt.length);
    this.fillIns++;
    this.#changed();
  }

  /** Notes something done elsewhere that undo shall take back. */
  record(label: string, effect: Effect): void {
    this.#endGesture();
    this.#history.effect(label, effect);
    this.#tellHistory();
  }

  async undo(): Promise<void> {
    this.#endGesture();
    const step = this.#history.undo();
    if (!step) return;
    if (step.kind === "change") this.#travel(step.before);
    else await step.undo();
    this.#tellHistory();
  }

  /** A button that takes back the step made last, and goes when another follows or the document is another's. */
  takeBack(): { label: string; run: () => Promise<void>; stands: () => boolean } {
    const step = this.#history.last;
    const stands = () => step !== undefined && this.#lastStep === step;
    const run = async () => {
      this.#endGesture();
      if (stands()) await this.undo();
    };
    return { label: "Undo", run, stands };
  }

  async redo(): Promise<void> {
    this.#endGesture();
    const step = this.#history.redo();
    if (!step) return;
    if (step.kind === "change") this.#travel(step.after);
    else await step.redo();
    this.#tellHistory();
  }

  /** Another document in place of this one. With a label it is a step that can be undone (or refused); else history starts anew. */
  open(document: Document, label?: string): boolean {
    if (label !== undefined) {
      const isOpen = this.apply(label, () => document, { select: [] });
      if (isOpen) this.textSelection = undefined;
      return isOpen;
    }
    this.textSelection = undefined;
    this.#gesture = undefined;
    this.#show({ document, selection: [] });
    this.#history.clear();
    this.#tellHistory();
    return true;
  }

  select(ids: readonly string[]): void {
    this.#selection = ids.filter((id) => this.boxOf(id));
    if (this.#selection.length !== 1 || this.#selection[0] !== this.points?.id) this.points = undefined;
  }

  toggleSelected(id: string): void {
    this.select(this.#selection.includes(id) ? this.#selection.filter((one) => one !== id) : [...this.#selection, id]);
  }

  /** Another step would begin from what an open gesture has only shown: what it has done so far is a step before that. */
  #endGesture(): void {
    const gesture = this.#gesture;
    this.#gesture = undefined;
    if (!gesture || this.#document === gesture.before.document) return;
    this.#history.change(gesture.label, gesture.before, this.#moment());
    this.#changed();
  }

  #accepts(document: Document): boolean {
    const why = tooMuch(document);
    if (why !== undefined) this.onRefused(why);
    return why === undefined;
  }

  #moment(): Moment {
    return { document: this.#document, selection: this.#selection };
  }

  #show({ document, selection }: Moment): void {
    this.#document = document;
    this.#clampMark(document.prompt.length);
    this.select(selection);
  }

  /** No mark reaches past the end of the text that it is in. */
  #clampMark(length: number): void {
    const mark = this.textSelection;
    if (!mark || mark.end <= length) return;
    this.textSelection = { start: Math.min(mark.start, length), end: length };
  }

  #travel(moment: Moment): void {
    this.#show(moment);
    this.#changed();
  }

  #changed(): void {
    this.revision++;
    this.#tellHistory();
  }

  #tellHistory(): void {
    this.undoLabel = this.#history.undoLabel;
    this.redoLabel = this.#history.redoLabel;
    this.#lastStep = this.#history.last;
  }
}
