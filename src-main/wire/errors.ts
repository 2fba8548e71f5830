/**
 * What can go wrong outside the program, as a closed list of codes with typed details, and how an error crosses a
 * process boundary. Programming errors are `invariant` failures, never caught to go on.
 */

/** The facts each code carries; the message is composed from them by the thrower. */
export interface ErrorDetails {
  /** A file or folder is missing, unreadable or not what its name says. */
  "file-unreadable": { path: string };
  /** A checkpoint part is broken: bad header, missing tensor, wrong shape, unsupported architecture. */
  "checkpoint-invalid": { path: string; key?: string; expected?: string; found?: string };
  /** A scene, project, request or message has a wrong field; `at` is the field's path such as `boxes[1].phrase`. */
  "scene-invalid": { at: string };
  /** A PNG or its embedded settings cannot be read. */
  "image-invalid": { path?: string };
  /** An execution provider cannot be used here. `alternatives` can. */
  "provider-unavailable": { provider: string; alternatives: string[] };
  /** The hub refused, does not answer, or sent what it should not have. `status`: of HTTP, where it answered. */
  "hub-failed": { repo: string; status?: number };
  /** Another machine, by name or address, cannot be drawn on, and why; the message says what to do. */
  "machine-failed": { machine: string; why: MachineTrouble };
  /** A pool, a queue on Redis, cannot be reached, or what came from it is not what was asked for. */
  "pool-failed": { address: string };
  /** What was kept of an unfinished picture is damaged, of another version, or of another picture: its seed can be drawn from the start. */
  "state-invalid": { why: "damaged" | "version" | "other" };
  /** Memory ran out, or would. */
  "out-of-memory": { neededBytes?: number; freeBytes?: number };
  /** The caller cancelled. */
  cancelled: Record<string, never>;
  /** A service process ended while it worked for the caller. */
  "service-crashed": { service: string; exitCode: number | null; signal: string | null };
  /** A method or message that the contract does not have, or arguments that break it. */
  "bad-request": { method: string };
  /** A project file is broken, foreign or from a newer version. */
  "project-invalid": { path: string };
  /** Something asked for by id no longer exists. */
  "not-found": { what: string; id: string };
  /** A bug of ours: an `invariant` that failed. */
  internal: Record<string, never>;
}

/** What stands between this machine and another one. */
export type MachineTrouble =
  /** Nothing answers there, or the connection was lost. */
  | "unreachable"
  /** It was not asked for a code, the code is another one, or was tried too often. */
  | "pairing-closed"
  | "wrong-code"
  /** It does not know this machine, or does not any more. */
  | "unpaired"
  | "revoked"
  /** Its certificate is not the one that was paired with. */
  | "certificate"
  /** It speaks another version of the protocol. */
  | "version"
  /** It cannot let anybody in now. */
  | "busy"
  /** It said what the protocol does not allow. */
  | "foreign";

export type ErrorCode = keyof ErrorDetails;

/** An error a person can act on: the message says what is wrong, where, and what to do next. */
export class AppError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "AppError";
  readonly code: Code;
  readonly details: ErrorDetails[Code];

  constructor(code: Code, message: string, details: ErrorDetails[Code], options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** True when `error` is an `AppError`, of `code` where one is given. */
export function isAppError<Code extends ErrorCode>(error: unknown, code?: Code): error is AppError<Code> {
  return error instanceof AppError && (code === undefined || error.code === code);
}

/** Throws an internal error when `condition` does not hold; the message says what was expected and what came. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AppError("internal", `internal: ${message}`, {});
}

/** What a thrown value says, whatever it is. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same with where it was thrown, for those who look for its cause. */
export function stackOf(error: unknown): string {
  return error instanceof Error && error.stack ? error.stack : messageOf(error);
}

/** An error as it crosses a process boundary. */
export interface WireError {
  code: ErrorCode;
  message: string;
  details: ErrorDetails[ErrorCode];
  stack?: string;
}

/** Makes any thrown value sendable; what is no `AppError` becomes `internal`. */
export function toWire(error: unknown): WireError {
  if (isAppError(error)) {
    return {
      code: error.code,
      message: error.message,
      details: error.details,
      ...(error.stack ? { stack: error.stack } : {}),
    };
  }
  return {
    code: "internal",
    message: messageOf(error),
    details: {},
    ...(error instanceof Error && error.stack ? { stack: error.stack } : {}),
  };
}

/** The error on the receiving side, again an `AppError`. */
export function fromWire(wire: WireError): AppError {
  const error = new AppError(wire.code, wire.message, wire.details);
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
