/** Files that are no pictures of ours are named, and what to do is said. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { encodePng } from "../../src-main/image/png.ts";
import { importPicture } from "../../src-main/store/importPicture.ts";
import { ProjectFile } from "../../src-main/store/project.ts";
import { sampleDraft, samplePixels, temporaryFolder } from "../support/projects.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

test.each([
  [
    "notes.png",
    bytes("hello"),
    /^notes\.png is no PNG, whatever its name says\. .*choose the picture as it was exported\.$/,
  ],
  ["empty.png", bytes(""), /^empty\.png is empty, not a PNG\. /],
  ["photo.png", bytes("\xff\xd8\xff\xe0 JFIF"), /^photo\.png is a JPEG, not a PNG\. /],
  ["photo.webp", bytes("RIFF\x00\x00\x00\x00WEBPVP8 "), /^photo\.webp is a WebP, not a PNG\. /],
  [
    "cut.png",
    encodePng(samplePixels(1)).subarray(0, 60),
    /^cut\.png is damaged: .*cut off.* Copy or download it again\.$/,
  ],
  [
    "plain.png",
    encodePng(samplePixels(1)),
    /^plain\.png carries no settings of Diorama or another program.*Choose a picture/,
  ],
])("%s", (name, data, message) => {
  const folder = temporaryFolder();
  const project = ProjectFile.create(join(folder, "a.diorama"), sampleDraft());
  onTestFinished(() => project.close());
  writeFileSync(join(folder, name), data);
  const read = () => importPicture(project.results, join(folder, name));
  expect(read).toThrow(message);
  expect(read).toThrow(expect.objectContaining({ code: "image-invalid", details: { path: join(folder, name) } }));
});

test("a picture that is gone says so, once, with its place", () => {
  const folder = temporaryFolder();
  const project = ProjectFile.create(join(folder, "a.diorama"), sampleDraft());
  onTestFinished(() => project.close());
  const path = join(folder, "gone.png");
  expect(() => importPicture(project.results, path)).toThrow(
    `${path} is not there any more: it was moved, renamed or deleted, or its disk is not connected.`,
  );
});
