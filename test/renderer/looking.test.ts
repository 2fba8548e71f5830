/** The zoom of pictures that are looked at: pixel for pixel is that, and all of it is all of it. */
import { expect, test } from "vitest";
import { fitInto, Zoom } from "../../src-renderer/state/looking.svelte.ts";

const zoomAt = (fit: number) => Object.assign(new Zoom(), { fit });

test("a picture fits into its frame as a whole, and the scale says so in its own pixels", () => {
  expect(fitInto({ width: 600, height: 300 }, { width: 512, height: 768 })).toEqual({
    width: 200,
    height: 300,
    scale: 300 / 768,
  });
  expect(fitInto({ width: 0, height: 0 }, { width: 512, height: 512 }).scale).toBe(0);
});

test("a hundred percent is a pixel for a pixel, however large the frame; the same again is all of it", () => {
  for (const fit of [0.3, 1, 4.7]) {
    const zoom = zoomAt(fit);
    zoom.actual();
    expect(zoom.shown).toBe(1);
    zoom.move(10, 20);
    zoom.actual();
    expect([zoom.scale, zoom.shown, zoom.pan]).toEqual([undefined, fit, { x: 0, y: 0 }]);
  }
});

test("zooming stops where all of it is seen, goes on from there, and ends", () => {
  const zoom = zoomAt(0.4);
  zoom.by(1.25);
  expect(zoom.shown).toBeCloseTo(0.5);
  zoom.by(0.5);
  expect(zoom.scale).toBeUndefined();
  zoom.by(0.5);
  expect(zoom.shown).toBe(0.4); // never smaller than fits
  for (let i = 0; i < 40; i++) zoom.by(1.25);
  expect(zoom.shown).toBe(32);
  const small = zoomAt(5); // a small picture can be made smaller than its frame
  small.by(0.5);
  expect(small.shown).toBe(2.5);
  for (let i = 0; i < 40; i++) small.by(0.5);
  expect(small.shown).toBe(1);
});
