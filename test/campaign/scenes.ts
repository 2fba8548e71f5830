/**
 * Damaged scene files: the examples that come with the program, changed byte by byte or field by field. The claim: each is refused as
 * `scene-invalid` with the line or the field; or it is read, says what `JSON.parse` says, is written and read again to the same scene,
 * and is a scene that the engine takes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { sceneSchema } from "../../src-main/api/sceneMessages.ts";
import { isAppError } from "../../src-main/wire/errors.ts";
import { BOX_FIELDS } from "../../src-main/scene/boxes.ts";
import { SETTING_NAMES } from "../../src-main/scene/settings.ts";
import { parseSceneFile, parseSceneText, SCENE_FIELDS, serializeScene } from "../../src-main/scene/parser.ts";
import { ROOT } from "../support/imports.ts";
import { Fault, type Part } from "./part.ts";
import { damageBytes, oneOf, type Pick } from "./random.ts";

const EXAMPLES = join(ROOT, "resources", "examples");

/** Values that JSON can hold and a person, another program or a stranger may have put anywhere. */
const VALUES: ((pick: Pick) => unknown)[] = [
  () => null,
  () => true,
  (pick) => oneOf(pick, [0, -0, 1, -1, 0.5, 1.0000001, 65, 1e308, -1e308, 2 ** 53, 5e-324]),
  (pick) => pick(1_000) / 1_000,
  (pick) => pick(200),
  (pick) =>
    oneOf(pick, [
      "",
      " ",
      "\0",
      "__proto__",
      "1",
      "1-3",
      "1-99999999999",
      "18446744073709551615",
      "dpm",
      "ilgd",
      "\ud800",
      "e\u0301",
      "a".repeat(30_000),
    ]),
  () => [],
  () => ({}),
  (pick) => [pick(10), pick(10)],
  (pick) => Array.from({ length: 4 }, () => pick(1_000) / 1_000),
  (pick) => Array.from({ length: pick(80) }, () => ({ phrase: "a", box: [0, 0, 0.5, 0.5] })),
  () => JSON.parse(`${"[".repeat(300)}${"]".repeat(300)}`) as unknown,
  (pick) => Array.from({ length: oneOf(pick, [3, 20_000]) }, (_value, i) => i),
];
const KEYS = [...SCENE_FIELDS, ...BOX_FIELDS, ...SETTING_NAMES, "Prompt", "x", "width", "toString", "constructor", ""];

type Container = Record<string, unknown> | unknown[];

/** All objects and lists in a value, which may be nested deeper than the stack. */
function containers(value: unknown): Container[] {
  const found: Container[] = [];
  const inside = (each: unknown) => (typeof each === "object" && each !== null ? [each as Container] : []);
  for (
    let layer = inside(value);
    layer.length > 0;
    layer = layer.flatMap((each) => Object.values(each).flatMap(inside))
  )
    found.push(...layer);
  return found;
}

function change(scene: unknown, pick: Pick): void {
  const place = oneOf(pick, containers(scene)) as Record<string, unknown>;
  const keys = Object.keys(place);
  const key =
    keys.length > 0 && pick(3) > 0 ? oneOf(pick, keys) : Array.isArray(place) ? String(keys.length) : oneOf(pick, KEYS);
  const strangerKey = oneOf(pick, keys.length > 0 ? keys : [key]);
  switch (pick(5)) {
    case 0:
      if (Array.isArray(place)) place.splice(Number(key), 1);
      else Reflect.deleteProperty(place, key);
      break;
    case 1:
      // Among the names are some that every object has: their values are functions, which no file holds.
      place[key] = Object.hasOwn(place, strangerKey) ? structuredClone(place[strangerKey]) : null;
      break;
    default:
      place[key] = oneOf(pick, VALUES)(pick);
  }
}

/** Field names twice, a byte order mark, comments and commas that people leave, line ends of other systems. */
const REWRITES: ((text: string, pick: Pick) => string)[] = [
  (text) => text.replace(/"prompt"/, '"prompt": "another", "prompt"'),
  (text) => `\uFEFF${text}`,
  (text) => text.replaceAll("\n", "\r\n"),
  (text) => text.replace(/\{/, "{ // what a person notes\n"),
  (text) => text.replace(/\}\s*$/, ",}"),
  (text) => text.replaceAll('"', "'"),
  (text, pick) =>
    text.replace(/\d+(\.\d+)?/, oneOf(pick, ["01", "1.", ".5", "+1", "1e999", "-1e999", "NaN", "0x10", "1e2"])),
  (text, pick) =>
    text.replace(/:\s*[[\d"]/, (found) => `: ${oneOf(pick, ["[", '{"a":'] as const).repeat(1e5)}${found}`),
  (text) => text.replace(/"__|"name"/, '"__proto__"'),
];

function damaged(text: string, pick: Pick): string {
  if (pick(4) === 0) return Buffer.from(damageBytes(Buffer.from(text), pick)).toString();
  const scene: unknown = JSON.parse(text);
  for (let n = pick(4); n > 0; n--) change(scene, pick);
  const written = JSON.stringify(scene, null, oneOf(pick, [0, 2]));
  return pick(3) === 0 ? oneOf(pick, REWRITES)(written, pick) : written;
}

export const scenes: Part = {
  title: "damaged scene files",
  count: 40_000,
  memory: "worker",
  prepare() {
    const examples = readdirSync(EXAMPLES).map((name) => readFileSync(join(EXAMPLES, name), "utf8"));
    return Promise.resolve({ run: (_index, pick) => tryScene(damaged(oneOf(pick, examples), pick)) });
  },
};

function tryScene(text: string): string {
  const evidence = { "scene.json": text };
  let read: ReturnType<typeof parseSceneText>;
  try {
    read = parseSceneText(text, DEFAULT_SETTINGS);
  } catch (error) {
    if (!isAppError(error, "scene-invalid"))
      throw new Fault("refused with an error of another kind", { evidence, cause: error });
    if (error.message.length > 1e5) throw new Fault(`a message of ${error.message.length} characters`, { evidence });
    if (!/^(line \d+, column \d+|(?:[\w$.]|\[\d+\]|\["(?:[^"\\]|\\.)*"\])+): ./u.test(error.message))
      throw new Fault(`the message names no place: ${error.message.slice(0, 500)}`, { evidence });
    return "refused";
  }
  const said = JSON.parse(text.replace(/^\uFEFF/, "")) as { prompt: string; boxes: unknown[] };
  const { scene, seeds } = read;
  if (scene.prompt !== said.prompt || scene.regions.length !== said.boxes.length)
    throw new Fault("it was read as another scene", { evidence });
  const again = parseSceneFile(JSON.parse(JSON.stringify(serializeScene(scene, seeds))), DEFAULT_SETTINGS);
  if (!isDeepStrictEqual(again, read))
    throw new Fault("written and read again it is another scene", {
      evidence: { ...evidence, "read.json": JSON.stringify(read), "again.json": JSON.stringify(again) },
    });
  const taken = v.safeParse(sceneSchema, scene);
  if (!taken.success) throw new Fault(`the engine does not take it: ${taken.issues[0].message}`, { evidence });
  return "read";
}
