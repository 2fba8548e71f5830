/** The system's clipboard, under the Electron of today and under the oldest that runs us (before 44 it had other functions). */
import { clipboard, ClipboardItem, nativeImage } from "electron";

interface OldClipboard {
  writeImage?: (image: Electron.NativeImage) => void;
}

export async function copyPng(png: Uint8Array<ArrayBuffer>): Promise<void> {
  const old = clipboard as OldClipboard;
  if (old.writeImage) old.writeImage(nativeImage.createFromBuffer(Buffer.from(png)));
  else await clipboard.write([new ClipboardItem({ "image/png": new Blob([png], { type: "image/png" }) })]);
}

export async function copyText(text: string): Promise<void> {
  await clipboard.writeText(text);
}
