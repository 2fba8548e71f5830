/**
 * Messages between machines as bytes: MessagePack with one extension, for maps of attention. Nothing in it makes objects of classes,
 * shares references or runs code; what a message may be at most is looked at before anything is made of it.
 */
import { Decoder, Encoder, ExtensionCodec } from "@msgpack/msgpack";
import { messageOf } from "../wire/errors.ts";
import { type Bounds, checkShape, FrameError } from "./scan.ts";

/** A scene of 64 painted regions with the course of their obedience is below half of this. */
export const MESSAGE_BOUNDS: Bounds = { depth: 32, values: 400_000 };
/** Before anybody is known. */
export const GREETING_BOUNDS: Bounds = { depth: 3, values: 40 };
/** Bytes of a message between machines that know each other: a state at its largest, and what goes with it. */
export const LARGEST_MESSAGE = 72 * 2 ** 20;
export const LARGEST_GREETING = 4_096;

const FLOATS = 1;
const extensionCodec = new ExtensionCodec();
extensionCodec.register({
  type: FLOATS,
  // MessagePack's own numbers are big-endian and nine bytes each; these are little-endian float32.
  encode: (value) => {
    if (!(value instanceof Float32Array)) return null;
    const bytes = new Uint8Array(value.length * 4);
    const view = new DataView(bytes.buffer);
    for (const [i, number] of value.entries()) view.setFloat32(i * 4, number, true);
    return bytes;
  },
  decode: (bytes) => {
    if (bytes.length % 4 !== 0) throw new FrameError("its numbers end in the middle of one");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
  },
});

const encoder = new Encoder({ extensionCodec, ignoreUndefined: true, maxDepth: MESSAGE_BOUNDS.depth + 1 });
const decoder = new Decoder({ extensionCodec });

export function encode(message: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(message);
}

/** What `bytes` say; throws `FrameError` with what is wrong. */
export function decode(bytes: Uint8Array, bounds: Bounds = MESSAGE_BOUNDS): unknown {
  checkShape(bytes, bounds);
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new FrameError(messageOf(error));
  }
}
