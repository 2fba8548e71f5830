/**
 * The pictures that scenes go on from, by their pixels' hash: each is kept once, as long as a run, the draft, a version or a grid refers to
 * it, whatever becomes of the result that it was. So a project that is mailed or moved has all that its scenes need.
 */
import type Database from "better-sqlite3";
import type { Pixels } from "../api/engine.ts";
import type { StartInfo } from "../api/starts.ts";
import { pixelHash } from "../image/pixelHash.ts";
import { decodePng, encodePng } from "../image/png.ts";
import { statedSize } from "../image/pngChunks.ts";
import { AppError } from "../wire/errors.ts";
import { LARGEST_PICTURE, refuseLarge, thumbnailOf } from "./pictures.ts";
import { bounded } from "./soundness.ts";

export class Starts {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** `png`: of any origin. What it says of itself is not kept. */
  keep(png: Uint8Array): StartInfo {
    refuseLarge(png, "full");
    const { pixels } = decodePng(png);
    const { width, height } = pixels;
    const hash = pixelHash(pixels);
    const [picture, thumbnail] = [encodePng(pixels), thumbnailOf(pixels)];
    this.#db
      .prepare("INSERT INTO start (hash, thumbnail, png) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
      .run(hash, thumbnail, picture);
    return { hash, width, height };
  }

  /** Null where the project has not got it; one that is damaged is none. */
  read(hash: string): Pixels | null {
    const png = this.#bytes(hash, "png");
    if (!png) return null;
    refuseLarge(png, "full");
    const { pixels } = decodePng(png);
    if (pixelHash(pixels) === hash) return pixels;
    throw new AppError("image-invalid", "The picture that this scene goes on from is damaged. Choose it again.", {});
  }

  thumbnail(hash: string): Uint8Array<ArrayBuffer> | null {
    const png = this.#bytes(hash, "thumbnail");
    if (png) refuseLarge(png, "thumbnail");
    return png;
  }

  /** Its size, as its file says it; null where the project has not got it. */
  info(hash: string): StartInfo | null {
    const png = this.#bytes(hash, "png");
    return png && { hash, ...statedSize(png) };
  }

  /** At the end of a session: those that nothing refers to any more. */
  deleteUnneeded(): void {
    const hashes = (column: string, path: string, table: string) =>
      `SELECT iif(json_valid(${column}), ${column} ->> '${path}', NULL) AS hash FROM ${table}`;
    this.#db
      .prepare(
        `DELETE FROM start WHERE NOT EXISTS (SELECT 1 FROM (
           ${hashes("scene", "$.start.hash", "run")} UNION ALL ${hashes("scene", "$.start.hash", "grid")}
           UNION ALL ${hashes("draft", "$.scene.start.hash", "project")}
           UNION ALL ${hashes("document", "$.scene.start.hash", "version")}) AS used WHERE used.hash = start.hash)`,
      )
      .run();
  }

  #bytes(hash: string, column: "png" | "thumbnail"): Uint8Array<ArrayBuffer> | null {
    const row = this.#db
      .prepare<[number, string], { bytes: Buffer | null }>(
        `SELECT ${bounded(column, "blob")} AS bytes FROM start WHERE hash = ?`,
      )
      .get(LARGEST_PICTURE, hash);
    return row?.bytes ? new Uint8Array(row.bytes) : null;
  }
}
