/**
 * What a method of layout control is: one file of methods/ behind this interface. The engine knows of a method what stands here and
 * nothing more; what people read of it, and which settings it uses, is its row in scene/methods.ts.
 */
import type { ActingGuidance } from "../scene/methodSettings.ts";
import type { Scene, Seed } from "../scene/scene.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/graph.ts";
import type { AttentionLayer, AttentionTap, ScoreHook } from "../model/unet.ts";
import type { Evaluation, Memory, Numbers } from "../sampling/sampler.ts";
import type { BoundRegion } from "./layout.ts";
import type { Grid } from "./masks.ts";

/** Numbers for inputs of the network's graph, by name. */
export type Feeds = Readonly<Record<string, Float32Array>>;

/** The sizes that a graph is built for. */
export interface ProgramShape {
  /** Cells of the network's latent. */
  latent: Grid;
  /** Grid of the attention that is shown and measured. */
  target: Grid;
  /** Columns of text. */
  columns: number;
}

/** What a method has in the graph of the network. It makes its own inputs there, and feeds them in every run. */
export interface ProgramParts {
  /** Changes the scaled scores of cross-attention before the softmax. */
  scores?: ScoreHook;
  /** The same of self-attention, [heads, pixels, pixels], which is then spelled out. */
  selfScores?: ScoreHook;
  /** Changes the probabilities after it, in the same shape. */
  probabilities?: ScoreHook;
  /**
   * The loss over attention. It reads what taps it likes; no more of the network is run for its gradient than those need.
   */
  loss?: (taps: readonly AttentionTap[], selfTaps: readonly AttentionTap[]) => ProgramLoss;
  /** Whether the taps have what probabilities were without `scores`, too. */
  readsBare?: boolean;
  /** The layers whose self-attention the loss reads; the others compute it without its probabilities. */
  readsSelf?: (layer: AttentionLayer) => boolean;
}

export interface ProgramLoss {
  /** One number, [1], float32: what the gradient is of. */
  loss: Value;
  /** More that the method wants to know of it, float32, by name. */
  outputs?: Readonly<Record<string, Value>>;
}

/** Methods with the same program share a session: changing between them opens nothing. */
export interface AttentionProgram {
  readonly name: string;
  /** Whether the loss is asked for by itself, before the prediction: such runs then end where the loss does. */
  readonly isAlone?: boolean;
  /** Called once for every graph: what it remembers of `g` is in the parts. */
  readonly build: (g: GraphBuilder, shape: ProgramShape) => ProgramParts;
}

/** What a method makes of boxes, for a graph of these sizes. */
export interface Place extends ProgramShape {
  /** Cells of the picture's latent: those of the network's, unless the method looks through a window. */
  picture: Grid;
  /** The regions that act, with the columns of their words. */
  regions: readonly BoundRegion[];
  /** Distinct grids of the cross-attention layers. */
  layers: readonly Grid[];
  /** Columns of the prompt that hold words, not marks or padding. */
  words?: readonly number[];
  /** Each of these layers, in forward order. */
  attention: readonly AttentionLayer[];
}

/**
 * What a method carries from step to step of one picture: arrays by name, as they are written into a picture's state. All that its next
 * step depends on besides the latent is in here. Arrays are replaced, never written to.
 */
export type MethodState = Memory;

/** What one half of classifier-free guidance is asked. */
export interface Half {
  feeds: Feeds;
  /** Text states instead of the text's own, [columns, width]. */
  context?: Float32Array;
}

export interface Question {
  prompt: Half;
  negative: Half;
  /** Also the gradient of the loss in the prompt's half, with respect to the network's input. */
  gradient?: boolean;
  /** Which of the method's own texts is meant, by name; the scene's where left out. */
  text?: string;
}

/** What the prompt's half of a run told besides its prediction. */
export interface Attention {
  /** Mean attention on the target grid, [cells, columns]. */
  maps: Float32Array<ArrayBuffer>;
  /** Value of the loss; 0 where the program has none. */
  loss: number;
  /** The program's own outputs. */
  outputs: Readonly<Record<string, Float32Array<ArrayBuffer>>>;
}

