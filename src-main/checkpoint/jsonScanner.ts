/**
 * A strict reader of JSON text that builds no tree: the caller pulls the values it expects and skips the rest. Unlike
 * `JSON.parse` it shows every key of an object, so that duplicates can be refused, and its memory does not grow with
 * hostile input. Grammar: RFC 8259; strings with lone surrogates are refused, as serde_json does.
 */

/** What is wrong with the text, and at which UTF-16 offset. Callers turn it into an error that names the file. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const INTEGER = /^(?:0|[1-9][0-9]*)$/;
/** Nesting allowed in skipped values; the recursion must not reach the end of the stack. */
const MAX_DEPTH = 64;

export class JsonScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  fail(problem: string): never {
    throw new JsonSyntaxError(`${problem} at character ${this.#at} of the JSON text`);
  }

  /** Consumes `{ "key": value, ... }`; `onField` must consume each value. Duplicate keys are for the caller to refuse. */
  object(onField: (key: string) => void): void {
    this.#expect("{");
    if (this.#accept("}")) return;
    do {
      const key = this.string();
      this.#expect(":");
      onField(key);
    } while (this.#accept(","));
    this.#expect("}");
  }

  /** Consumes `[ value, ... ]`; `onItem` must consume each value. */
  array(onItem: (index: number) => void): void {
    this.#expect("[");
    if (this.#accept("]")) return;
    let index = 0;
    do onItem(index++);
    while (this.#accept(","));
    this.#expect("]");
  }

  string(): string {
    this.#space();
    if (this.#text[this.#at] !== '"') this.fail("expected a string");
    const start = this.#at;
    let escaped = false;
    for (let i = start + 1; ; i++) {
      const code = this.#text.charCodeAt(i);
      if (code === 0x22) {
        this.#at = i + 1;
        return escaped ? this.#unescape(start) : this.#text.slice(start + 1, i);
      }
      if (code === 0x5c) {
        escaped = true;
        i++; // whatever follows is not the closing quote
      } else if (!(code >= 0x20)) {
        this.fail("unfinished string, or a control character in it,"); // also NaN, past the end
      }
    }
  }

  /** A whole number of at least 0 that JavaScript holds exactly. */
  wholeNumber(): number {
    const start = this.#at;
    const text = this.#number();
    const value = Number(text);
    if (!INTEGER.test(text) || !Number.isSafeInteger(value)) {
      this.#at = start;
      this.fail(`expected a whole number from 0 to 2^53 - 1, found ${text.slice(0, 40)}`);
    }
    return value;
  }

  /** Consumes `null` if it comes next. */
  acceptNull(): boolean {
    return this.#word("null");
  }

  /** Consumes any value. */
  skip(depth = 0): void {
    if (depth > MAX_DEPTH) this.fail(`nested more than ${MAX_DEPTH} deep`);
    this.#space();
    const first = this.#text[this.#at];
    if (first === "{") this.object(() => this.skip(depth + 1));
    else if (first === "[") this.array(() => this.skip(depth + 1));
    else if (first === '"') this.string();
    else if (!this.#word("true") && !this.#word("false") && !this.#word("null")) this.#number();
  }

  /** Only whitespace may be left. */
  end(): void {
    this.#space();
    if (this.#at < this.#text.length) this.fail("unexpected text");
  }

  #unescape(start: number): string {
    let value: unknown;
    try {
      value = JSON.parse(this.#text.slice(start, this.#at));
    } catch {
      this.fail("bad escape in the string that ends");
    }
    if (typeof value !== "string" || /\p{Surrogate}/u.test(value)) this.fail("lone surrogate in the string that ends");
    return value;
  }

  #number(): string {
    this.#space();
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (!match) this.fail("expected a value");
    this.#at += match[0].length;
    return match[0];
  }

  #word(word: string): boolean {
    this.#space();
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #expect(mark: string): void {
    if (!this.#accept(mark)) this.fail(`expected ${mark}`);
  }

  #accept(mark: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }
}
