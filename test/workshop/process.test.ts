/** The workshop in a process of its own: what it makes of pictures, which may come from a stranger's project. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { metadataTexts } from "../../src-main/image/metadata.ts";
import { decodePng, encodePng, readPngTexts, withTexts } from "../../src-main/image/png.ts";
import { readChunks, writeChunks } from "../../src-main/image/pngChunks.ts";
import { openWorkshop } from "../../src-main/workshop/host.ts";
import { samplePixels, sampleRecord, sampleScene, temporaryFolder } from "../support/projects.ts";

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
  await expect(api.shrink({ png: html, side: 96 })).rejects.toMatchObject({ code: "image-invalid" });
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
  for (const side of [96, 320]) {
    const small = await api.shrink({ png, side });
    const { width, height } = decodePng(small).pixels;
    sizes.push([width, height]);
    expect(readPngTexts(small).texts).toEqual([]);
  }
  expect(sizes).toEqual([
    [96, 48],
    [320, 160],
  ]);
  const { pixels } = decodePng(await api.shrink({ png: talkative(40, 30), side: 320 }));
  expect([pixels.width, pixels.height]).toEqual([40, 30]);
});

test("a sheet of small pictures is the same as one of large ones", async () => {
  const api = start();
  const png = talkative(640, 320);
  const box = { box: { x: 0.1, y: 0.2, width: 0.3, height: 0.4 }, label: "cat" };
  const sheetOf = async (picture: typeof png) => {
    const pictures = [{ png: picture, caption: ["seed 5"], boxes: [box], record: null }];
    const options = { title: "cats", cell: 320, boxes: true } as const;
    const [page] = await api.contactSheet({ options, pictures, form: "png" });
    return decodePng(page!).pixels;
  };
  expect(await sheetOf(await api.shrink({ png, side: 320 }))).toEqual(await sheetOf(png));
});

test("a file is written whole, with or without settings, and nothing lies beside it", async () => {
  const api = start();
  const folder = temporaryFolder();
  const png = talkative();
  await api.writePicture({ path: join(folder, "with.png"), png, settings: true, form: "png" });
  await api.writePicture({ path: join(folder, "without.png"), png, settings: false, form: "png" });
  expect(new Uint8Array(readFileSync(join(folder, "with.png")))).toEqual(png);
  expect(readPngTexts(readFileSync(join(folder, "without.png"))).texts).toEqual([]);
  // A folder that is gone, and a file where a folder should be.
  for (const path of [join(folder, "gone", "x.png"), join(folder, "with.png", "x.png")]) {
    const writing = api.writePicture({ path, png, settings: true, form: "png" });
    await expect(writing).rejects.toMatchObject({ code: "file-unreadable", details: { path } });
  }
  expect(readdirSync(folder).sort()).toEqual(["with.png", "without.png"]);
});

const record = (seed: string, prompt: string) => sampleRecord({ ...sampleScene(), prompt, regions: [] }, seed, []);

test.each(["png", "pdf"] as const)("a sheet as %s leads back to the pictures that are on it", async (form) => {
  const api = start();
  const records = ["1", "18446744073709551615"].map((seed) => record(seed, "赤い円 and a cat"));
  const pictures = records.map((one) => ({ png: talkative(), caption: [one.seed], boxes: [], record: one }));
  const [file, ...more] = await api.contactSheet({ pictures, options: { title: "both" }, form });
  expect(more).toEqual([]);
  const path = join(temporaryFolder(), `sheet.${form}`);
  await api.writeFile({ path, bytes: file! });
  expect(await api.lookAt({ path })).toEqual({ kind: "sheet", records });

  const [bare] = await api.contactSheet({
    pictures: pictures.map((one) => ({ ...one, record: null })),
    options: {},
    form,
  });
  expect(Buffer.from(bare!).includes("diorama-sheet")).toBe(false);
});

test.each(["jpeg", "webp"] as const)(
  "a picture as %s is the same to the eye, and its settings are read back",
  async (form) => {
    const api = start();
    const folder = temporaryFolder();
    const own = record("7", "Größe, 赤い円");
    const png = encodePng(samplePixels(7, 64, 48), metadataTexts(own));
    const path = join(folder, `x.${form}`);
    await api.writePicture({ path, png, settings: true, form });
    const found = await api.lookAt({ path });
    if (found.kind !== "picture" || !found.png) throw new Error("expected a picture made of another form");
    const { pixels, texts } = decodePng(found.png);
    expect([pixels.width, pixels.height]).toEqual([64, 48]);
    expect(texts).toEqual(metadataTexts(own).filter(({ keyword }) => keyword === "parameters"));

    await api.writePicture({ path, png, settings: false, form });
    expect(readFileSync(path).includes("Exif")).toBe(false);
    await expect(api.lookAt({ path })).rejects.toMatchObject({
      code: "image-invalid",
      message: /x\.\w+: .*no settings/,
    });
  },
);

test("files that are no pictures, or promise too much, are refused by name", async () => {
  const api = start();
  const folder = temporaryFolder();
  const write = async (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    await api.writeFile({ path, bytes: new Uint8Array(bytes) });
    return path;
  };
  const jpeg = Buffer.from("ffd8ffc0000b0875307530010111 00ffd9".replaceAll(" ", ""), "hex");
  const wrong: [string, Uint8Array, RegExp][] = [
    ["huge.jpg", jpeg, /huge\.jpg: it has 30000 x 30000 pixels/],
    ["cut.jpg", jpeg.subarray(0, 7), /cut\.jpg: a damaged JPEG/],
    ["cut.webp", Buffer.from("RIFF\x10\0\0\0WEBPVP8 \xff\0\0\0", "latin1"), /cut\.webp: .*cut off/],
    ["none.pdf", Buffer.from("%PDF-1.4\n"), /none\.pdf: .*no settings/],
    [
      "bad.png",
      withTexts(talkative(), [{ keyword: "diorama-sheet", text: '{"version":1,"pictures":[{}]}' }]),
      /bad\.png: the settings in the picture are damaged/,
    ],
    [
      "many.png",
      withTexts(talkative(), [
        { keyword: "diorama-sheet", text: JSON.stringify({ version: 1, pictures: Array(2_001).fill({}) }) },
      ]),
      /2001 pictures are too many/,
    ],
  ];
  for (const [name, bytes, message] of wrong) {
    const path = await write(name, bytes);
    await expect(api.lookAt({ path }), name).rejects.toMatchObject({ code: "image-invalid", message });
  }
  await expect(api.lookAt({ path: folder })).rejects.toMatchObject({ code: "file-unreadable" });
});
