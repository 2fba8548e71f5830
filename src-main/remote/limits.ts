/** How long and how much strangers, guests and sessions may take; in milliseconds and bytes. Tests have less patience. */
export interface Limits {
  /** For the handshake of TLS, for the request behind it, for the first word of a connection, and for all of a pairing. */
  greeting: number;
  /** Without a byte from the other side a connection is given up after this; half of it is how often it is asked for one. */
  silence: number;
  /** A session without a connection is kept for this. */
  absence: number;
  /** What a session owes, and what of that keeps it from beginning another picture. */
  owed: number;
  enough: number;
  /** Connections in all, and of strangers from one address. */
  connections: number;
  strangers: number;
  /** How long a code is good, and how many tries it has. */
  code: number;
  tries: number;
}

export const LIMITS: Limits = {
  greeting: 10_000,
  silence: 30_000,
  absence: 10 * 60_000,
  owed: 256 * 2 ** 20,
  enough: 64 * 2 ** 20,
  connections: 64,
  strangers: 8,
  code: 5 * 60_000,
  tries: 5,
};
