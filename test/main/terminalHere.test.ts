/** The installed program as a command: which one is asked for. */
import { expect, test } from "vitest";
import { commandWords } from "../../src-main/main/terminalHere.ts";

test.each([
  [["diorama"], undefined],
  [["diorama", "picture.diorama"], undefined],
  [["diorama", "--engine", "--listen"], { command: "engine", words: ["--listen"] }],
  [
    ["diorama", "--ozone-platform=headless", "--worker", "--queue", "env"],
    { command: "worker", words: ["--queue", "env"] },
  ],
])("%j", (argv, asked) => expect(commandWords(argv)).toEqual(asked));
