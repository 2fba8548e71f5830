/** What a picture is known by, whatever file it is packed in and whatever that says of itself. */
import { createHash } from "node:crypto";
import type { Pixels } from "../api/engine.ts";

/** SHA-256 of a picture's size and pixels, in hexadecimal. */
export function pixelHash({ width, height, data }: Pixels): string {
  return createHash("sha256").update(`${width}x${height}\n`).update(data).digest("hex");
}
