/** The reference picture of a project as one that can be drawn. */
import { bytesOf } from "../state/reference.ts";

/** Rejects where the project has something else in its place. */
export async function decodeReference(data: string): Promise<HTMLCanvasElement> {
  const bytes = bytesOf(data);
  if (!bytes) throw new Error("no picture of ours");
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/webp" }));
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d")!.drawImage(picture, 0, 0);
  picture.close();
  return canvas;
}
