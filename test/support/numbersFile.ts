/** Safetensors files of given numbers. */
import { halvesOf } from "../../src-main/graph/float16.ts";

export interface GivenTensor {
  shape: readonly number[];
  numbers: Float32Array;
  type?: "F32" | "F16" | "BF16";
}

export function numbersFile(tensors: Record<string, GivenTensor>): Buffer {
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [key, { shape, numbers, type = "F32" }] of Object.entries(tensors)) {
    const bytes = bytesOf(numbers, type);
    header[key] = { dtype: type, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
    parts.push(bytes);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

function bytesOf(numbers: Float32Array, type: "F32" | "F16" | "BF16"): Uint8Array {
  if (type === "F32") return new Uint8Array(Float32Array.from(numbers).buffer);
  if (type === "F16") return new Uint8Array(halvesOf(numbers).buffer);
  const bits = new Uint32Array(Float32Array.from(numbers).buffer);
  return new Uint8Array(Uint16Array.from(bits, (word) => word >>> 16).buffer);
}
