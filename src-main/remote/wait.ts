/** One message of a WebSocket at a time, for greetings, in which each side waits for the other; and what a session needs of it later. */
import type { RawData, WebSocket } from "ws";
import { FrameError } from "./scan.ts";
import type { Line } from "./session.ts";

/** A WebSocket was closed, or said nothing, where a word was waited for. */
export class ClosedError extends Error {
  override readonly name = "ClosedError";
  /** The WebSocket's close code; undefined where it was silent. */
  readonly code: number | undefined;
  constructor(message: string, code?: number) {
    super(message);
    this.code = code;
  }
}

/** A WebSocket as a session's line. */
export function lineOf(socket: WebSocket): Line {
  return {
    send: (frame) => socket.send(frame),
    get waiting() {
      return socket.bufferedAmount;
    },
  };
}

/** Bytes of a binary message. */
export function bytesOf(data: RawData, isBinary: boolean): Uint8Array {
  if (!isBinary) throw new FrameError("it is text");
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/** The next message; rejects where none comes in time, or where none can come any more. */
export function nextMessage(socket: WebSocket, patience: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      clearTimeout(timer);
      socket.off("message", onMessage);
      socket.off("close", onClose);
      socket.off("error", onError);
      done();
    };
    const onMessage = (data: RawData, isBinary: boolean) => {
      settle(() => {
        if (isBinary) resolve(bytesOf(data, isBinary));
        else reject(new FrameError("it is text"));
      });
    };
    const onClose = (code: number) => settle(() => reject(new ClosedError("the connection was closed", code)));
    const onError = (error: Error) => settle(() => reject(error));
    const timer = setTimeout(() => settle(() => reject(new ClosedError("no word came in time"))), patience);
    socket.on("message", onMessage);
    socket.on("close", onClose);
    socket.on("error", onError);
    if (socket.readyState !== socket.OPEN) onClose(1_006);
  });
}
