/**
 * The most that a scene can hold. Scene files, requests between processes, project files and the editor read these
 * same numbers: what one of them takes, every other can keep and draw.
 */

/** Characters (UTF-16 code units) of a prompt, and of a negative prompt. */
export const LONGEST_PROMPT = 20_000;
/** Characters of a box's further words, and of those to avoid in it. */
export const LONGEST_BOX_WORDS = 1_000;
/** Characters of a box's name in scene files, which is its id everywhere else. */
export const LONGEST_BOX_NAME = 200;
export const MOST_BOXES = 64;
/** Phrases that one box can be tied to. */
export const MOST_SPANS = 64;
/** Corners of a region that is a polygon. */
export const FEWEST_POINTS = 3;
export const MOST_POINTS = 200;
/** Cells of a painted region, across and down: those of the latent of the largest picture. */
export const MOST_CELLS_ACROSS = 256;
/** Stable Diffusion was trained on 1000 noise levels: there are no more different steps. */
export const MOST_STEPS = 1_000;
/** LoRAs in a scene's list. */
export const MOST_LORAS = 32;
/** Embeddings in a scene's list. */
export const MOST_EMBEDDINGS = 256;
/** Characters of the name of a LoRA or an embedding, as long as file systems have them. */
export const LONGEST_FILE_NAME = 255;
export const LONGEST_PATH = 4_096;
/** Pictures asked for at once. More is a slip of the keyboard. */
export const MOST_SEEDS = 10_000;
/** Characters of seeds as typed: as many as the longest list of seeds has, written out. */
export const LONGEST_SEEDS = MOST_SEEDS * "18446744073709551615,".length;
