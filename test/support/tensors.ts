/** Reads whole tensors of golden files. */
import { readFileSync } from "node:fs";
import { floatsOf } from "../../src-main/graph/float16.ts";

export interface Tensor {
  shape: number[];
  data: Float32Array<ArrayBuffer>;
}

const READERS: Record<string, (buffer: ArrayBuffer) => Float32Array<ArrayBuffer>> = {
  F32: (buffer) => new Float32Array(buffer),
  F16: (buffer) => floatsOf(new Uint16Array(buffer)),
  I64: (buffer) => Float32Array.from(new BigInt64Array(buffer), Number),
  I32: (buffer) => Float32Array.from(new Int32Array(buffer)),
  U8: (buffer) => Float32Array.from(new Uint8Array(buffer)),
};

/** Every tensor of a safetensors file as float32, and its metadata. */
export function readTensors(file: string): { tensors: Map<string, Tensor>; metadata: Record<string, string> } {
  const bytes = readFileSync(file);
  const size = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + size).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const { __metadata__: metadata = {}, ...entries } = header as typeof header & {
    __metadata__?: Record<string, string>;
  };
  const tensors = new Map<string, Tensor>();
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [start, end],
    },
  ] of Object.entries(entries)) {
    const buffer = new Uint8Array(bytes.subarray(8 + size + start, 8 + size + end)).buffer;
    tensors.set(name, { shape, data: (READERS[dtype] ?? READERS.F32)!(buffer) });
  }
  return { tensors, metadata: metadata };
}
