import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assetOf, isOurs, linkOf, mayLoad, pictureOf } from "../../src-main/main/addresses.ts";

describe("app:// names files of the bundle", () => {
  test.each([
    ["app://diorama/index.html", "index.html", "text/html; charset=utf-8"],
    ["app://diorama/assets/index-Bx_1.z.js", "assets/index-Bx_1.z.js", "text/javascript; charset=utf-8"],
  ])("%s", (address, path, contentType) => expect(assetOf(address)).toEqual({ path, contentType }));

  test.each([
    "app://diorama/../package.json",
    "app://diorama/%2e%2e/package.json",
    "app://diorama/..%2fpackage.json",
    "app://diorama/..%5cpackage.json",
    "app://diorama/assets/..\\..\\package.json",
    "app://diorama//etc/index.html",
    "app://diorama/C:/index.html",
    "app://diorama/index.html:stream.js",
    "app://diorama/.git/config.json",
    "app://diorama/index.html%00.js",
    "app://diorama/index.exe",
    "app://diorama/",
    "app://other/index.html",
    "file:///etc/passwd.html",
    "app:index.html",
  ])("%s names a file inside, or none", (address) => {
    // What the URL rules fold away leaves a name at the root of the bundle: harmless, and only of a kind that the bundle has.
    expect(assetOf(address)?.path ?? "package.json").toBe("package.json");
  });

  test("no address leads out of the bundle's folder", () => {
    const part = fc.constantFrom(
      "..",
      ".",
      "%2e",
      "%2E%2e",
      "/",
      "\\",
      "%5c",
      "%2f",
      "a",
      "index.html",
      ":",
      "\0",
      "~",
      "//",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const path = assetOf(`app://diorama/${parts.join("")}`)?.path;
        expect(path === undefined || /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(path)).toBe(true);
      }),
    );
  });
});

describe("img:// names pictures by number", () => {
  const key = "0b8f3c1e-1111-4222-8333-444455556666";
  test("in full, or small", () => {
    expect(pictureOf(`img://${key}/12/full`)).toEqual({ key, id: 12, size: "full" });
    expect(pictureOf(`img://${key}/9/thumbnail`)).toEqual({ key, id: 9, size: "thumbnail" });
    expect(pictureOf(`img://${key}/9/small`)).toEqual({ key, id: 9, size: "small" });
  });
  test.each([
    `img://${key}/0/full`,
    `img://${key}/1e3/full`,
    `img://${key}/1/../../etc`,
    `img://${key}/1/large`,
    "img://x/1/full",
  ])("%s is none", (address) => expect(pictureOf(address)).toBeUndefined());
});

describe("only our own pages are ours", () => {
  test("by the origin that the browser tells", () => {
    expect(isOurs({ origin: "app://diorama", url: "app://diorama/index.html" })).toBe(true);
    expect(isOurs(null)).toBe(false);
    expect(isOurs({ origin: "null", url: "app://diorama/index.html" })).toBe(false);
    expect(isOurs({ origin: "https://evil.example", url: "https://evil.example/app://diorama/" })).toBe(false);
    expect(isOurs({ origin: "app://diorama.evil", url: "app://diorama.evil/index.html" })).toBe(false);
  });
});

describe("what may be loaded", () => {
  test.each([
    "app://diorama/index.html",
    "blob:app://diorama/6f1e",
    "img://0b8f3c1e-1111-4222-8333-444455556666/1/full",
  ])("%s", (address) => expect(mayLoad(address, false)).toBe(true));
  test.each([
    "https://example.com/app://diorama/",
    "http://localhost:5180/index.html",
    "application:x",
    "app://other/index.html",
    "app://diorama.evil/index.html",
    "blob:https://example.com/6f1e",
    "blob:null/6f1e",
    "imgs://x/1/full",
    "image:x",
    "data:text/html,x",
    "file:///etc/passwd",
    "filesystem:app://diorama/temporary/x",
    "ftp://example.com/",
    "chrome://gpu",
    "wss://example.com/",
    "ws://localhost:51800/",
    "not an address",
  ])("not %s", (address) => expect([mayLoad(address, false), mayLoad(address, true)]).toEqual([false, false]));
  test("the browser's tools and Vite's socket, in development only", () => {
    for (const address of ["devtools://devtools/bundled/inspector.html", "ws://localhost:5180/?token=x"]) {
      expect([mayLoad(address, false), mayLoad(address, true)]).toEqual([false, true]);
    }
  });
});

describe("links to the outside", () => {
  test("go to the sites that we link to, by https", () => {
    expect(linkOf("https://arxiv.org/abs/2405.14101")).toBe("https://arxiv.org/abs/2405.14101");
  });
  test.each([
    "http://arxiv.org/",
    "https://arxiv.org.evil.example/",
    "https://evil.example/#arxiv.org",
    "https://user:word@github.com/",
    "https://github.com:8443/",
    "file:///etc/passwd",
    "smb://host/share",
    "javascript:alert(1)",
    "ms-msdt:/id",
    "not an address",
  ])("%s is not opened", (address) => expect(linkOf(address)).toBeUndefined());
});
