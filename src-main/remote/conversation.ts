/** What is said with another machine over a session: calls and their answers, and what it tells by itself; each looked at by its schema. */
import * as v from "valibot";
import { type Client, connect, type Connection, type Port } from "../wire/rpc.ts";
import { answerSchema, answerSchemas, eventSchemas, type RemoteApi, type RemoteEvents } from "./contract.ts";
import { machineFailed } from "./dial.ts";
import { Session } from "./session.ts";

export type OnEvent = <Name extends Exclude<keyof RemoteEvents, "info">>(name: Name, event: RemoteEvents[Name]) => void;

export interface Conversation {
  id: string;
  session: Session;
  api: Connection<RemoteApi, RemoteEvents>;
}

export interface ConversationOptions {
  /** Bytes that may wait until the other side has heard them. */
  mostKept: number;
  onEvent: OnEvent;
  /** Anything that it says of itself. */
  onInfo: (info: unknown) => void;
  /** It said what the protocol does not allow. */
  onForeign: (what: string) => void;
  /** More waits for it than `mostKept`. */
  onOverflow: () => void;
}

export function beginConversation(id: string, options: ConversationOptions): Conversation {
  const { mostKept, onEvent, onInfo, onForeign, onOverflow } = options;
  const session = new Session({ mostKept, isFleeting: () => false, onOverflow });
  const api = connect<RemoteApi, RemoteEvents>(checked(session.port, onForeign));
  api.on("info", onInfo);
  for (const name of ["loading", "step", "image", "state"] as const) {
    api.on(name, (payload) => {
      const parsed = v.safeParse<v.GenericSchema>(eventSchemas[name], payload, { abortEarly: true });
      if (parsed.success) onEvent(name, parsed.output as RemoteEvents[typeof name]);
      else onForeign(`${name}: ${parsed.issues[0].message}`);
    });
  }
  return { id, session, api };
}

/** What is no answer of `serve` ends the session before anybody hears it. */
function checked(port: Port, onForeign: (what: string) => void): Port {
  return {
    post: (message) => port.post(message),
    onClose: (listener) => port.onClose(listener),
    onMessage: (listener) =>
      port.onMessage((message) => {
        const parsed = v.safeParse(answerSchema, message, { abortEarly: true });
        if (parsed.success) listener(parsed.output);
        else onForeign(parsed.issues[0].message);
      }),
  };
}

/** Asks for something; `machine-failed` where what comes is no answer to it. */
export async function askOver<Method extends keyof RemoteApi>(
  { api: { api } }: Conversation,
  machine: string,
  method: Method,
  request: Parameters<RemoteApi[Method]>[0],
  signal?: AbortSignal,
): Promise<Awaited<ReturnType<RemoteApi[Method]>>> {
  const send = api[method] as Client<Record<string, (request: unknown) => Promise<unknown>>>[string];
  const answer = await send(request, signal ? { signal } : {});
  const parsed = v.safeParse<v.GenericSchema>(answerSchemas[method], answer, { abortEarly: true });
  if (parsed.success) return parsed.output as Awaited<ReturnType<RemoteApi[Method]>>;
  throw machineFailed(machine, "foreign", `(${method}: ${parsed.issues[0].message})`);
}
