/** What handlers and promises throw without anybody catching it: told, because a click that silently does nothing is worse. */
import { messageOf } from "@wire/errors.ts";
import type { Notices } from "./notices.svelte.ts";

/** Listens until the function returned is called. */
export function listenToFaults(notices: Notices, target: Window): () => void {
  const tell = (fault: unknown) => {
    const text = `Diorama made a mistake, and what you just did may not have happened: ${messageOf(fault)}`;
    notices.error(new Error(text, { cause: fault }));
  };
  // Chromium's own reports, such as of an observer that was called too often, carry no error.
  const error = ({ error: fault }: ErrorEvent) => {
    if (fault instanceof Error) tell(fault);
  };
  const rejection = ({ reason }: PromiseRejectionEvent) => tell(reason);
  target.addEventListener("error", error);
  target.addEventListener("unhandledrejection", rejection);
  return () => {
    target.removeEventListener("error", error);
    target.removeEventListener("unhandledrejection", rejection);
  };
}
