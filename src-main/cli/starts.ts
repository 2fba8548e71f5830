/** `render --init PICTURE --strength 0.6 --redraw box:cat`, `--enlarge 2`: pictures that go on from a picture. */
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Pixels } from "../api/engine.ts";
import { pixelHash } from "../image/pixelHash.ts";
import { type Problem, readField } from "../scene/fields.ts";
import { readBox } from "../scene/boxes.ts";
import type { Area, Scene, SceneStart } from "../scene/scene.ts";
import { ENLARGING, ENLARGING_STRENGTH, enlargedScene } from "../scene/start.ts";
import { tidyStart } from "../scene/startFields.ts";
import { REDRAW_SETTINGS, START_SETTINGS } from "../scene/startSettings.ts";
import { suggestion } from "../scene/nearest.ts";
import { regularFile } from "./regularFile.ts";
import { AppError, isAppError, messageOf } from "../wire/errors.ts";
import type { Terminal } from "./terminal.ts";

/** Bytes of a picture's file; a PNG of 4096 x 4096 with alpha, not packed at all, has fewer. */
const LARGEST_FILE = 80 * 2 ** 20;

/** What is to be drawn anew: an area, or a box of the scene by its name. */
type RedrawOption = Area | { name: string };

export interface StartOptions {
  init?: string;
  strength?: number;
  redraw: RedrawOption[];
  feather?: number;
  enlarge?: number;
  by?: NonNullable<SceneStart["by"]>;
}

interface Given {
  init?: string;
  strength?: string;
  redraw?: string[];
  feather?: string;
  enlarge?: string;
  upscale?: string;
}

export function readStartOptions(given: Given, problems: Problem[]): StartOptions {
  const { init, strength, feather, enlarge, upscale } = given;
  const number = (text: string) => (text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text));
  const read: StartOptions = {
    redraw: (given.redraw ?? []).flatMap((text) => readRedrawOption(text, problems) ?? []),
  };
  if (init !== undefined) read.init = init;
  if (strength !== undefined) {
    const value = readField(START_SETTINGS.strength, number(strength), "--strength", problems);
    if (value !== undefined) read.strength = value;
  }
  if (feather !== undefined) {
    const value = readField(REDRAW_SETTINGS.feather, number(feather), "--feather", problems);
    if (value !== undefined) read.feather = value;
    if (read.redraw.length === 0) problems.push({ at: "--feather", message: "needs --redraw" });
  }
  if (enlarge !== undefined) {
    const rule = { kind: "number", min: ENLARGING.min, max: ENLARGING.max, about: "" } as const;
    const value = readField(rule, number(enlarge), "--enlarge", problems);
    if (value !== undefined) read.enlarge = value;
  }
  if (upscale !== undefined) {
    const value = readField(START_SETTINGS.by, upscale, "--upscale", problems);
    if (value !== undefined) read.by = value;
  }
  return read;
}

function readRedrawOption(text: string, problems: Problem[]): RedrawOption | undefined {
  const [, name] = /^box:(.+)$/.exec(text) ?? [];
  if (name !== undefined) return { name };
  const box = /^[\d.]+(,[\d.]+){3}$/.test(text) ? readBox(text.split(",").map(Number), "--redraw", problems) : null;
  if (box) return { box };
  const message = `expected box:NAME of a box, or x,y,width,height in fractions such as 0.1,0.2,0.3,0.4, got "${text}"`;
  if (box === null) problems.push({ at: "--redraw", message });
  return undefined;
}

/** A scene as the options want it, with the picture that it goes on from. */
export interface Started {
  scene: Scene;
  picture?: Pixels;
  /** What a person should know of it. */
  notes: string[];
  /** Each picture that is drawn is drawn again so many times as large. */
  enlarge?: { factor: number; how: Pick<StartOptions, "strength" | "by"> };
}

/** Reads the picture that the scene or the options name. Paths of the scene are seen from its folder. */
export async function withStart(
  scene: Scene,
  options: StartOptions,
  scenePath: string,
  { cwd }: Pick<Terminal, "cwd">,
): Promise<Started> {
  const { init, enlarge, redraw } = options;
  const named = scene.start?.path;
  const path =
    init !== undefined ? resolve(cwd, init) : named === undefined ? undefined : resolve(cwd, dirname(scenePath), named);
  const how = {
    ...(options.strength === undefined ? {} : { strength: options.strength }),
    ...(options.by === undefined ? {} : { by: options.by }),
  };
  if (path === undefined) {
    if (scene.start) {
      throw wrong(
        "start.hash",
        "only a project finds a picture by its hash; name its file, with --init or as start.path",
      );
    }
    if (redraw.length > 0) throw wrong("--redraw", "needs a picture to draw it in: --init picture.png");
    if (enlarge !== undefined) return { scene, notes: [], enlarge: { factor: enlarge, how } };
    if (how.strength !== undefined) throw wrong("--strength", "needs a picture to go on from: --init picture.png");
    return { scene, notes: [] };
  }
  const picture = await readPicture(path);
  const hash = pixelHash(picture);
  if (init === undefined && scene.start?.hash !== undefined && scene.start.hash !== hash) {
    throw wrong("start.path", `${path} is another picture than the one that start.hash means`);
  }
  const areas = redraw.map((one) => ("box" in one ? one : areaOf(scene, one.name)));
  const { feather = REDRAW_SETTINGS.feather.usual } = options;
  const own = init === undefined ? scene.start : undefined;
  const start = tidyStart({
    ...{ strength: enlarge === undefined ? START_SETTINGS.strength.usual : ENLARGING_STRENGTH },
    ...own,
    ...how,
    hash,
    path,
    ...(areas.length > 0 ? { redraw: { areas, feather } } : {}),
  });
  if (enlarge !== undefined) {
    if (start.redraw) throw wrong("--enlarge", "draws the whole picture again; redraw first, and enlarge the result");
    return { scene: enlargedScene(scene, { hash, ...picture }, enlarge, start), picture, notes: [] };
  }
  const { width, height } = scene.settings;
  const isFitted = picture.width !== width || picture.height !== height;
  const note = `${basename(path)} is ${picture.width} x ${picture.height} and is brought to ${width} x ${height}; --size ${picture.width}x${picture.height} keeps it as it is`;
  return { scene: { ...scene, start }, picture, notes: isFitted ? [note] : [] };
}

function areaOf({ regions }: Scene, name: string): Area {
  const region = regions.find(({ id }) => id === name);
  if (region) return { box: region.box, ...(region.shape ? { shape: region.shape } : {}) };
  const names = regions.map(({ id }) => id);
  const known = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
  throw wrong("--redraw", `the scene has no box "${name}"${suggestion(name, names)}; ${known}`);
}

async function readPicture(path: string): Promise<Pixels> {
  let bytes: Uint8Array;
  try {
    const { size } = await regularFile(path);
    if (size > LARGEST_FILE) throw new Error(`it has ${size} bytes, which no picture has`);
    bytes = await readFile(path);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new AppError("file-unreadable", `cannot read the picture ${path}: ${why}`, { path }, { cause: error });
  }
  try {
    const { pixelsOf } = await import("../image/otherForms.ts");
    return await pixelsOf(bytes);
  } catch (error) {
    if (!isAppError(error, "image-invalid")) throw error;
    throw new AppError(
      "file-unreadable",
      `cannot read the picture ${path}: ${error.message}`,
      { path },
      { cause: error },
    );
  }
}

function wrong(at: string, message: string): AppError {
  return new AppError("scene-invalid", `${at}: ${message}`, { at });
}
