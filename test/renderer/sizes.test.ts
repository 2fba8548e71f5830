/** Sizes to choose from. */
import { expect, test } from "vitest";
import { presets, sizesFor } from "../../src-renderer/state/sizes.ts";

const square = (side: number) => ({ width: side, height: side });

test("Stable Diffusion XL has the sizes it was trained on, in multiples of 64 of about as many pixels", () => {
  const sizes = sizesFor(square(1024), 16, "sdxl");
  expect(sizes[0]).toEqual({ name: "Square", size: square(1024) });
  expect(new Set(sizes.map(({ name }) => name)).size).toBe(sizes.length);
  for (const { size } of sizes) {
    expect([size.width % 64, size.height % 64]).toEqual([0, 0]);
    expect(Math.abs((size.width * size.height) / 1024 ** 2 - 1)).toBeLessThan(0.07);
  }
});

test("what is best at another size than XL's gets shapes of that, and other families their own unit", () => {
  const turbo = sizesFor(square(512), 16, "sdxl");
  expect(turbo[0]!.size).toEqual(square(512));
  expect(turbo.every(({ size }) => size.width % 64 === 0 && size.height % 64 === 0)).toBe(true);
  expect(sizesFor(square(512), 16, "sd1")).toEqual(presets(square(512), 16));
  expect(sizesFor(square(256), 8, undefined)).toEqual(presets(square(256), 8));
});