export interface Answer extends Attention {
  /** Noise prediction after classifier-free guidance. */
  epsilon: Numbers;
  gradient?: Float32Array<ArrayBuffer>;
}

export interface Slope extends Pick<Attention, "loss" | "outputs"> {
  /** Of the loss, with respect to the network's input (the latent times `evaluation.inputScale`). */
  gradient: Float32Array<ArrayBuffer>;
}

/** One evaluation of a picture's run, as a method sees it. */
export interface Step<Layout = unknown> {
  readonly evaluation: Evaluation;
  /** Number of the evaluation, from 0, and how many the run has: more than its steps where a sampler evaluates twice in one. */
  readonly number: number;
  readonly count: number;
  /** With the method's own where the scene leaves a setting out. */
  readonly settings: ActingGuidance;
  /** What the method's `layout` made of the regions that act at this step. */
  readonly layout: Layout;
  /** The scene's own text, as the prompt's half reads it, [columns, width]. */
  readonly states: Float32Array;
  /** One of the method's own texts, as the network reads it. */
  text: (name: string) => OwnText;
  /** Both halves of classifier-free guidance at `latent`. */
  guided: (latent: Float32Array, question: Question) => Promise<Answer>;
  /** The loss in the prompt's half, no further up the network than it reads. */
  look: (latent: Float32Array, prompt: Half) => Promise<Pick<Attention, "loss" | "outputs">>;
  /** The same with its gradient: what moving a latent costs. */
  slope: (latent: Float32Array, prompt: Half) => Promise<Slope>;
}

export interface Prediction extends Pick<Attention, "maps" | "loss"> {
  /** Where the sampler steps from: the latent handed in, or where the method moved it. */
  latent: Float32Array;
  /** What the sampler steps with. */
  epsilon: Numbers;
  /** Of the loss, where this evaluation had one. */
  gradient?: Float32Array;
}

/** What an autoencoder says of a picture's latent, cell by cell and channel by channel. */
export interface Distribution {
  mean: Float32Array<ArrayBuffer>;
  deviation: Float32Array<ArrayBuffer>;
}

/** What a picture begins with. */
export interface Beginning {
  seed: Seed;
  settings: ActingGuidance;
  /** Standard normal noise that the first latent was made of. */
  noise: Float32Array;
  /** What the autoencoder makes of plain colours, [red, green, blue] from 0 to 1, on the network's grid, as the network takes them. */
  encodeColours: (colours: readonly (readonly number[])[]) => Promise<Distribution[]>;
}

export interface OwnText {
  /** Of its prompt, [columns, width]. */
  states: Float32Array;
  /** Columns of it that hold words. */
  words: readonly number[];
}

/** One text and what to avoid, read by themselves. */
export interface TextPair {
  /** Unique among the method's texts. */
  name: string;
  prompt: string;
  negativePrompt: string;
}

export interface LayoutMethod<Layout = unknown, State extends MethodState = MethodState> {
  readonly program: AttentionProgram;
  /** The program for settings that want another one. */
  programOf?(settings: ActingGuidance): AttentionProgram;
  /** What the boxes that act become for this method. Made once for every set of them, and handed to its steps. */
  layout(place: Place): Layout;
  /** The state before the first step; none where left out. */
  begin?(beginning: Beginning): State | Promise<State>;
  /** The grid of the network, where it is not the whole picture's: the method looks at parts of it. `trained` is the side that the network was trained on. */
  window?(picture: Grid, trained: number): Grid;
  /** Texts of its own, encoded beside the scene's. */
  texts?(scene: Scene): readonly TextPair[];
  /** The noise prediction of a step. `state` is the picture's own, to be changed in place. */
  predict(step: Step<Layout>, latent: Float32Array, state: State): Promise<Prediction>;
}

/** Whether a half-open range of steps holds a step. */
export function within(step: number, range: { start: number; end: number }): boolean {
  return step >= range.start && step < range.end;
}
