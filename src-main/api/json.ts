/**
 * JSON with errors a person can find: line, column and what stood there. `JSON.parse` reads; only when it refuses
 * does the scanner below look for the place, because the message of V8 names it in some cases only and other engines
 * word it differently.
 */

/** Where and why a text is not JSON; lines and columns count from 1. */
export interface JsonProblem {
  line: number;
  column: number;
  message: string;
}

/** Nesting beyond this is no file of ours; the scanner is recursive. */
const DEEPEST = 200;

/** The value of a JSON text, a leading byte order mark allowed, or where it goes wrong. */
export function readJson(text: string): { value: unknown } | { problem: JsonProblem } {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  try {
    return { value: JSON.parse(source) as unknown };
  } catch (error) {
    const found = findSyntaxError(source) ?? { offset: source.length, message: (error as Error).message };
    const lines = source.slice(0, found.offset).split(/\r\n|\n|\r/);
    return { problem: { line: lines.length, column: lines.at(-1)!.length + 1, message: found.message } };
  }
}

class SyntaxProblem extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

function findSyntaxError(source: string): { offset: number; message: string } | undefined {
  try {
    const end = skipSpace(source, scanValue(source, 0, 0));
    if (end < source.length) throw new SyntaxProblem(end, `unexpected ${at(source, end)} after the end of the value`);
    return undefined;
  } catch (error) {
    if (error instanceof SyntaxProblem) return error;
    throw error;
  }
}

/** Each `scan…` starts at the first character of its value and returns the offset after it. */
function scanValue(source: string, from: number, depth: number): number {
  const i = skipSpace(source, from);
  if (depth > DEEPEST) throw new SyntaxProblem(i, "nested too deeply");
  if (source[i] === "{") return scanList(source, i, "}", depth);
  if (source[i] === "[") return scanList(source, i, "]", depth);
  if (source[i] === '"') return scanString(source, i);
  const literal = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
  literal.lastIndex = i;
  if (literal.test(source)) return literal.lastIndex;
  throw new SyntaxProblem(i, `expected a value, found ${at(source, i)}${hint(source, i)}`);
}

function scanList(source: string, open: number, close: "}" | "]", depth: number): number {
  let i = skipSpace(source, open + 1);
  if (source[i] === close) return i + 1;
  for (;;) {
    if (close === "}") {
      if (source[i] !== '"') {
        throw new SyntaxProblem(i, `expected a field name in double quotes, found ${at(source, i)}${hint(source, i)}`);
      }
      i = skipSpace(source, scanString(source, i));
      if (source[i] !== ":") throw new SyntaxProblem(i, `expected ":" after the field name, found ${at(source, i)}`);
      i++;
    }
    i = skipSpace(source, scanValue(source, i, depth + 1));
    if (source[i] === close) return i + 1;
    if (source[i] !== ",")
      throw new SyntaxProblem(i, `expected "," or "${close}", found ${at(source, i)}${hint(source, i)}`);
    const comma = i;
    i = skipSpace(source, i + 1);
    if (source[i] === close) throw new SyntaxProblem(comma, `the comma before "${close}" is one too many`);
  }
}

function scanString(source: string, open: number): number {
  for (let i = open + 1; i < source.length; i++) {
    const code = source.charCodeAt(i);
    if (code === 0x22) return i + 1;
    if (code < 0x20)
      throw new SyntaxProblem(i, "a line break or control character inside a text; is a closing quote missing?");
    if (code !== 0x5c) continue;
    if (!/^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(source.slice(i + 1, i + 6))) {
      throw new SyntaxProblem(i, 'unknown escape; write a backslash as "\\\\"');
    }
    i++;
  }
  throw new SyntaxProblem(open, "the text that begins here is never closed");
}

function skipSpace(source: string, from: number): number {
  let i = from;
  while (i < source.length && " \t\n\r".includes(source[i]!)) i++;
  return i;
}

function at(source: string, i: number): string {
  return i >= source.length ? "the end of the file" : JSON.stringify(String.fromCodePoint(source.codePointAt(i)!));
}

function hint(source: string, i: number): string {
  if (source.startsWith("//", i) || source.startsWith("/*", i)) return "; JSON has no comments";
  if (source[i] === "'" || source[i] === "“" || source[i] === "”") return '; texts stand in double quotes, "…"';
  return "";
}
