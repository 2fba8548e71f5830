/** The body of a request, no larger than was agreed, and no more of all requests together than memory is meant for. */
import type { IncomingMessage } from "node:http";
import { LARGEST_BODY } from "./messages.ts";
import { Refusal } from "./errors.ts";

/** Bytes of all bodies that are being read. */
const MOST_IN_FLIGHT = 64 * 2 ** 20;

export class Bodies {
  #inFlight = 0;

  /** The text of a request that says that it is JSON. */
  async text(request: IncomingMessage): Promise<string> {
    const type = request.headers["content-type"] ?? "";
    if (!/^application\/json\s*(;|$)/i.test(type)) {
      throw new Refusal(415, "not-json", `Send a scene as Content-Type: application/json, not “${type}”.`);
    }
    if (request.headers["content-encoding"] !== undefined) {
      throw new Refusal(415, "encoded", "Send the scene as it is, without Content-Encoding.");
    }
    if (Number(request.headers["content-length"] ?? 0) > LARGEST_BODY) throw tooLarge();
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        length += chunk.length;
        this.#inFlight += chunk.length;
        if (length > LARGEST_BODY) throw tooLarge();
        if (this.#inFlight > MOST_IN_FLIGHT) {
          const headers = { "Retry-After": "5" };
          throw new Refusal(503, "busy", "Too many scenes are being sent at once. Try again in a moment.", { headers });
        }
        chunks.push(chunk);
      }
    } finally {
      this.#inFlight -= length;
    }
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
    } catch {
      throw new Refusal(400, "not-json", "The scene is not in UTF-8. Save it as UTF-8, and send it again.");
    }
  }
}

function tooLarge(): Refusal {
  return new Refusal(413, "too-large", `A scene has at most ${LARGEST_BODY / 2 ** 20} MiB.`);
}
