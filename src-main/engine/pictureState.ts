/**
 * The state of a picture between two steps as bytes: all that the rest of it follows from, so that a run that goes on from there draws the
 * same bits as one that was never stopped. About 64 KB for each array of a latent of 512 x 512 pixels; samplers carry none to four more.
 *
 * Layout, all numbers little-endian as on every machine that Node runs on: "Diostate", the version and the header's length as uint32, the
 * header (JSON), zeros up to a multiple of 8, the arrays in the header's order each filled up to 8, SHA-256 of all of this.
 */
import { createHash } from "node:crypto";
import * as v from "valibot";
import { LIMITS } from "../api/engineMessages.ts";
import { type GeneratorPosition, TorchGenerator } from "../sampling/random.ts";
import type { Memory, Numbers, SamplerPosition } from "../sampling/sampler.ts";
import type { Seed } from "../scene/scene.ts";
import { AppError, invariant } from "../wire/errors.ts";
import { listOf } from "../wire/lists.ts";

/** Of the form of these bytes; one more whenever the arithmetic of a step changes, too: the same state must draw the same bits. */
export const STATE_VERSION = 1;
const MAGIC = "Diostate";
const CHECKSUM = 32;
const PREFIX = MAGIC.length + 8;
/** Bytes; far above what is made here: names of arrays, ids of boxes and four hashes. */
const LONGEST_HEADER = 100_000;

/** What a state belongs to: a state goes on only where all of it is the same. */
export interface StateIdentity {
  /** SHA-256 of the scene as it is told (embeddings and LoRAs by their hashes), in hexadecimal. */
  scene: string;
  seed: Seed;
  /** Checkpoints by what they are called, and by their weights. */
  model: { name: string; hash: string; prediction: string };
  /** What computes, and in which numbers. */
  device: string;
}

export interface PictureState {
  identity: StateIdentity;
  /** Steps done. */
  step: number;
  /** Spent on them. */
  seconds: number;
  latent: Float32Array;
  sampler: SamplerPosition;
  generator: GeneratorPosition;
  /** What the layout's method carries from step to step, by name. */
  method: Readonly<Memory>;
  /** What it began with besides noise, by name; of a picture that goes on from another one. */
  start: Readonly<Memory>;
  /** By step done, by region id. */
  obedience: Record<string, number>[];
}

/** Types of arrays by what a header calls them. */
const TYPES = { f32: Float32Array, f64: Float64Array, u32: Uint32Array } as const;
type ArrayType = keyof typeof TYPES;
type Values = Float32Array | Float64Array | Uint32Array;

const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));
const text = v.pipe(v.string(), v.maxLength(LIMITS.path));
const headerSchema = v.strictObject({
  identity: v.strictObject({
    scene: text,
    seed: text,
    model: v.strictObject({ name: text, hash: text, prediction: text }),
    device: text,
  }),
  step: count(LIMITS.steps),
  seconds: v.pipe(v.number(), v.minValue(0)),
  /** The evaluation that comes next. */
  next: count(2 * LIMITS.steps),
  /** Words of the generator that are used up. */
  used: count(1_000),
  regions: listOf(text, LIMITS.regions),
  /** Name, type and number of values. Names may repeat: `sampler.history` thrice is a history of three, the newest first. */
  arrays: listOf(v.tuple([text, v.picklist(Object.keys(TYPES) as ArrayType[]), count(2 ** 26)]), 100),
});
type Header = v.InferOutput<typeof headerSchema>;

export function encodeState(state: PictureState): Uint8Array<ArrayBuffer> {
  const { identity, step, seconds, latent, sampler, generator, method, start, obedience } = state;
  const regions = Object.keys(obedience[0] ?? {});
  const arrays: [name: string, values: Values][] = [
    ["latent", latent],
    ["generator", generator.words],
    ["spare", Float64Array.from(generator.spare === undefined ? [] : [generator.spare])],
    ["obedience", Float64Array.from(obedience.flatMap((each) => regions.map((id) => each[id]!)))],
    ...namedArrays("sampler", sampler.memory),
    ...namedArrays("method", method),
    ...namedArrays("start", start),
  ];
  const told = arrays.map(([name, values]): Header["arrays"][number] => [name, typeOf(values), values.length]);
  const header: Header = { identity, step, seconds, next: sampler.next, used: generator.used, regions, arrays: told };
  const json = Buffer.from(JSON.stringify(header));
  invariant(json.length <= LONGEST_HEADER, `a state's header of ${json.length} bytes`);
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(STATE_VERSION, 0);
  lengths.writeUInt32LE(json.length, 4);
  const parts = [Buffer.concat([Buffer.from(MAGIC), lengths, json]), ...arrays.map(([, values]) => bytesOf(values))];
  const body = Buffer.concat(parts.flatMap((part) => [part, Buffer.alloc(filling(part.length))]));
  return new Uint8Array(Buffer.concat([body, sha256(body)]));
}

/** Steps done, and what it belongs to, by the header alone: what is asked of many. Throws as `decodeState`. */
export function glanceAtState(bytes: Uint8Array): Pick<PictureState, "step" | "identity"> {
  return headerOf(bytes).header;
}

