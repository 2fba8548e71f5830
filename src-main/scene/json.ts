/**
 * JSON with errors a person can find: line, column and what stood there. `JSON.parse` reads; only when it refuses does a parser that
 * goes on after errors look for the place, because the message of V8 names it in some cases only and other engines word it differently.
 */
import { printParseErrorCode, visit } from "jsonc-parser";

/** Where and why a text is not JSON; lines and columns count from 1. */
export interface JsonProblem {
  line: number;
  column: number;
  message: string;
}

interface Fault {
  offset: number;
  message: string;
}
type Code = ReturnType<typeof printParseErrorCode>;

/** Nesting beyond this is no file of ours; the parser is recursive. */
const DEEPEST = 200;

/** The value of a JSON text, a leading byte order mark allowed, or where it goes wrong. */
export function readJson(text: string): { value: unknown } | { problem: JsonProblem } {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  try {
    return { value: JSON.parse(source) as unknown };
  } catch (error) {
    const found = findFault(source) ?? { offset: source.length, message: (error as Error).message };
    const lines = source.slice(0, found.offset).split(/\r\n|\n|\r/);
    return { problem: { line: lines.length, column: lines.at(-1)!.length + 1, message: found.message } };
  }
}

class TooDeep extends Error {}

/** The first thing that is wrong. */
function findFault(source: string): Fault | undefined {
  /** What closes the objects and lists that are open. */
  const open: ("}" | "]")[] = [];
  const errors: { code: Code; offset: number; length: number; close: string | undefined }[] = [];
  let begun = 0;
  const begin = (close: "}" | "]") => (offset: number) => {
    begun = offset;
    if (open.push(close) > DEEPEST + 1) throw new TooDeep();
  };
  const end = () => void open.pop();
  try {
    visit(
      source,
      {
        onObjectBegin: begin("}"),
        onArrayBegin: begin("]"),
        onObjectEnd: end,
        onArrayEnd: end,
        onError: (code, offset, length) =>
          void errors.push({ code: printParseErrorCode(code), offset, length, close: open.at(-1) }),
      },
      { disallowComments: true, allowTrailingComma: false },
    );
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    if (errors.length === 0) return { offset: begun, message: "nested too deeply" };
  }
  const [first, second] = errors;
  if (!first) return undefined;
  // A word that is no JSON is followed by what should have stood there.
  const code = first.code === "InvalidSymbol" && second ? second.code : first.code;
  return describe(source, { ...first, code });
}

function describe(
  source: string,
  fault: { code: Code; offset: number; length: number; close: string | undefined },
): Fault {
  const { code, offset, length, close = "}" } = fault;
  const say = (message: string, at = offset): Fault => ({ offset: at, message });
  const found = at(source, offset);
  const before = lastBefore(source, offset);
  if (/[}\]]/.test(source[offset] ?? "") && source[before] === ",") {
    return say(`the comma before "${source[offset]!}" is one too many`, before);
  }
  switch (code) {
    case "InvalidCommentToken":
    case "UnexpectedEndOfComment":
      return say(`unexpected ${found}; JSON has no comments`);
    case "PropertyNameExpected":
      return say(`expected a field name in double quotes, found ${found}${hint(source, offset)}`);
    case "ValueExpected":
      if (source[before] === "{") return describe(source, { ...fault, code: "PropertyNameExpected" });
      return say(`expected a value, found ${found}${hint(source, offset)}`);
    case "ColonExpected":
      return say(`expected ":" after the field name, found ${found}`);
    case "CommaExpected":
    case "CloseBraceExpected":
    case "CloseBracketExpected":
      return say(`expected "," or "${close}", found ${found}${hint(source, offset)}`);
    case "EndOfFileExpected":
      return say(`unexpected ${found} after the end of the value`);
    case "UnexpectedEndOfString":
      return /[\n\r]/.test(source[offset + length] ?? "")
        ? say("a line break inside a text; is a closing quote missing?", offset + length)
        : say("the text that begins here is never closed");
    case "InvalidEscapeCharacter":
    case "InvalidUnicode":
      return say('unknown escape; write a backslash as "\\\\"', unknownEscape(source, offset, length));
    case "InvalidCharacter":
      return say("a control character inside the text that begins here");
    case "UnexpectedEndOfNumber":
    case "InvalidNumberFormat":
      return say(`expected a value, found the unfinished number ${source.slice(offset, offset + length)}`);
    case "InvalidSymbol":
    case "<unknown ParseErrorCode>":
      return say(`unexpected ${found}${hint(source, offset)}`);
  }
}

/** Where in a text's token the first escape stands that JSON does not know. */
function unknownEscape(source: string, offset: number, length: number): number {
  for (const { 0: escape, index } of source.slice(offset, offset + length).matchAll(/\\(?:u[0-9a-fA-F]{4}|[^])?/g)) {
    if (!/^\\(?:["\\/bfnrt]|u.)/.test(escape)) return offset + index;
  }
  return offset;
}

/** The place of the last character before `offset` that is no space; -1 where there is none. */
function lastBefore(source: string, offset: number): number {
  let i = offset - 1;
  while (i >= 0 && " \t\n\r".includes(source[i]!)) i--;
  return i;
}

function at(source: string, i: number): string {
  return i >= source.length ? "the end of the file" : JSON.stringify(String.fromCodePoint(source.codePointAt(i)!));
}

function hint(source: string, i: number): string {
  if (source[i] === "'" || source[i] === "“" || source[i] === "”") return '; texts stand in double quotes, "…"';
  return "";
}
