/** Numbers of a tensor as they lie in a file, little-endian, for the few that are read here and not by ONNX Runtime. */
import type { StoredType } from "./header.ts";

const READERS: Partial<Record<StoredType, (view: DataView, at: number) => number>> = {
  F64: (view, at) => view.getFloat64(at, true),
  F32: (view, at) => view.getFloat32(at, true),
  F16: (view, at) => view.getFloat16(at, true),
  BF16: (view, at) => bfloat16(view.getUint16(at, true)),
  I64: (view, at) => Number(view.getBigInt64(at, true)),
  I32: (view, at) => view.getInt32(at, true),
};
const WIDTHS: Partial<Record<StoredType, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4 };

const widened = new DataView(new ArrayBuffer(4));

function bfloat16(bits: number): number {
  widened.setUint32(0, bits << 16);
  return widened.getFloat32(0);
}

/** The numbers in `bytes`, or undefined where they are of a type that is not read. */
export function decodeNumbers(bytes: Uint8Array, type: StoredType): number[] | undefined {
  const [read, width] = [READERS[type], WIDTHS[type]];
  if (!read || width === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / width) }, (_, i) => read(view, i * width));
}

/** Whether all of these numbers are numbers: none is infinite or not a number. Undefined where the type has no such. */
export function allFinite(bytes: Buffer<ArrayBuffer>, type: StoredType): boolean | undefined {
  const { buffer, byteOffset, byteLength } = bytes;
  if (type === "F32") {
    const words = new Uint32Array(buffer, byteOffset, byteLength / 4);
    for (let i = 0; i < words.length; i++) if ((words[i]! & 0x7f800000) === 0x7f800000) return false;
    return true;
  }
  const exponent = type === "F16" ? 0x7c00 : type === "BF16" ? 0x7f80 : undefined;
  if (exponent === undefined) return undefined;
  const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
  for (let i = 0; i < halves.length; i++) if ((halves[i]! & exponent) === exponent) return false;
  return true;
}
