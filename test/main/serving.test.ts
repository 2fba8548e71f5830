/** What pages get when they ask: files of the bundle and pictures, under headers that say what they are, and nothing else. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src-main/wire/errors.ts";
import { CONTENT_POLICY, DEVELOPMENT_POLICY } from "../../src-main/main/policy.ts";
import { isReading, serveFile, servePicture } from "../../src-main/main/serving.ts";
import { temporaryFolder } from "../support/projects.ts";

function bundle() {
  const folder = temporaryFolder();
  const root = join(folder, "bundle");
  mkdirSync(join(root, "folder.js"), { recursive: true });
  writeFileSync(join(root, "index.html"), "<p>ours</p>");
  writeFileSync(join(folder, "secret.json"), "{}");
  symlinkSync(join(folder, "secret.json"), join(root, "out.json"));
  symlinkSync(folder, join(root, "up"));
  symlinkSync("index.html", join(root, "in.html"));
  return root;
}

describe("files of the bundle", () => {
  test("are sent with their type, and may run nothing but scripts of their own", async () => {
    const reply = await serveFile(bundle(), "app://diorama/index.html", () => undefined);
    expect([reply.status, await reply.text()]).toEqual([200, "<p>ours</p>"]);
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": CONTENT_POLICY,
      "x-content-type-options": "nosniff",
      "cross-origin-opener-policy": "same-origin",
    });
  });

  test("may be links within the bundle, and not out of it", async () => {
    const root = bundle();
    const said: string[] = [];
    const note = (line: string) => void said.push(line);
    expect((await serveFile(root, "app://diorama/in.html", note)).status).toBe(200);
    expect(said).toEqual([]);
    for (const name of ["out.json", "up/secret.json", "folder.js", "missing.html"]) {
      const reply = await serveFile(root, `app://diorama/${name}`, note);
      expect([name, reply.status, await reply.text()]).toEqual([name, 404, ""]);
      expect(said.at(-1)).toContain(`app://diorama/${name} is not there: `); // in the log
    }
  });
});

test("a page may load nothing from a network, run nothing inline and stand in no frame; in development, styles and a socket", () => {
  const rules = (policy: string): Record<string, string> =>
    Object.fromEntries(policy.split("; ").map((rule) => [rule.split(" ", 1)[0]!, rule.slice(rule.indexOf(" ") + 1)]));
  const ours = rules(CONTENT_POLICY);
  expect(ours).toEqual({
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' img: blob:",
    "font-src": "'self'",
    "connect-src": "'self' img:",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
  });
  const development = rules(DEVELOPMENT_POLICY);
  expect(Object.keys(development).filter((name) => development[name] !== ours[name])).toEqual([
    "style-src",
    "connect-src",
  ]);
});

describe("pictures", () => {
  const address = "img://0b8f3c1e-1111-4222-8333-444455556666/12/full";

  test("are pictures, whatever a stranger's project has in their place", async () => {
    const html = new Uint8Array(Buffer.from("<script>alert(1)</script>"));
    const reply = await servePicture(() => Promise.resolve(html), address);
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      "content-type": "image/png",
      "content-security-policy": "default-src 'none'",
      "x-content-type-options": "nosniff",
      "access-control-allow-origin": "app://diorama",
    });
  });

  test("that are not there, or cannot be read, are not found", async () => {
    const lost = () => Promise.reject(new AppError("not-found", "gone from /home/me", { what: "result", id: "12" }));
    for (const read of [lost, () => Promise.resolve(undefined)]) {
      const reply = await servePicture(read, address);
      expect([reply.status, await reply.text()]).toEqual([404, ""]);
    }
    expect((await servePicture(lost, "img://short/12/full")).status).toBe(404);
  });
});

test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s is not answered", (method) => {
  expect(isReading(new Request("https://x/", { method }))).toBe(false);
});
