/** Pictures and previews by other decoders than the checkpoint's own. */
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS, withSteps } from "../../src-main/scene/defaults.ts";
import type { LoadRequest, Pixels } from "../../src-main/api/engine.ts";
import { writeInfotext } from "../../src-main/image/infotext.ts";
import { parseRecord } from "../../src-main/image/metadata.ts";
import { coloursOf, latentPicture } from "../../src-main/engine/latentColours.ts";
import type { PictureOptions } from "../../src-main/engine/queue.ts";
import { openPipeline } from "../../src-main/engine/pipeline.ts";
import { parseScene } from "../../src-main/scene/parser.ts";
import { GOLDENS } from "../support/familyGoldens.ts";
import "../support/keptSessions.ts";

const small = { width: 64, height: 64, guidanceScale: 1, scheduler: "euler" } as const;
const settings = { ...withSteps(DEFAULT_SETTINGS, 2), ...small };
const scene = parseScene({ prompt: "a cat", boxes: [] }, settings);

async function drawn(more: Partial<LoadRequest>) {
  const path = `${GOLDENS}/tiny-sd1`;
  const pipeline = await openPipeline({ path, provider: "cpu", memory: "fast", ...more }, () => undefined);
  const previews: Pixels[] = [];
  const onStep: PictureOptions["onStep"] = ({ preview }) => {
    if (preview) previews.push(preview);
  };
  const options = { previewEvery: 1, attention: false, signal: new AbortController().signal, onStep };
  const picture = await pipeline.generate(scene, "3", options);
  await pipeline.close();
  return { ...picture, preview: previews[0]!, summary: pipeline.summary };
}

test("the checkpoint's own autoencoder from its own folder makes the same picture, and is told", async () => {
  const own = await drawn({});
  const same = await drawn({ vae: `${GOLDENS}/tiny-sd1/vae` });
  expect(same.pixels).toEqual(own.pixels);
  expect(own.record.model.vae).toBeUndefined();
  expect(same.record.model.vae).toMatchObject({ name: "tiny-sd1" });
  expect(same.summary.vae).toBe("tiny-sd1");
  expect(parseRecord(JSON.parse(JSON.stringify(same.record)))).toEqual(same.record);
  expect(writeInfotext(same.record)).toContain("VAE: tiny-sd1, ");
});

test("a tiny autoencoder makes previews of full size, and as a draft the picture, which says so", async () => {
  const own = await drawn({});
  const tiny = "test/goldens/tiny-taesd.safetensors";
  const previewed = await drawn({ tiny });
  expect(previewed.pixels).toEqual(own.pixels);
  expect(previewed.record).toEqual(own.record);
  expect([previewed.preview.width, previewed.preview.height]).toEqual([64, 64]);
  const draft = await drawn({ tiny, draft: true });
  expect(draft.pixels).not.toEqual(own.pixels);
  expect(draft.record.model.vae?.name).toBe("tiny-taesd");
  expect([draft.pixels.width, draft.pixels.height]).toEqual([64, 64]);
});

test("latents of Stable Diffusion have colours, by network; those of other autoencoders have none", () => {
  const config = { blockOutChannels: [128, 256, 512, 512], latentChannels: 4 };
  const of = (family: "sd1" | "sd2" | "sdxl", more = {}) =>
    coloursOf({ family, vae: { config: { ...config, ...more } } } as never);
  expect(of("sd1")).toBe(of("sd2"));
  expect(of("sdxl")).not.toEqual(of("sd1"));
  expect(of("sd1", { blockOutChannels: [16, 32, 64] })).toBeUndefined();
  // Two cells: nothing is gray; much of the fourth channel is little blue.
  const { data } = latentPicture(Float32Array.of(0, 0, 0, 0, 0, 0, 0, 1), { width: 2, height: 1 }, of("sd1")!);
  expect([...data]).toEqual([128, 128, 128, 255, 111, 104, 33, 255]);
});

test("the map of colours makes a picture of the whole size, soft between cells and as bright as they are", () => {
  const [size, colours] = [{ width: 2, height: 1 }, [[1, 1, 1]] as const];
  const large = latentPicture(Float32Array.of(-1, 1), size, colours, 4);
  expect([large.width, large.height]).toEqual([8, 4]);
  const reds = Array.from({ length: 8 }, (_, x) => large.data[4 * x]);
  // -1 and 1 lie at the middles of their cells, 1.5 and 5.5; between them a quarter of the way each.
  expect(reds).toEqual([0, 0, 32, 96, 159, 223, 255, 255]);
});
