import { expect, test } from "vitest";
import { AppError } from "../../src-main/wire/errors.ts";
import { Notices } from "../../src-renderer/state/notices.svelte.ts";

const texts = (list: readonly { text: string }[]) => list.map(({ text }) => text);

test("what was done makes room for what is done next; no error is lost for another one", () => {
  const notices = new Notices();
  for (const name of ["a", "b", "c", "d"]) notices.error(new Error(`${name}.png is no PNG`));
  for (const name of ["Exported", "Copied", "Saved"]) notices.done(name);
  expect(texts(notices.doings)).toEqual(["Copied", "Saved"]);
  expect(texts(notices.errors)).toEqual(["a", "b", "c", "d"].map((name) => `${name}.png is no PNG`));
  notices.dismissErrors();
  expect(texts(notices.list)).toEqual(["Copied", "Saved"]);
});

test("the same once more comes to the front, and is there once; what was cancelled is no error", () => {
  const notices = new Notices();
  const first = notices.error(new Error("The disk is full."));
  notices.error(new Error("The engine ended."));
  const again = notices.error(new Error("The disk is full."));
  expect(texts(notices.errors)).toEqual(["The engine ended.", "The disk is full."]);
  expect(again).not.toBe(first);
  expect(notices.error(new AppError("cancelled", "Cancelled.", {}))).toBeUndefined();
  notices.dismiss(again!);
  expect(texts(notices.errors)).toEqual(["The engine ended."]);
});

test("hundreds of errors stay bounded, the newest of them kept", () => {
  const notices = new Notices();
  for (let i = 0; i < 300; i++) notices.warn(`error ${i}`);
  expect(notices.errors).toHaveLength(100);
  expect(notices.errors.at(-1)?.text).toBe("error 299");
});

test("what was done to a document goes with it; what it is not about, and errors, stay", () => {
  const notices = new Notices();
  notices.done("Exported", { label: "Show", run: () => undefined });
  notices.done("Pair: 2 boxes were moved.", { label: "Undo", run: () => undefined, stands: () => true });
  notices.error(new Error("The disk is full."));
  notices.dismissOfDocument();
  expect(texts(notices.list)).toEqual(["Exported", "The disk is full."]);
});
