/**
 * Connects to another machine: TLS with this machine's certificate, and the other's looked at before a word is said. What goes wrong
 * is told in words for a person.
 */
import { connect, type TLSSocket } from "node:tls";
import { WebSocket } from "ws";
import * as v from "valibot";
import { AppError, isAppError, type MachineTrouble, messageOf } from "../wire/errors.ts";
import { decode, encode, GREETING_BOUNDS, LARGEST_GREETING, LARGEST_MESSAGE } from "./codec.ts";
import { fingerprintOf, type Identity } from "./identity.ts";
import type { Limits } from "./limits.ts";
import { isProof, PairingSecret } from "./pairingCode.ts";
import {
  pairedSchema,
  pairShareSchema,
  PATHS,
  PORT,
  PROTOCOL,
  refusedSchema,
  REFUSAL_HEADER,
  REFUSALS,
  type Refusal,
  CLOSED,
} from "./protocol.ts";
import { ClosedError, nextMessage } from "./wait.ts";

export interface Address {
  host: string;
  port: number;
}

/** `host`, `host:port`, `[v6]:port`; `bad-request` where it is none. */
export function readAddress(typed: string): Address {
  const text = typed
    .trim()
    .replace(/^\w+:\/\//, "")
    .replace(/\/+$/, "");
  const found = /^(?:\[([0-9a-f:.%\w]+)\]|([^\s:/[\]@]+)|([0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*))(?::(\d{1,5}))?$/i.exec(
    text,
  );
  const host = found?.[1] ?? found?.[2] ?? found?.[3];
  const port = found?.[4] === undefined ? PORT : Number(found[4]);
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  const message = `“${typed.slice(0, 100)}” is no address. Expected one such as 192.168.1.20, workstation.local or workstation:${PORT}.`;
  throw new AppError("bad-request", message, { method: "pairMachine" });
}

export function showAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const WORDS: Record<MachineTrouble, (name: string) => string> = {
  unreachable: (name) =>
    `${name} does not answer. Is it on, in the same network, and does Diorama's engine listen there (npm run engine -- --listen)?`,
  "pairing-closed": (name) =>
    `${name} shows no code now: it was used, took too long, or was typed wrong too often. Let it show another one (Enter there, or --pair) and type that.`,
  "wrong-code": (name) =>
    `That is not the code that ${name} shows, or something between the two machines has other certificates. Look at the code again.`,
  unpaired: (name) => `${name} does not know this machine. Pair them again.`,
  revoked: (name) => `${name} has revoked this machine. Whoever sits there can let it show a code to pair again.`,
  certificate: (name) =>
    `What answers at the address of ${name} has another certificate than the machine that was paired. Either its data folder was removed, or this is another machine. Forget it and pair again only if you know why.`,
  version: (name) =>
    `${name} has another version of Diorama, which speaks another protocol. Install the same version on both machines.`,
  busy: (name) => `${name} cannot let anybody in now; its engine says why there. Try again in a moment.`,
  foreign: (name) => `What answers at the address of ${name} is no engine of Diorama, or does not say what it should.`,
};

export function machineFailed(
  machine: string,
  why: MachineTrouble,
  more = "",
  cause?: unknown,
): AppError<"machine-failed"> {
  const message = `${WORDS[why](machine)}${more && ` ${more}`}`;
  return new AppError("machine-failed", message, { machine, why }, { cause });
}

/** Of two programs that do not understand each other, which is older. */
export function otherVersion(machine: string, there: { protocol?: number | undefined; app?: string | undefined }) {
  const { protocol, app } = there;
  const which = protocol === undefined ? "" : `It speaks version ${protocol}, this machine version ${PROTOCOL}.`;
  return machineFailed(machine, "version", `${which}${app ? ` Diorama ${app} runs there.` : ""}`);
}

export interface DialOptions extends Address {
  name: string;
  identity: Identity;
  /** The certificate that it must have; left out to pair. */
  fingerprint?: string;
  path: (typeof PATHS)[keyof typeof PATHS];
  limits: Pick<Limits, "greeting">;
  signal?: AbortSignal;
}

export interface Dialled {
  socket: WebSocket;
  wire: TLSSocket;
  fingerprint: string;
}

/** An open WebSocket to the machine. */
export async function dial(options: DialOptions): Promise<Dialled> {
  const { name, path, limits } = options;
  const wire = await openWire(options);
  const fingerprint = fingerprintOf(wire);
  const isOther = options.fingerprint !== undefined && fingerprint !== options.fingerprint;
  if (fingerprint === undefined || isOther) {
    wire.destroy();
    throw machineFailed(name, fingerprint === undefined ? "foreign" : "certificate");
  }
  const maxPayload = path === PATHS.pair ? LARGEST_GREETING : LARGEST_MESSAGE;
  const socket = new WebSocket(`ws://diorama${path}`, {
    ...{ createConnection: () => wire, perMessageDeflate: false, maxPayload, handshakeTimeout: limits.greeting },
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("unexpected-response", (request, response) => {
      const said = response.headers[REFUSAL_HEADER];
      request.destroy();
      reject(machineFailed(name, REFUSALS.find((why) => why === said) ?? "foreign"));
    });
    socket.once("error", (error) => reject(machineFailed(name, "foreign", "", error)));
    wire.once("close", () => reject(machineFailed(name, "unreachable")));
  });
  socket.on("error", () => socket.terminate()); // too large, or no WebSocket's frame: the close tells
  return { socket, wire, fingerprint };
}

/** TLS alone: whose certificate it is, its caller decides. */
function openWire({ host, port, name, identity, limits, signal }: DialOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const { key, cert } = identity;
    // Whom to believe is not for authorities to say: the fingerprint is compared.
    const wire = connect({
      host,
      port,
      key,
      cert,
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
      servername: "diorama",
    });
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const give = (why: MachineTrouble, cause?: unknown) => {
      settle();
      wire.destroy();
      reject(machineFailed(name, why, "", cause));
    };
    const timer = setTimeout(() => give("unreachable"), limits.greeting);
    const abort = () => give("unreachable");
    signal?.addEventListener("abort", abort, { once: true });
    wire.once("secureConnect", () => {
      settle();
      wire.setNoDelay(true);
      resolve(wire);
    });
    wire.once("error", (error: NodeJS.ErrnoException) =>
      give(error.code?.startsWith("ERR_SSL") ? "foreign" : "unreachable", error),
    );
    wire.once("close", () => give("unreachable"));
  });
}

