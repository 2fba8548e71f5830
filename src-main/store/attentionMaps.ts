/**
 * Attention maps as bytes, and where they are kept: one a cell, as the square root of its share of the map's peak, because the faint parts are what
 * an overlay has to tell apart. A 16 x 16 map takes 256 bytes; a value comes back within 1/255 of the peak.
 */
import type Database from "better-sqlite3";
import * as v from "valibot";
import type { AttentionMaps } from "../api/engine.ts";
import { LIMITS } from "../api/engineMessages.ts";
import { AppError } from "../wire/errors.ts";
import { WIDEST_MAP } from "../api/storeMessages.ts";
import { bounded, parseJson } from "./soundness.ts";

/** What a row of the table `attention` holds. */
interface PackedMaps {
  width: number;
  height: number;
  /** Ids of the regions, in the order of their maps. */
  regions: string[];
  /** regions.length * width * height bytes. */
  maps: Uint8Array;
}

/** Bytes that the ids, as JSON, and the maps of a picture have at most. */
const LONGEST_IDS = LIMITS.regions * 6 * LIMITS.id;
const LARGEST_MAPS = LIMITS.regions * WIDEST_MAP ** 2;

const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(WIDEST_MAP));
/** A row of that table, which a stranger may have written. */
const packedSchema = v.pipe(
  v.object({ width: side, height: side, regions: v.array(v.string()), maps: v.instance(Uint8Array) }),
  v.check(({ width, height, regions, maps }) => maps.length === regions.length * width * height),
);

/** Of a picture without boxes there is nothing to keep. */
export function keepMaps(db: Database.Database, result: number | bigint, maps: AttentionMaps): void {
  const packed = packMaps(maps);
  if (!packed) return;
  db.prepare(
    `INSERT INTO attention (result, width, height, regions, maps)
     VALUES (@result, @width, @height, @regions, @maps)`,
  ).run({ ...packed, result, regions: JSON.stringify(packed.regions) });
}

/** Null where none were kept. */
export function readMaps(db: Database.Database, result: number): AttentionMaps | null {
  const row = db
    .prepare<[number, number, number], Record<"width" | "height" | "regions" | "maps", unknown>>(
      `SELECT width, height, ${bounded("regions", "text")} AS regions, ${bounded("maps", "blob")} AS maps
       FROM attention WHERE result = ?`,
    )
    .get(LONGEST_IDS, LARGEST_MAPS, result);
  if (!row) return null;
  const regions = typeof row.regions === "string" ? parseJson(row.regions) : undefined;
  const parsed = v.safeParse(packedSchema, { ...row, regions }, { abortEarly: true });
  if (!parsed.success) {
    throw new AppError("image-invalid", "The attention that was kept with this picture is damaged.", {});
  }
  return unpackMaps(parsed.output);
}

/** Undefined where there is nothing to keep. */
function packMaps({ width, height, regions }: AttentionMaps): PackedMaps | undefined {
  const ids = Object.keys(regions);
  const cells = width * height;
  if (ids.length === 0 || cells === 0) return undefined;
  const maps = new Uint8Array(ids.length * cells);
  for (const [i, id] of ids.entries()) {
    const map = regions[id]!;
    const peak = map.reduce((most, value) => Math.max(most, value), 0);
    if (peak > 0)
      maps.set(
        Uint8Array.from(map, (value) => Math.round(255 * Math.sqrt(value / peak))),
        i * cells,
      );
  }
  return { width, height, regions: ids, maps };
}

/** The maps again, each summing to 1; one that was all zero stays so. */
function unpackMaps({ width, height, regions, maps }: PackedMaps): AttentionMaps {
  const cells = width * height;
  const unpacked = regions.map((id, i) => {
    const map = Float32Array.from(maps.subarray(i * cells, (i + 1) * cells), (byte) => (byte / 255) ** 2);
    const sum = map.reduce((total, value) => total + value, 0);
    return [id, sum > 0 ? map.map((value) => value / sum) : map] as const;
  });
  return { width, height, regions: Object.fromEntries(unpacked) };
}
