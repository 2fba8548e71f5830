/** The messages of an ONNX model that is written: nodes, what values are, and numbers as bytes. */
import { create } from "@bufbuild/protobuf";
import type { NodeProto, ValueInfoProto } from "onnx-buf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { invariant } from "../../wire/errors.ts";
import { halvesOf } from "../float16.ts";
import type { DType, Shape } from "../graph.ts";
import { ONNX_TYPE, type OnnxAttributes } from "./form.ts";

/** Little-endian, as a TensorProto holds them. */
export function rawBytes(data: readonly number[], dtype: DType): Uint8Array<ArrayBuffer> {
  switch (dtype) {
    case "float32":
      return new Uint8Array(Float32Array.from(data).buffer);
    case "float16":
      return new Uint8Array(halvesOf(data).buffer);
    case "int64":
      return new Uint8Array(BigInt64Array.from(data, BigInt).buffer);
    case "int32":
      return new Uint8Array(Int32Array.from(data).buffer);
    case "bool":
      return Uint8Array.from(data);
    case "bfloat16":
      invariant(false, "bfloat16 constants are not used");
  }
}

/** A node; real attributes are given as `{ float }`. */
export function proto(
  op: string,
  inputs: readonly string[],
  outputs: string[],
  attributes: OnnxAttributes = {},
  domain = "",
): NodeProto {
  const attribute = Object.entries(attributes).map(([name, v]) => {
    if (typeof v === "number") {
      return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(v) });
    }
    if (typeof v === "string") {
      const s = new TextEncoder().encode(v);
      return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
    }
    if ("float" in v) {
      return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: v.float });
    }
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: v.map(BigInt) });
  });
  return create(NodeProtoSchema, {
    opType: op,
    domain,
    name: outputs[0]!,
    input: [...inputs],
    output: outputs,
    attribute,
  });
}

/** What a value is; of any shape where none is given. */
export function info(name: string, dtype: DType, shape?: Shape): ValueInfoProto {
  const dim = shape?.map((n) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(n) } }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: ONNX_TYPE[dtype],
    ...(dim ? { shape: create(TensorShapeProtoSchema, { dim }) } : {}),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } }),
  });
}