/** What was said in place of an answer, in words; undefined where it is none of that. */
export function refusalIn(name: string, word: unknown): AppError | undefined {
  const refused = v.safeParse(refusedSchema, word);
  if (!refused.success) return undefined;
  const { why, left } = refused.output;
  if (why === "version") return otherVersion(name, refused.output);
  const more =
    left === undefined ? "" : left > 0 ? `${left} more tries.` : "That was the last try: let it show another code.";
  return machineFailed(name, why, more);
}

/** A greeting's answer by its schema, or what stands in its place, thrown. */
export async function answerOf<Schema extends v.GenericSchema>(
  socket: WebSocket,
  name: string,
  schema: Schema,
  patience: number,
): Promise<v.InferOutput<Schema>> {
  try {
    const word = decode(await nextMessage(socket, patience), GREETING_BOUNDS);
    const parsed = v.safeParse(schema, word);
    if (parsed.success) return parsed.output;
    throw refusalIn(name, word) ?? machineFailed(name, "foreign");
  } catch (error) {
    if (isAppError(error)) throw error;
    if (error instanceof ClosedError) throw machineFailed(name, closedWhy(error.code), "", error);
    throw machineFailed(name, "foreign", messageOf(error), error);
  }
}

/** Why a connection was closed, by its close code. */
export function closedWhy(code: number | undefined, reason = ""): MachineTrouble {
  if (code === CLOSED.refused) return REFUSALS.find((why): why is Refusal => why === reason) ?? "revoked";
  return code === CLOSED.foreign ? "foreign" : "unreachable";
}

/** Pairs with the machine at an address; gives its name and the certificate to know it by. */
export async function pair(
  { host, port, identity, limits }: Pick<DialOptions, "host" | "port" | "identity" | "limits">,
  code: string,
  own: { name: string; app: string },
): Promise<{ name: string; fingerprint: string }> {
  const at = showAddress({ host, port });
  const { socket, fingerprint } = await dial({ host, port, identity, limits, name: at, path: PATHS.pair });
  try {
    const secret = new PairingSecret(code, { host: fingerprint, client: identity.fingerprint });
    socket.send(encode({ kind: "pair", protocol: PROTOCOL, ...own, share: secret.share }));
    const { share } = await answerOf(socket, at, pairShareSchema, limits.greeting);
    const proofs = secret.proofs({ host: share, client: secret.share }, "host");
    if (!proofs) throw machineFailed(at, "foreign");
    socket.send(encode({ kind: "confirm", proof: proofs.client }));
    const paired = await answerOf(socket, at, pairedSchema, limits.greeting);
    if (!isProof(paired.proof, proofs.host)) throw machineFailed(at, "wrong-code");
    return { name: paired.name, fingerprint };
  } finally {
    socket.close(1_000);
    setTimeout(() => socket.terminate(), 500).unref();
  }
}
