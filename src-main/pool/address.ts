/** The address of a pool's Redis or Valkey: `redis[s]://user:password@host:port/database`, and what of it may be shown. */
import { isIP } from "node:net";
import { AppError, messageOf } from "../wire/errors.ts";

/** Characters of an address. */
export const LONGEST_ADDRESS = 1_000;

export interface PoolAddress {
  host: string;
  port: number;
  tls: boolean;
  user: string | undefined;
  password: string | undefined;
  database: number;
}

/** Reads an address; `bad-request` says what is wrong with it, without its password. */
export function readAddress(text: string): PoolAddress {
  const wrong = (why: string) =>
    new AppError(
      "bad-request",
      `The pool's address ${why}. It is written redis://user:password@host:6379, or rediss://… where the server wants TLS.`,
      { method: "pool" },
    );
  if (text.length > LONGEST_ADDRESS) throw wrong(`has more than ${LONGEST_ADDRESS} characters`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong("cannot be read");
  }
  if (url.protocol !== "redis:" && url.protocol !== "rediss:") throw wrong(`begins with ${url.protocol}//`);
  if (url.hostname === "") throw wrong("names no host");
  const database = url.pathname.replace(/^\//, "");
  if (!/^\d{0,4}$/.test(database)) throw wrong("ends with something that is no number of a database");
  const part = (name: string, encoded: string) => {
    try {
      return encoded === "" ? undefined : decodeURIComponent(encoded);
    } catch {
      throw wrong(`has a ${name} whose % signs cannot be read (write %25 for a %)`);
    }
  };
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || "6379"),
    tls: url.protocol === "rediss:",
    user: part("user", url.username),
    password: part("password", url.password),
    database: Number(database || "0"),
  };
}

/** The address as it may be shown, logged and kept: without the password. */
export function shownAddress({ host, port, tls, user, database }: PoolAddress): string {
  const name = user === undefined ? "" : `${encodeURIComponent(user)}@`;
  const place = host.includes(":") ? `[${host}]` : host;
  return `redis${tls ? "s" : ""}://${name}${place}:${port}${database === 0 ? "" : `/${database}`}`;
}

/** A text without the password of an address, wherever it stands in it. */
export function withoutPassword(text: string, { password }: PoolAddress): string {
  if (password === undefined) return text;
  return [password, encodeURIComponent(password)].reduce((left, secret) => left.replaceAll(secret, "…"), text);
}

/** `ca`: certificates (PEM) that the server's is signed by, where the system does not know them. */
export function connectionOptions(address: PoolAddress, ca?: string) {
  const { host, port, tls, user, password, database } = address;
  return {
    ...{ host, port, db: database },
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: { ...(isIP(host) ? {} : { servername: host }), ...(ca === undefined ? {} : { ca }) } } : {}),
  };
}

/** Codes of OpenSSL for certificates that nobody here vouches for. */
const UNKNOWN_CERTIFICATES = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
];

/** Why a pool cannot be reached, for people: what it said, and what to do. `answersOtherwise`: with TLS where it was asked without, or the reverse. */
export function connectionProblem(
  error: unknown,
  address: PoolAddress,
  answersOtherwise = false,
): AppError<"pool-failed"> {
  const where = shownAddress(address);
  const { code = "" } = error as NodeJS.ErrnoException;
  const said = withoutPassword(messageOf(error), address);
  const tell = (problem: string) => new AppError("pool-failed", problem, { address: where }, { cause: said });
  if (answersOtherwise && !address.tls) {
    return tell(`The server at ${where} wants TLS. Write its address with rediss:// in place of redis://.`);
  }
  if (/WRONGPASS|invalid (username|password)/i.test(said)) {
    const who = address.user === undefined ? "" : ` for the user ${address.user}`;
    return tell(`The pool at ${where} refuses the password${who}. Ask whoever runs it for the right one.`);
  }
  if (/NOAUTH/.test(said)) {
    return tell(`The pool at ${where} wants a password: redis${address.tls ? "s" : ""}://user:password@host.`);
  }
  if (/NOPERM/.test(said)) return tell(`The user of ${where} may not do that there (${said}). See docs/pool.md.`);
  if (answersOtherwise || /wrong version number|packet length too long|ERR_SSL/i.test(`${code} ${said}`)) {
    return tell(
      `The server at ${where} does not speak TLS. Write its address with redis:// in place of rediss://, or switch TLS on there: without it passwords and pictures can be read on the way.`,
    );
  }
  if (UNKNOWN_CERTIFICATES.includes(code)) {
    return tell(
      `The certificate of ${where} is signed by nobody whom this computer knows. Give the certificate that signed it: in the window under “Certificate of its server”, on a command line with --queue-ca FILE.pem.`,
    );
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return tell(`The certificate of ${where} is for another name (${said}). Write the address with that name.`);
  }
  if (code === "CERT_HAS_EXPIRED") return tell(`The certificate of ${where} has expired. Whoever runs it renews it.`);
  if (code === "ECONNREFUSED") {
    return tell(`Nothing listens at ${where}. Is Redis started there, and does it listen on that address?`);
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return tell(`There is no computer called ${address.host}.`);
  if (code === "ETIMEDOUT" || /timed? ?out/i.test(said)) {
    return tell(`The pool at ${where} does not answer. Is the computer on, and does a firewall let this one in?`);
  }
  return tell(`The pool at ${where} cannot be reached: ${said}`);
}
