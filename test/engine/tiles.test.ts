/** The autoencoder in tiles: every pixel comes from tiles that overlap, and what they agree on is what they say. */
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { isLargeForAutoencoder, LARGEST_WHOLE } from "../../src-main/engine/memory.ts";
import { Networks } from "../../src-main/engine/sessions/networks.ts";
import { inTiles, OVERLAP, tilesOf } from "../../src-main/engine/tiles.ts";
import { relativeError } from "../support/closeness.ts";

describe("tiles", () => {
  test.each([
    [{ height: 64, width: 64 }, 1],
    [{ height: 256, width: 256 }, 16],
    [{ height: 65, width: 200 }, 8],
    [{ height: 129, width: 40 }, 3],
  ])("of %j cover it, overlap, and are %i", (size, count) => {
    const { tile, places } = tilesOf(size);
    expect(places).toHaveLength(count);
    const covered = new Uint8Array(size.width * size.height);
    for (const { y, x } of places) {
      expect(y + tile.height).toBeLessThanOrEqual(size.height);
      expect(x + tile.width).toBeLessThanOrEqual(size.width);
      for (let v = 0; v < tile.height; v++)
        covered.fill(1, (y + v) * size.width + x, (y + v) * size.width + x + tile.width);
    }
    expect(covered.includes(0)).toBe(false);
    for (const axis of ["y", "x"] as const) {
      const starts = [...new Set(places.map((place) => place[axis]))];
      const side = axis === "y" ? tile.height : tile.width;
      starts.slice(1).forEach((start, i) => expect(starts[i]! + side - start).toBeGreaterThanOrEqual(OVERLAP - 1));
    }
  });

  test("that agree make what a whole makes, larger and smaller", async () => {
    const size = { height: 80, width: 100 };
    const latent = Float32Array.from({ length: 2 * 80 * 100 }, (_, i) => Math.sin(i));
    const doubled = (planes: Float32Array, { height, width }: typeof size) =>
      Float32Array.from({ length: 4 * planes.length }, (_, i) => {
        const [x, y] = [i % (2 * width), Math.floor(i / (2 * width)) % (2 * height)];
        const channel = Math.floor(i / (4 * width * height));
        return planes[(channel * height + (y >> 1)) * width + (x >> 1)]!;
      });
    const large = await inTiles(latent, size, { from: 1, to: 2 }, (tile, cells) =>
      Promise.resolve(doubled(tile, cells)),
    );
    expect(relativeError(large, doubled(latent, size))).toBeLessThan(1e-6);
    const halved = (planes: Float32Array, { height, width }: typeof size) =>
      Float32Array.from({ length: planes.length / 4 }, (_, i) => {
        const [x, y, channel] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
        return planes[(channel * 2 * height + 2 * y) * 2 * width + 2 * x]!;
      });
    const back = await inTiles(large, size, { from: 2, to: 1 }, (tile, cells) => Promise.resolve(halved(tile, cells)));
    expect(relativeError(back, latent)).toBeLessThan(1e-6);
  });

  test(
    "are what a latent beyond the largest checkpoints' is decoded and encoded in",
    { timeout: 120_000 },
    async () => {
      const config = { blockOutChannels: [4, 8, 16, 16] };
      expect(isLargeForAutoencoder(config, { height: 64, width: 64 })).toBe(false);
      expect(isLargeForAutoencoder(config, { height: LARGEST_WHOLE / 128, width: 129 })).toBe(true);
      // A decoder as wide as 1 TB of memory would do is short of it everywhere.
      expect(isLargeForAutoencoder({ blockOutChannels: [1e5, 8, 16, 16] }, { height: 65, width: 65 })).toBe(true);
      const checkpoint = await openCheckpoint("test/goldens/tiny-sd");
      const networks = new Networks(checkpoint, { provider: "cpu", memory: "fast", threads: 1 }, "float32", 77);
      const size = { height: 24, width: 72 * 10 };
      const { latentChannels } = checkpoint.vae.config;
      const latent = Float32Array.from({ length: latentChannels * size.height * size.width }, (_, i) =>
        Math.sin(i / 7),
      );
      const picture = await networks.decode(latent, size);
      expect(picture).toHaveLength(3 * 64 * size.height * size.width);
      expect(picture.every(Number.isFinite)).toBe(true);
      const again = await networks.encodePicture(picture, size);
      expect(again).toHaveLength(latent.length);
      await networks.close();
    },
  );
});
