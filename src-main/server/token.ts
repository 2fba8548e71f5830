/** The token that every request must carry: made once, kept in a file that only its owner can read, compared in constant time. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, fchmodSync, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, messageOf } from "../wire/errors.ts";

/** Random bytes of a token that is made here. */
const BYTES = 32;
/** Characters of a token that somebody wrote: shorter ones can be guessed. */
const SHORTEST = 24;
const LONGEST = 512;

export interface Token {
  /** Whether a request brought it. */
  matches(given: string): boolean;
  /** The token itself where it was made just now: the one time that it is shown. */
  made?: string;
}

/** The token of a file, which is made where there is none. */
export function tokenOf(file: string): Token {
  const made = makeToken(file);
  const token = made ?? readToken(file);
  const digest = digestOf(token);
  return {
    // Of digests: they have one length, whatever was sent.
    matches: (given) => timingSafeEqual(digestOf(given), digest),
    ...(made === undefined ? {} : { made }),
  };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Undefined where there is a file already: two that start at once agree on one token. */
function makeToken(file: string): string | undefined {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const opened = openSync(file, "wx", 0o600);
    try {
      if (process.platform !== "win32") fchmodSync(opened, 0o600); // whatever the mask of new files is
      const token = randomBytes(BYTES).toString("base64url");
      writeFileSync(opened, `${token}\n`);
      return token;
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw problem(file, `cannot be written: ${messageOf(error)}. Name another file with --token-file.`, error);
  }
}

function readToken(file: string): string {
  let text: string;
  let mode: number;
  try {
    const opened = openSync(file, "r");
    try {
      const status = fstatSync(opened);
      if (!status.isFile()) throw new Error("it is no file");
      if (status.size > 4 * LONGEST) throw new Error("it is too long for a token");
      mode = status.mode;
      text = readFileSync(opened, "utf8").trim();
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    throw problem(file, `cannot be read: ${messageOf(error)}. Name another file with --token-file.`, error);
  }
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw problem(file, `can be read by others on this machine. Run chmod 600 on it, or delete it for a new one.`);
  }
  if (text.length < SHORTEST || text.length > LONGEST || /[^\x21-\x7e]/.test(text)) {
    const rule = `a token has ${SHORTEST} to ${LONGEST} letters, digits and signs without spaces`;
    throw problem(file, `holds no token: ${rule}. Delete it, and one is made.`);
  }
  return text;
}

function problem(file: string, what: string, cause?: unknown): AppError<"file-unreadable"> {
  return new AppError("file-unreadable", `The token’s file ${file} ${what}`, { path: file }, { cause });
}