/** Throws `state-invalid`, `damaged` or `version`, where nothing can go on from these bytes. */
export function decodeState(bytes: Uint8Array): PictureState {
  const { header, end } = headerOf(bytes);
  const body = bytes.subarray(0, bytes.length - CHECKSUM);
  if (!sha256(body).equals(bytes.subarray(body.length))) throw damaged("its checksum is another");
  const { identity, step, seconds, next, used, regions, arrays } = header;
  const groups = new Map<string, Values[]>();
  let at = end + filling(end);
  for (const [name, type, length] of arrays) {
    const size = length * TYPES[type].BYTES_PER_ELEMENT;
    if (at + size > body.length) throw damaged("it is shorter than it says");
    const values = new TYPES[type](body.slice(at, at + size).buffer);
    groups.set(name, [...(groups.get(name) ?? []), values]);
    at += size + filling(size);
  }
  if (at !== body.length) throw damaged("it is longer than it says");
  const latent = groups.get("latent")?.[0];
  const words = groups.get("generator")?.[0];
  const told = groups.get("obedience")?.[0];
  if (!(latent instanceof Float32Array) || !(words instanceof Uint32Array) || told?.length !== step * regions.length) {
    throw damaged("an array that it needs is not in it");
  }
  return {
    identity,
    step,
    seconds,
    latent,
    sampler: { next, memory: memoryOf(groups, "sampler", latent.length) },
    generator: { words, used, spare: groups.get("spare")?.[0]?.[0] },
    method: memoryOf(groups, "method"),
    start: memoryOf(groups, "start", latent.length),
    obedience: Array.from({ length: step }, (_, i) =>
      Object.fromEntries(regions.map((id, k) => [id, told[i * regions.length + k]!])),
    ),
  };
}

/** The state of `bytes`, if it is one of `identity`; else `state-invalid` with what it belongs to instead. */
export function stateFor(identity: StateIdentity, bytes: Uint8Array): PictureState {
  const state = decodeState(bytes);
  const { scene, seed, model, device } = state.identity;
  const begun = (how: string) =>
    new AppError("state-invalid", `This unfinished picture was begun ${how}. Draw its seed from the start.`, {
      why: "other",
    });
  if (model.hash !== identity.model.hash) {
    const isNamesake = model.name === identity.model.name;
    throw begun(isNamesake ? `with another checkpoint called ${model.name}` : `with the checkpoint ${model.name}`);
  }
  if (model.prediction !== identity.model.prediction)
    throw begun("with the checkpoint's prediction read in another way");
  if (device !== identity.device) throw begun(`on another device (${device}, now ${identity.device})`);
  if (seed !== identity.seed) throw begun(`from another seed (${seed})`);
  if (scene !== identity.scene) throw begun("from another scene, or with other LoRAs or embeddings");
  return state;
}

/** What tells scenes apart, whatever the order in which their fields are told. */
export function sceneHash(scene: object): string {
  const json = JSON.stringify(scene, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(json).digest("hex");
}

/** The header, and where it ends. */
function headerOf(bytes: Uint8Array): { header: Header; end: number } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < PREFIX + CHECKSUM || view.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw damaged("it does not begin as one");
  }
  const version = view.readUInt32LE(MAGIC.length);
  if (version !== STATE_VERSION) {
    const problem = `This unfinished picture was kept by another version of Diorama (its state is of version ${version}, this one goes on from ${STATE_VERSION}). Draw its seed from the start.`;
    throw new AppError("state-invalid", problem, { why: "version" });
  }
  const length = view.readUInt32LE(MAGIC.length + 4);
  const end = PREFIX + length;
  if (length > LONGEST_HEADER || end > view.length - CHECKSUM) throw damaged("its header is longer than it can be");
  let told: unknown;
  try {
    told = JSON.parse(view.toString("utf8", PREFIX, end));
  } catch {
    throw damaged("its header cannot be read");
  }
  const parsed = v.safeParse(headerSchema, told, { abortEarly: true });
  if (!parsed.success) throw damaged("its header is not as it should be");
  return { header: parsed.output, end };
}

function damaged(why: string): AppError<"state-invalid"> {
  const problem = `What was kept of this unfinished picture is damaged: ${why}. Draw its seed from the start.`;
  return new AppError("state-invalid", problem, { why: "damaged" });
}

function namedArrays(group: string, memory: Readonly<Memory>): [string, Numbers][] {
  return Object.entries(memory).flatMap(([name, arrays]) =>
    arrays.map((values): [string, Numbers] => [`${group}.${name}`, values]),
  );
}

/** `length`: what each array has, where all have the same. */
function memoryOf(groups: ReadonlyMap<string, Values[]>, group: string, length?: number): Memory {
  const own = [...groups].filter(([name]) => name.startsWith(`${group}.`));
  const memory = own.map(([name, arrays]) => {
    const numbers = arrays.filter((values) => !(values instanceof Uint32Array));
    const isWrong = numbers.some((values) => length !== undefined && values.length !== length);
    if (numbers.length !== arrays.length || isWrong) throw damaged("an array in it has another size than the picture");
    return [name.slice(group.length + 1), numbers] as const;
  });
  return Object.fromEntries(memory);
}

function typeOf(values: Values): ArrayType {
  return values instanceof Float32Array ? "f32" : values instanceof Float64Array ? "f64" : "u32";
}

function bytesOf({ buffer, byteOffset, byteLength }: Values): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Bytes up to the next multiple of 8, at which arrays of every type may begin. */
function filling(length: number): number {
  return (8 - (length % 8)) % 8;
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** The random numbers that a picture goes on with. Throws `state-invalid` where there is no such place among them. */
export function generatorAt(position: GeneratorPosition): TorchGenerator {
  const generator = TorchGenerator.at(position);
  if (generator) return generator;
  const problem = "What was kept of this unfinished picture has no place in the noise. Draw its seed from the start.";
  throw new AppError("state-invalid", problem, { why: "damaged" });
}
