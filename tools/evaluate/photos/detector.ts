/**
 * Any detector of the YOLO family as an ONNX export: what it finds in a picture. Three forms of output are read, told apart by their
 * shape: boxes before classes in columns (YOLOv8 and later), rows with a confidence for "anything" (YOLOv5 to v7), and rows that are
 * finished detections (YOLOv10 and exports with `nms=True`).
 */
import { readFile } from "node:fs/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import * as ort from "onnxruntime-node";
import type { Pixels } from "../../../src-main/api/engine.ts";
import { bicubic } from "../../../src-main/image/bicubic.ts";
import type { UnitBox } from "../../../src-main/scene/scene.ts";
import { AppError, messageOf } from "../../../src-main/wire/errors.ts";
import { iou } from "../scene.ts";
import { COCO_LABELS } from "./things.ts";

export interface PhotoDetection {
  label: string;
  box: UnitBox;
  /** 0 to 1. */
  confidence: number;
}

/** Boxes below it are left out, as is one that overlaps a surer one of its label by more: what these networks are exported with. */
const LEAST = 0.05;
const MOST_OVERLAP = 0.45;
const MOST_DETECTIONS = 100;
/** Side of the square it sees where the file leaves that open, and the grey around a picture that is no square. */
const SIDE = 640;
const GREY = 114;

export class Detector {
  readonly labels: readonly string[];
  readonly #session: ort.InferenceSession;
  readonly #side: { width: number; height: number };

  private constructor(
    session: ort.InferenceSession,
    labels: readonly string[],
    side: { width: number; height: number },
  ) {
    this.#session = session;
    this.labels = labels;
    this.#side = side;
  }

  /** `labelsFile` has a label a line; without it they are the export's own, or COCO's 80. Throws `file-unreadable`. */
  static async open(file: string, labelsFile?: string): Promise<Detector> {
    const bytes = await readable(file);
    const labels =
      labelsFile === undefined ? labelsIn(bytes) : (await readable(labelsFile)).toString().trim().split(/\r?\n/);
    let session: ort.InferenceSession;
    try {
      session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    } catch (error) {
      throw unusable(file, `ONNX Runtime cannot open it: ${messageOf(error)}`, error);
    }
    const [input] = session.inputMetadata;
    if (session.inputMetadata.length !== 1 || !input?.isTensor || input.shape.length !== 4) {
      await session.release();
      throw unusable(file, "expected one input [1, 3, height, width], as exports of the YOLO family have");
    }
    const known = (n: number | string | undefined) => (typeof n === "number" && n > 0 ? n : SIDE);
    return new Detector(session, labels, { height: known(input.shape[2]), width: known(input.shape[3]) });
  }

  close(): Promise<void> {
    return this.#session.release();
  }

  /** What is in the picture, surest first. */
  async detect(pixels: Pixels): Promise<PhotoDetection[]> {
    const { width, height } = this.#side;
    const scale = Math.min(width / pixels.width, height / pixels.height);
    const [w, h] = [Math.round(pixels.width * scale), Math.round(pixels.height * scale)];
    const [left, top] = [Math.floor((width - w) / 2), Math.floor((height - h) / 2)];
    const rgb = bicubic(pixels, w, h);
    const input = new Float32Array(3 * width * height).fill(GREY / 255);
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        for (let c = 0; c < 3; c++) input[(c * height + top + y) * width + left + x] = rgb[(y * w + x) * 3 + c]! / 255;
      }
    }
    const [inputName] = this.#session.inputNames;
    const [outputName] = this.#session.outputNames;
    const results = await this.#session.run({ [inputName!]: new ort.Tensor("float32", input, [1, 3, height, width]) });
    const output = results[outputName!]!;
    const found = readOutput(output.data as Float32Array, output.dims, this.labels.length);
    const place = ([x0, y0, x1, y1]: Corners): UnitBox => {
      const inside = (value: number) => Math.min(1, Math.max(0, value));
      const [x, y] = [inside((x0 - left) / w), inside((y0 - top) / h)];
      return { x, y, width: inside((x1 - left) / w) - x, height: inside((y1 - top) / h) - y };
    };
    return suppressed(
      found.map(({ corners, label, confidence }) => ({
        label: this.labels[label] ?? `class ${label}`,
        box: place(corners),
        confidence,
      })),
    );
  }
}

