/** Answers one call of a window: method known, request as its schema says, then the handler; errors keep their details. */
import * as v from "valibot";
import { toWire, type WireError } from "../wire/errors.ts";
import type { BridgeReply } from "../api/main.ts";
import { badRequest, describe, type Handlers, type Schemas } from "../wire/rpc.ts";

type AnyHandler = (request: unknown, context: { signal: AbortSignal }) => unknown;

export async function answer<Api>(
  handlers: Handlers<Api>,
  schemas: Schemas<Api>,
  method: unknown,
  request: unknown,
): Promise<BridgeReply> {
  try {
    const name = String(method);
    if (typeof method !== "string" || !Object.hasOwn(handlers, method) || !Object.hasOwn(schemas, method)) {
      throw badRequest(name, `There is no method "${name}".`);
    }
    const parsed = v.safeParse((schemas as Record<string, v.GenericSchema>)[method]!, request, {
      abortEarly: true,
    });
    if (!parsed.success) {
      throw badRequest(method, `The request to "${method}" is not valid: ${describe(parsed.issues[0])}`);
    }
    const handler = (handlers as Record<string, AnyHandler>)[method]!;
    return { ok: true, value: await handler(parsed.output, { signal: NEVER }) };
  } catch (error) {
    return { ok: false, error: withoutStack(error) };
  }
}

/** An error as a page gets it: it has no use for our paths. */
export function withoutStack(error: unknown): WireError {
  const { code, message, details } = toWire(error);
  return { code, message, details };
}

/** Calls of windows are not aborted: long work has its own `cancel`. */
const NEVER = new AbortController().signal;
