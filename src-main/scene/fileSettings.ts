/** What a scene says of each LoRA and each embedding of its lists, one row each as in settings.ts. */
import { LONGEST_FILE_NAME, LONGEST_PATH } from "./limits.ts";
import type { Row } from "./rows.ts";

export const PATH = {
  kind: "text",
  longest: LONGEST_PATH,
  pattern: String.raw`^[^\0]+$`,
  expected: "a file's path",
} as const;
/** A name that is more than white space. */
const NAME = { kind: "text", longest: LONGEST_FILE_NAME, pattern: String.raw`^[^\0]*[^\0\s][^\0]*$` } as const;
export const SHA256 = {
  kind: "text",
  longest: 64,
  pattern: "^[0-9a-f]{64}$",
  expected: "a SHA-256 in hexadecimal",
} as const;

/** A LoRA of a scene's list: a small file that changes the checkpoint. */
export const LORA_SETTINGS = {
  /** Of its file, without folder and ending, as `<lora:name:0.8>` calls it. */
  name: {
    ...NAME,
    expected: `a text of 1 to ${LONGEST_FILE_NAME} characters`,
    about: "Of its file, without ending, as <lora:name:0.8> calls it.",
  },
  /** The file; missing where it is known by name and hash alone, as in a picture's settings. */
  path: { ...PATH, about: "Its file, seen from the folder of the scene.", nothing: undefined },
  /** Factor on what it changes. A tag in the prompt may go further than the list. */
  strength: {
    kind: "number",
    min: -2,
    max: 2,
    usual: 1,
    about: "How strongly it counts: 1 is as it was trained, less than 0 its opposite.",
    label: "Strength",
    help: "How strongly it counts: 1 is as it was trained, less than 0 its opposite.",
    undo: "Change LoRA strength",
    slider: { step: 0.05 },
  },
  /** Off does nothing, unless the prompt asks for it. */
  on: { kind: "boolean", usual: true, about: "false keeps it in the list and does nothing with it." },
  /** SHA-256 of its weights in hexadecimal (checkpoint/lora/numbers.ts), where it is known. */
  hash: { ...SHA256, about: "SHA-256 of its weights in hexadecimal.", nothing: undefined },
} as const satisfies Record<string, Row>;

/** An embedding (textual inversion) of a scene's list: a small file of vectors that a word of the prompts stands for. */
export const EMBEDDING_SETTINGS = {
  /** The word, in any case: its file's name without folder and ending. */
  name: { ...NAME, expected: "its word in prompts", about: "The word of the prompts that it is." },
  /** The file; missing where it is known by name and hash alone, as in a picture's settings. */
  path: { ...PATH, about: "Its file, seen from the folder of the scene.", nothing: undefined },
  /** SHA-256 of the file in hexadecimal, where it is known. */
  hash: { ...SHA256, about: "SHA-256 of the file in hexadecimal.", nothing: undefined },
} as const satisfies Record<string, Row>;
