/** Requests to the hub: redirects looked at one by one, the token sent to nobody else, answers bounded, failures in words. */
import { AppError } from "../../wire/errors.ts";

export interface HubAddress {
  /** Of the hub or a mirror of it, without a slash at its end. */
  url: string;
  /** Of the person's account, where they gave one. */
  token?: string | undefined;
}

export type Fetch = typeof fetch;

/** Bytes of an answer in JSON or text: a repository of ten thousand files has five million. */
const LARGEST_ANSWER = 16 * 2 ** 20;
const MOST_REDIRECTS = 5;
/** Until an answer begins, in milliseconds. */
const PATIENCE = 30_000;

/**
 * As `fetch`, for `@huggingface/hub` and for files. `signal` ends the body, too. A redirect may lead to another host, as large files do
 * lie elsewhere, but not from https to http, and never with the token.
 */
export function hubFetch(
  { url: hub, token }: HubAddress,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Fetch {
  return async (input, init = {}) => {
    let address = new URL(input instanceof Request ? input.url : input);
    const origin = new URL(hub).origin;
    for (let redirects = 0; ; redirects++) {
      const headers = new Headers(init.headers);
      headers.delete("Authorization");
      if (token !== undefined && address.origin === origin) headers.set("Authorization", `Bearer ${token}`);
      const { response } = await begin(address, { ...init, headers, redirect: "manual" }, signal);
      const location = response.headers.get("Location");
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
      await response.body?.cancel();
      const next = new URL(location, address);
      if (redirects >= MOST_REDIRECTS) throw failure(`${origin} leads from one address to the next without end.`);
      if (!/^https?:$/.test(next.protocol) || (address.protocol === "https:" && next.protocol === "http:")) {
        throw failure(`${origin} leads to ${next.origin}, which is not a safe address.`);
      }
      address = next;
    }
  };
}

async function begin(
  address: URL,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<{ response: Response }> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${PATIENCE / 1000} seconds`)), PATIENCE);
  try {
    const signals = [late.signal, ...(signal ? [signal] : [])];
    return { response: await fetch(address, { ...init, signal: AbortSignal.any(signals) }) };
  } catch (error) {
    signal?.throwIfAborted();
    throw failure(
      `${address.origin} does not answer (${reasonOf(error)}). Is this machine connected to the internet?`,
      undefined,
      error,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** The same for answers that are read whole: more than 16 MB are refused as they come. */
export function boundedFetch(address: HubAddress, signal?: AbortSignal): Fetch {
  const send = hubFetch(address, { signal });
  return async (input, init) => {
    const response = await send(input, init);
    const stated = Number(response.headers.get("Content-Length") ?? 0);
    if (stated > LARGEST_ANSWER) {
      await response.body?.cancel();
      throw tooLarge(address.url);
    }
    let read = 0;
    const counted = response.body?.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          read += chunk.length;
          if (read > LARGEST_ANSWER) controller.error(tooLarge(address.url));
          else controller.enqueue(chunk);
        },
      }),
    );
    const { status, statusText, headers } = response;
    const isEmpty = [101, 204, 205, 304].includes(status);
    return new Response(isEmpty ? null : (counted ?? null), { status, statusText, headers });
  };
}

function tooLarge(hub: string): AppError {
  return failure(
    `${hub} sent an answer of more than ${LARGEST_ANSWER / 2 ** 20} MB, which no list of files has. It was not read.`,
  );
}

export function failure(message: string, status?: number, cause?: unknown, repo = ""): AppError<"hub-failed"> {
  return new AppError("hub-failed", message, { repo, ...(status === undefined ? {} : { status }) }, { cause });
}

/** Of an error of `fetch`, which hides why in its cause. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error) return "code" in cause && cause.message === "" ? String(cause.code) : cause.message;
  return String(cause);
}

/** What a refusal means for a person. `entry` is the hub's own word in `X-Error-Code`. */
export function refusal(
  repo: string,
  hub: string,
  status: number,
  entry: string | null,
  hasToken: boolean,
): AppError<"hub-failed"> {
  const page = `${hub}/${repo}`;
  const say = (message: string) => failure(message, status, undefined, repo);
  if (status === 404 || entry === "RepoNotFound") {
    const spelling = "Check its spelling: owner/name, as in the address of its page.";
    const isPrivate = hasToken
      ? ""
      : " If it is private, put a token of your account under “Token and mirror” in Models.";
    return say(`There is no model ${repo} at ${hub}. ${spelling}${isPrivate}`);
  }
  if (status === 401) {
    return say(
      hasToken
        ? `${hub} does not accept your token. Make a new one there (Settings, Access Tokens), and put it under “Token and mirror” in Models.`
        : `${repo} wants an account: accept its conditions at ${page}, then put a token of that account under “Token and mirror” in Models.`,
    );
  }
  if (status === 403) {
    return say(
      `Your account may not have ${repo}. Accept its conditions at ${page} with the account of your token; its makers may have to agree.`,
    );
  }
  if (status === 451) return say(`${repo} is not offered for legal reasons.`);
  if (status === 429) return say(`${hub} was asked too often. Try again in some minutes.`);
  if (status >= 500) return say(`${hub} has a fault of its own (${status}). Try again later.`);
  return say(`${hub} refused ${repo} (${status}).`);
}
