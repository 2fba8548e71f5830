/** `node tools/icons/icons.ts`: draws resources/icon.svg, in a window of the app, at every size that an icon is asked for. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "../../test/e2e/harness.ts";
import { icnsOf, icoOf } from "./containers.ts";

const RESOURCES = join(import.meta.dirname, "..", "..", "resources");
const SIDES = [16, 24, 32, 48, 64, 128, 256, 512, 1024];
const LARGEST_IN_ICO = 256;

/** The page's own objects: the types of this folder know no DOM. */
interface PageGlobals {
  Image: new () => { src: string; decode(): Promise<void> };
  document: { createElement(name: "canvas"): PageCanvas };
}
interface PageCanvas {
  width: number;
  height: number;
  getContext(kind: "2d"): { drawImage(image: unknown, x: number, y: number, width: number, height: number): void };
  toDataURL(type: string): string;
}

// The display of the tests does not keep a process alive.
const alive = setInterval(() => undefined, 60_000);
const svg = await readFile(join(RESOURCES, "icon.svg"), "utf8");
const pictures = new Map<number, Uint8Array>();
{
  await using running = await launch();
  for (const side of SIDES) {
    const address = await running.page.evaluate(
      async ([text, pixels]) => {
        const here = globalThis as unknown as PageGlobals;
        const image = new here.Image();
        image.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
        await image.decode();
        const canvas = here.document.createElement("canvas");
        canvas.width = canvas.height = pixels;
        canvas.getContext("2d").drawImage(image, 0, 0, pixels, pixels);
        return canvas.toDataURL("image/png");
      },
      [svg, side] as const,
    );
    pictures.set(side, Buffer.from(address.slice(address.indexOf(",") + 1), "base64"));
  }
}
const icons = join(RESOURCES, "icons");
await rm(icons, { recursive: true, force: true });
await mkdir(icons, { recursive: true });
for (const [side, png] of pictures) if (side !== 1024) await writeFile(join(icons, `${side}x${side}.png`), png);
await writeFile(join(icons, "icon.ico"), icoOf(new Map([...pictures].filter(([side]) => side <= LARGEST_IN_ICO))));
await writeFile(join(icons, "icon.icns"), icnsOf(pictures));
clearInterval(alive);
