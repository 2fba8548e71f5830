import { expect, test } from "vitest";
import { withEnding } from "../../src-main/main/fileEnding.ts";

test.each([
  ["/a/poster", ["png"], "/a/poster.png"],
  ["/a/poster.png", ["png"], "/a/poster.png"],
  ["/a/poster.PNG", ["png"], "/a/poster.PNG"],
  ["/a/poster.v2", ["diorama"], "/a/poster.v2.diorama"],
  ["/a/poster.jpg", ["png"], "/a/poster.jpg.png"],
  ["/a.png/poster", ["png"], "/a.png/poster.png"],
  ["/a/poster.jpeg", ["jpg", "jpeg"], "/a/poster.jpeg"],
  ["/a/png", ["png"], "/a/png.png"],
])("%s with an ending of %j is %s", (path, endings, expected) => {
  expect(withEnding(path, endings)).toBe(expected);
});
