/**
 * Pairing by a short code that one side shows and the other types: CPace (draft-irtf-cfrg-cpace) over ristretto255. Both sides show
 * that they know the code without telling anything of it, bound to the two certificates as each side has seen them: who stands
 * in between has other certificates, and gets one guess with each try, none of which can be made without the person's machines.
 */
import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js";

/** Digits of a code, in two groups as they are read out. */
export const CODE_DIGITS = 8;

export function newCode(): string {
  const digits = String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, "0");
  return `${digits.slice(0, CODE_DIGITS / 2)} ${digits.slice(CODE_DIGITS / 2)}`;
}

/** As people type it: spaces and dashes mean nothing. Undefined where it is no code. */
export function readCode(typed: string): string | undefined {
  const digits = typed.replace(/[\s\u2010-\u2015-]/g, "");
  return /^\d+$/.test(digits) && digits.length === CODE_DIGITS ? digits : undefined;
}

/** Fingerprints of the certificates (SHA-256, hexadecimal) as one side sees them. */
export interface Ends {
  host: string;
  client: string;
}

/** What both sides prove. */
export interface Proofs {
  client: Uint8Array;
  host: Uint8Array;
}

/** One side's part of one try. */
export class PairingSecret {
  readonly #scalar: bigint;
  /** What the other side gets: 32 bytes. */
  readonly share: Uint8Array;

  constructor(code: string, ends: Ends) {
    const seed = hash("CPaceRistretto255", readCode(code) ?? "", `diorama-pairing-1|${ends.host}|${ends.client}`);
    const generator = ristretto255_hasher.deriveToCurve!(seed);
    this.#scalar = ristretto255_hasher.hashToScalar(randomBytes(64));
    this.share = generator.multiply(this.#scalar).toBytes();
  }

  /** What either side has to show, given the shares of both; undefined where the other's is none. */
  proofs(shares: { host: Uint8Array; client: Uint8Array }, other: "host" | "client"): Proofs | undefined {
    const { Point } = ristretto255;
    let common;
    try {
      common = Point.fromBytes(Uint8Array.from(shares[other])).multiply(this.#scalar);
    } catch {
      return undefined; // no point, or none that anything can be agreed with
    }
    if (common.is0()) return undefined;
    const key = hash("CPaceRistretto255_ISK", common.toBytes(), shares.client, shares.host);
    const proof = (side: string) => createHmac("sha256", key).update(side).digest();
    return { client: proof("client"), host: proof("host") };
  }
}

/** Whether a proof is the one that is expected, in a time that tells nothing of where it is not. */
export function isProof(given: Uint8Array, expected: Uint8Array): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** SHA-512 of parts, each behind its length. */
function hash(...parts: (string | Uint8Array)[]): Buffer {
  const digest = createHash("sha512");
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    digest.update(length).update(bytes);
  }
  return digest.digest();
}
