/** The files that Windows and macOS keep icons in: both are lists of PNGs. */

/** An `.ico`: a directory of entries (Windows, since Vista, takes PNGs of any size up to 256). */
export function icoOf(pictures: ReadonlyMap<number, Uint8Array>): Buffer {
  const head = Buffer.alloc(6 + 16 * pictures.size);
  head.writeUInt16LE(1, 2); // an icon, not a cursor
  head.writeUInt16LE(pictures.size, 4);
  let offset = head.length;
  for (const [i, [side, png]] of [...pictures].entries()) {
    const at = 6 + 16 * i;
    head[at] = head[at + 1] = side % 256; // 256 is written 0
    head.writeUInt16LE(1, at + 4); // planes
    head.writeUInt16LE(32, at + 6); // bits per pixel
    head.writeUInt32LE(png.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += png.length;
  }
  return Buffer.concat([head, ...pictures.values()]);
}

/** What macOS calls each size, at one pixel a point and at two. */
const ICNS_TYPES: Record<number, readonly string[]> = {
  16: ["icp4"],
  32: ["icp5", "ic11"],
  64: ["icp6", "ic12"],
  128: ["ic07"],
  256: ["ic08", "ic13"],
  512: ["ic09", "ic14"],
  1024: ["ic10"],
};

/** An `.icns`: chunks of a type, a length that counts its own head, and a PNG. */
export function icnsOf(pictures: ReadonlyMap<number, Uint8Array>): Buffer {
  const chunks = [...pictures].flatMap(([side, png]) => (ICNS_TYPES[side] ?? []).map((type) => chunk(type, png)));
  return chunk("icns", Buffer.concat(chunks));
}

function chunk(type: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8, type, "latin1");
  head.writeUInt32BE(8 + data.length, 4);
  return Buffer.concat([head, data]);
}
