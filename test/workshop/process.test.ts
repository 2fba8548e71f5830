/** The workshop in a process of its own: what it makes of pictures, which may come from a stranger's project. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { decodePng, encodePng, readPngTexts, withTexts } from "../../src-main/image/png.ts";
import { readChunks, writeChunks } from "../../src-main/image/pngChunks.ts";
import { openWorkshop } from "../../src-main/workshop/host.ts";
import { samplePixels, temporaryFolder } from "../support/projects.ts";

function start() {
  const workshop = openWorkshop();
  onTestFinished(() => workshop.stop());
  return workshop.api;
}

/** A picture that says more than its pixels: in texts, and in a chunk that some other program has put there. */
function talkative(width = 64, height = 48) {
  const png = withTexts(encodePng(samplePixels(7, width, height)), [{ keyword: "diorama", text: "{}" }]);
  const [header, ...rest] = readChunks(png);
  return writeChunks([header!, { type: "prVt", data: Buffer.from("made by me"), offset: 0 }, ...rest]);
}

test("a picture made bare has the same pixels, and nothing else to tell", async () => {
  const png = talkative();
  const bare = await start().bare({ png });
  expect(decodePng(bare).pixels).toEqual(decodePng(png).pixels);
  expect(readChunks(bare).map(({ type }) => type)).toEqual(["IHDR", "IDAT", "IEND"]);
});

test("what is no picture is not handed on, and the workshop goes on", async () => {
  const api = start();
  const html = new Uint8Array(Buffer.from("<script>alert(1)</script>"));
  await expect(api.bare({ png: html })).rejects.toMatchObject({ code: "image-invalid" });
  await expect(api.shrink({ png: html, use: "drag" })).rejects.toMatchObject({ code: "image-invalid" });
  // A header that promises 30,000 x 30,000 pixels.
  const [header, ...rest] = readChunks(talkative());
  const data = Buffer.from(header!.data);
  data.writeUInt32BE(30_000, 0);
  data.writeUInt32BE(30_000, 4);
  const bomb = writeChunks([{ ...header!, data }, ...rest]);
  await expect(api.bare({ png: bomb })).rejects.toMatchObject({ code: "image-invalid", message: /30000 x 30000/ });
  await expect(api.bare({ png: talkative() })).resolves.toBeInstanceOf(Uint8Array);
});

test("pictures are made small for a drag and for a sheet; small ones stay as they are", async () => {
  const api = start();
  const png = talkative(640, 320);
  const sizes = [];
  for (const use of ["drag", "sheet"] as const) {
    const small = await api.shrink({ png, use });
    const { width, height } = decodePng(small).pixels;
    sizes.push([width, height]);
    expect(readPngTexts(small).texts).toEqual([]);
  }
  expect(sizes).toEqual([
    [96, 48],
    [320, 160],
  ]);
  const { pixels } = decodePng(await api.shrink({ png: talkative(40, 30), use: "sheet" }));
  expect([pixels.width, pixels.height]).toEqual([40, 30]);
});

test("a sheet of small pictures is the same as one of large ones", async () => {
  const api = start();
  const png = talkative(640, 320);
  const box = { box: { x: 0.1, y: 0.2, width: 0.3, height: 0.4 }, label: "cat" };
  const sheetOf = async (picture: typeof png) => {
    const pictures = [{ png: picture, label: "seed 5", boxes: [box] }];
    return decodePng(await api.contactSheet({ title: "cats", pictures })).pixels;
  };
  expect(await sheetOf(await api.shrink({ png, use: "sheet" }))).toEqual(await sheetOf(png));
});

test("a file is written whole, with or without settings, and nothing lies beside it", async () => {
  const api = start();
  const folder = temporaryFolder();
  const png = talkative();
  await api.writePicture({ path: join(folder, "with.png"), png, settings: true });
  await api.writePicture({ path: join(folder, "without.png"), png, settings: false });
  expect(new Uint8Array(readFileSync(join(folder, "with.png")))).toEqual(png);
  expect(readPngTexts(readFileSync(join(folder, "without.png"))).texts).toEqual([]);
  // A folder that is gone, and a file where a folder should be.
  for (const path of [join(folder, "gone", "x.png"), join(folder, "with.png", "x.png")]) {
    const writing = api.writePicture({ path, png, settings: true });
    await expect(writing).rejects.toMatchObject({ code: "file-unreadable", details: { path } });
  }
  expect(readdirSync(folder).sort()).toEqual(["with.png", "without.png"]);
});