type Corners = readonly [x0: number, y0: number, x1: number, y1: number];
interface Raw {
  /** In pixels of the network's input. */
  corners: Corners;
  label: number;
  confidence: number;
}

/** Exported for its test: `dims` is [1, a, b]. Throws `bad-request` for a shape of no known form. */
export function readOutput(data: Float32Array, dims: readonly number[], labels: number): Raw[] {
  const [, a, b] = dims as [number, number, number];
  if (dims.length !== 3 || dims[0] !== 1) throw unknownForm(dims, labels);
  const row = (n: number, k: number) => data[n * b + k]!;
  const column = (n: number, k: number) => data[k * b + n]!;
  if (b === 6 && labels !== 1 && labels !== 2) {
    return each(a, (n) => ({
      corners: [row(n, 0), row(n, 1), row(n, 2), row(n, 3)],
      confidence: row(n, 4),
      label: row(n, 5),
    }));
  }
  if (a === labels + 4) return each(b, (n) => classed(n, column, 4, 1, labels));
  if (b === labels + 5) return each(a, (n) => classed(n, row, 5, row(n, 4), labels));
  throw unknownForm(dims, labels);
}

function each(count: number, of: (n: number) => Raw): Raw[] {
  return Array.from({ length: count }, (_, n) => of(n)).filter(({ confidence }) => confidence >= LEAST);
}

/** A box by its middle and size, with a number for each class from `first` on. */
function classed(n: number, at: (n: number, k: number) => number, first: number, factor: number, labels: number): Raw {
  let best = 0;
  for (let k = 1; k < labels; k++) if (at(n, first + k) > at(n, first + best)) best = k;
  const [x, y, w, h] = [at(n, 0), at(n, 1), at(n, 2), at(n, 3)];
  return {
    corners: [x - w / 2, y - h / 2, x + w / 2, y + h / 2],
    label: best,
    confidence: factor * at(n, first + best),
  };
}

function suppressed(all: PhotoDetection[]): PhotoDetection[] {
  const kept: PhotoDetection[] = [];
  for (const one of all.sort((a, b) => b.confidence - a.confidence)) {
    if (kept.length >= MOST_DETECTIONS) break;
    if (kept.every((other) => other.label !== one.label || iou(other.box, one.box) <= MOST_OVERLAP)) kept.push(one);
  }
  return kept;
}

/** Ultralytics writes `{0: 'person', 1: 'bicycle'}` into the export. */
function labelsIn(bytes: Uint8Array): readonly string[] {
  let text: string | undefined;
  try {
    text = fromBinary(ModelProtoSchema, bytes).metadataProps.find(({ key }) => key === "names")?.value;
  } catch {
    return COCO_LABELS; // ONNX Runtime will say what is wrong with the file
  }
  const labels: string[] = [];
  for (const [, n, , label] of text?.matchAll(/(\d+): (['"])(.*?)\2/g) ?? []) labels[Number(n)] = label!;
  return labels.length > 0 ? Array.from(labels, (label: string | undefined, n) => label ?? `class ${n}`) : COCO_LABELS;
}

async function readable(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new AppError("file-unreadable", `${file} cannot be read: ${messageOf(cause)}`, { path: file }, { cause });
  }
}

function unusable(file: string, why: string, cause?: unknown): AppError {
  return new AppError("file-unreadable", `${file} cannot be used as a detector: ${why}`, { path: file }, { cause });
}

function unknownForm(dims: readonly number[], labels: number): AppError {
  const message = `--detector: its output [${dims.join(", ")}] is of no known form for ${labels} labels; export YOLO with its own labels, or name them with --labels`;
  return new AppError("bad-request", message, { method: "evaluate" });
}
