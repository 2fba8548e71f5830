/** What two machines say to each other beneath calls and events: greetings, pairing, and the numbered messages of a session. */
import * as v from "valibot";

/** Goes up with every change that an older program would misunderstand. */
export const PROTOCOL = 2;

export const PORT = 7493;
/** The service's type in mDNS. */
export const SERVICE_TYPE = "diorama-engine";
/** Paths of the WebSocket's address. */
export const PATHS = { pair: "/pair", engine: "/engine" } as const;
/** In the answer to a connection that is refused: why, one of REFUSALS. */
export const REFUSAL_HEADER = "x-diorama-refusal";

export const REFUSALS = ["pairing-closed", "wrong-code", "unpaired", "revoked", "version", "busy", "foreign"] as const;
export type Refusal = (typeof REFUSALS)[number];

/** WebSocket close codes of our own. */
export const CLOSED = { refused: 4_403, foreign: 4_400, replaced: 4_409, leaving: 4_410 } as const;

export const LONGEST_NAME = 64;
/** What a machine calls itself: one line of what can be seen. */
export const machineName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(LONGEST_NAME),
  v.regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u, "expected a name in one line"),
);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const version = v.pipe(v.string(), v.maxLength(40));
const bytes = (length: number) =>
  v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length, `expected ${length} bytes`);
const sessionId = v.pipe(v.string(), v.regex(/^[0-9a-f-]{36}$/));

/** The versions of both sides come first in both greetings, in all versions: what follows them may be another. */
export const greetingSchema = v.looseObject({ kind: v.string(), protocol: count, app: version });

export const helloSchema = v.strictObject({
  kind: v.literal("hello"),
  protocol: v.literal(PROTOCOL),
  app: version,
  /** The session that is taken up again, and how far it was heard. */
  session: v.nullable(sessionId),
  received: count,
});

export const welcomeSchema = v.strictObject({
  kind: v.literal("welcome"),
  protocol: v.literal(PROTOCOL),
  app: version,
  session: sessionId,
  /** Whether it is the session that was asked for. */
  resumed: v.boolean(),
  received: count,
});
export type Welcome = v.InferOutput<typeof welcomeSchema>;

export const refusedSchema = v.object({
  kind: v.literal("refused"),
  why: v.picklist(REFUSALS),
  protocol: v.optional(count),
  app: v.optional(version),
  left: v.optional(count),
});
export type Refused = v.InferOutput<typeof refusedSchema>;

/** `number` 0: may be lost. Others come in order, each once. `received`: what the sender has of the other side. */
export const dataSchema = v.strictObject({
  kind: v.literal("data"),
  number: count,
  received: count,
  message: v.unknown(),
});
export const ackSchema = v.strictObject({ kind: v.literal("ack"), received: count });
export const frameSchema = v.variant("kind", [dataSchema, ackSchema]);
export type Frame = v.InferOutput<typeof frameSchema>;

export const pairHelloSchema = v.strictObject({
  kind: v.literal("pair"),
  protocol: v.literal(PROTOCOL),
  app: version,
  name: machineName,
  share: bytes(32),
});
export const pairShareSchema = v.strictObject({
  kind: v.literal("share"),
  protocol: v.literal(PROTOCOL),
  app: version,
  share: bytes(32),
});
export const pairConfirmSchema = v.strictObject({ kind: v.literal("confirm"), proof: bytes(32) });
export const pairedSchema = v.strictObject({
  kind: v.literal("paired"),
  proof: bytes(32),
  name: machineName,
});
