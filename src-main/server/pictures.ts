/**
 * The pictures that were drawn for clients: files in one folder, each named by the hash of its bytes and that of its pixels, of which no
 * more are kept than were agreed. What is asked for is looked up in a list; no name from a client ever becomes a path.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Pixels } from "../api/engine.ts";
import { pixelHash } from "../image/pixelHash.ts";
import { AppError, messageOf } from "../wire/errors.ts";

export interface PicturesOptions {
  folder: string;
  /** The oldest are deleted beyond so many bytes or pictures. */
  mostBytes: number;
  mostPictures: number;
}

/** What a picture is asked by. */
export interface KeptPicture {
  /** SHA-256 of the file, in hexadecimal. */
  hash: string;
  /** Of its size and pixels (image/pixelHash.ts): what a scene calls the picture that it goes on from. */
  pixels: string;
}

const NAME = /^([0-9a-f]{64})-([0-9a-f]{64})\.png$/;

export class Pictures {
  readonly #options: PicturesOptions;
  /** By hash, the oldest first. */
  readonly #kept = new Map<string, KeptPicture & { bytes: number }>();
  #bytes = 0;

  private constructor(options: PicturesOptions) {
    this.#options = options;
  }

  /** Makes the folder where there is none, and looks what is in it. */
  static async open(options: PicturesOptions): Promise<Pictures> {
    const pictures = new Pictures(options);
    const { folder } = options;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const found: (KeptPicture & { bytes: number; modified: number })[] = [];
      for (const name of await readdir(folder)) {
        const [, hash, pixels] = NAME.exec(name) ?? [];
        const status = hash === undefined ? undefined : await stat(join(folder, name)).catch(() => undefined);
        if (status?.isFile())
          found.push({ hash: hash!, pixels: pixels!, bytes: status.size, modified: status.mtimeMs });
        else if (name.startsWith(".") && name.endsWith(".tmp")) await rm(join(folder, name), { force: true }); // cut off
      }
      found.sort((a, b) => a.modified - b.modified);
      for (const { hash, pixels, bytes } of found) pictures.#add({ hash, pixels, bytes });
      await pictures.#makeRoom();
    } catch (error) {
      throw unwritable(folder, error);
    }
    return pictures;
  }

  /** Keeps a PNG of these pixels. */
  async keep(png: Uint8Array, pixels: Pixels): Promise<KeptPicture> {
    const picture = { hash: createHash("sha256").update(png).digest("hex"), pixels: pixelHash(pixels) };
    const temporary = join(this.#options.folder, `.${randomUUID()}.tmp`);
    try {
      const file = await open(temporary, "wx", 0o600);
      try {
        await file.writeFile(png);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path(picture));
      this.#add({ ...picture, bytes: png.length });
      await this.#makeRoom();
      return picture;
    } catch (error) {
      throw unwritable(this.#options.folder, error);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  has(hash: string): boolean {
    return this.#kept.has(hash);
  }

  /** The hash of a picture that has these pixels. */
  ofPixels(pixels: string): string | undefined {
    return [...this.#kept.values()].find((picture) => picture.pixels === pixels)?.hash;
  }

  /** The file; undefined where it is kept no more. One that is not what it was is kept no more either. */
  async read(hash: string): Promise<Buffer<ArrayBuffer> | undefined> {
    const picture = this.#kept.get(hash);
    if (!picture) return undefined;
    const bytes = await readFile(this.#path(picture)).catch(() => undefined);
    if (bytes && createHash("sha256").update(bytes).digest("hex") === hash) return bytes;
    await this.#remove(picture);
    return undefined;
  }

  #add(picture: KeptPicture & { bytes: number }): void {
    const before = this.#kept.get(picture.hash);
    this.#bytes += picture.bytes - (before?.bytes ?? 0);
    this.#kept.delete(picture.hash);
    this.#kept.set(picture.hash, picture); // the youngest now
  }

  /** The last one is kept however large it is: somebody waits for it. */
  async #makeRoom(): Promise<void> {
    const { mostBytes, mostPictures } = this.#options;
    while (this.#kept.size > 1 && (this.#bytes > mostBytes || this.#kept.size > mostPictures)) {
      await this.#remove(this.#kept.values().next().value!);
    }
  }

  async #remove(picture: KeptPicture & { bytes: number }): Promise<void> {
    if (this.#kept.delete(picture.hash)) this.#bytes -= picture.bytes;
    await rm(this.#path(picture), { force: true });
  }

  #path({ hash, pixels }: KeptPicture): string {
    return join(this.#options.folder, `${hash}-${pixels}.png`);
  }
}

function unwritable(folder: string, error: unknown): AppError<"file-unreadable"> {
  const hint = "Make room or name another folder with --pictures.";
  return new AppError("file-unreadable", `Pictures cannot be kept in ${folder}: ${messageOf(error)}. ${hint}`, { path: folder }, { cause: error }); // prettier-ignore
}
