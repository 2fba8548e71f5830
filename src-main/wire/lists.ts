/** Lists of bounded length in requests, files and messages: how many there are is looked at before what they are. */
import * as v from "valibot";

/** A list of at most `most` items; `message` says so. One that is too long costs nothing to refuse, whatever is in it. */
export function listOf<const Item extends v.GenericSchema>(
  item: Item,
  most: number,
  message = `expected at most ${most} items`,
) {
  const isShort = (value: unknown) => !Array.isArray(value) || value.length <= most;
  return v.pipe(v.custom<v.InferInput<Item>[]>(isShort, message), v.array(item));
}

/** Values and characters that a page may send with one call. Drafts and lists of ids are far below. */
const MOST_VALUES = 200_000;
const MOST_CHARACTERS = 16_000_000;

/** Whether a request is small enough to be handed to another process at all. Looks at no more of it than that. */
export function isModest(request: unknown): boolean {
  let [values, characters] = [0, 0];
  const waiting: unknown[] = [request];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (++values > MOST_VALUES || characters > MOST_CHARACTERS) return false;
    if (typeof value === "string") characters += value.length;
    else if (ArrayBuffer.isView(value)) characters += value.byteLength;
    else if (Array.isArray(value)) {
      if (value.length > MOST_VALUES) return false;
      for (const item of value) waiting.push(item);
    } else if (typeof value === "object" && value !== null) {
      for (const [name, item] of Object.entries(value)) {
        characters += name.length;
        waiting.push(item);
      }
    }
  }
  return characters <= MOST_CHARACTERS;
}
