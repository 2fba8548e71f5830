/** What makers write into a file's header, made fit to be shown: their text may be anything, and any amount. */

/** Characters of a value that are shown; `ss_tag_frequency` alone has megabytes. */
const LONGEST = 2_000;
const MOST_ENTRIES = 200;
const MOST_IN_ALL = 100_000;
/** Bytes of a picture in a header; ModelSpec asks for at most 256 x 256. */
const LARGEST_THUMBNAIL = 2 * 2 ** 20;
const THUMBNAIL = "modelspec.thumbnail";

/** Control characters, and those that turn the direction of writing around, would let a text pass for another. */
const INVISIBLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/** Specified fields first, then what the training wrote, then the rest; each in its own order, cut short. */
export function boundedMetadata(metadata: ReadonlyMap<string, string>): { key: string; value: string }[] {
  const rank = (key: string) => (key.startsWith("modelspec.") ? 0 : key.startsWith("ss_") ? 1 : 2);
  const entries: { key: string; value: string }[] = [];
  let room = MOST_IN_ALL;
  for (const [key, value] of [...metadata].sort(([a], [b]) => rank(a) - rank(b))) {
    if (key === THUMBNAIL || entries.length >= MOST_ENTRIES || room <= 0) continue;
    const entry = { key: cut(key, 100), value: cut(value, Math.min(LONGEST, room)) };
    room -= entry.key.length + entry.value.length;
    entries.push(entry);
  }
  return entries;
}

function cut(text: string, most: number): string {
  const whole = text.slice(0, most + 1).replace(INVISIBLE, " ");
  return whole.length > most ? `${whole.slice(0, most)}…` : whole;
}

/** The bytes of a JPEG, PNG or WebP in the metadata, as they stand there; undefined where there is none, or none that is small. */
export function thumbnailOf(metadata: ReadonlyMap<string, string>): Uint8Array<ArrayBuffer> | undefined {
  const text = metadata.get(THUMBNAIL);
  if (text === undefined || text.length > LARGEST_THUMBNAIL) return undefined;
  const data = /^data:image\/(?:jpeg|jpg|png|webp);base64,([A-Za-z0-9+/=]+)$/.exec(text)?.[1];
  return data === undefined ? undefined : new Uint8Array(Buffer.from(data, "base64"));
}
