/** The system's clipboard, under the Electron of today and under the oldest that runs us (before 44 it had other functions). */
import { clipboard, ClipboardItem, nativeImage } from "electron";

interface OldClipboard {
  writeImage?: (image: Electron.NativeImage) => void;
  writeBuffer?: (format: string, bytes: Buffer) => void;
}

export async function copyPng(png: Uint8Array<ArrayBuffer>): Promise<void> {
  const old = clipboard as OldClipboard;
  if (!old.writeImage)
    await clipboard.write([new ClipboardItem({ "image/png": new Blob([png], { type: "image/png" }) })]);
  // On Linux a picture on the clipboard is a PNG; as an image it would be unpacked and packed again while everybody waits.
  else if (process.platform === "linux") old.writeBuffer?.("image/png", Buffer.from(png));
  else old.writeImage(nativeImage.createFromBuffer(Buffer.from(png)));
}

export async function copyText(text: string): Promise<void> {
  await clipboard.writeText(text);
}
