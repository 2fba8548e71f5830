/** The archive reader of the Electron recipe, on archives made here byte by byte. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { unzip } from "../../tools/electron/unzip.ts";
import { temporaryFolder } from "../support/projects.ts";

interface Entry {
  name: string;
  content: string;
  /** Unix file type and permissions, in octal. */
  mode?: number;
  stored?: boolean;
}

/** A zip archive without checksums, which the reader does not look at: npm has checked the whole download. */
function zip(entries: readonly Entry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, mode = 0o100644, stored = false } of entries) {
    const packed = stored ? Buffer.from(content) : deflateRawSync(content);
    const method = stored ? 0 : 8;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(3, 28); // an extra field of 3 bytes, as real archives have
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(content.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(mode * 0x10000, 38);
    central.writeUInt32LE(offset, 42);
    const file = Buffer.concat([local, Buffer.from(name), Buffer.from("xyz"), packed]);
    files.push(file);
    directory.push(central, Buffer.from(name));
    offset += file.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, ...directory, end]);
}

async function unpacked(
  archive: Buffer,
  place: (name: string) => string | undefined = (name) => name,
): Promise<string> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "a.zip"), archive);
  await unzip(join(folder, "a.zip"), join(folder, "out"), place);
  return join(folder, "out");
}

test("packed and stored files come out as they went in, folders and permissions too", async () => {
  const folder = await unpacked(
    zip([
      { name: "bin/", content: "", mode: 0o040755 },
      { name: "bin/run", content: "go ".repeat(500), mode: 0o100755 },
      { name: "plain.txt", content: "hello", stored: true },
      { name: "empty", content: "", stored: true },
    ]),
  );
  expect(readFileSync(join(folder, "bin/run"), "utf8")).toBe("go ".repeat(500));
  expect(statSync(join(folder, "bin/run")).mode & 0o777).toBe(0o755);
  expect(readFileSync(join(folder, "plain.txt"), "utf8")).toBe("hello");
  expect(readFileSync(join(folder, "empty"), "utf8")).toBe("");
});

test("a link is refused: files behind it would land elsewhere", async () => {
  await expect(unpacked(zip([{ name: "lib.so", content: "/etc", mode: 0o120777 }]))).rejects.toThrow("has a link");
});

test("files are placed under other names, or left out", async () => {
  const entries = ["App/App", "App/secret"].map((name) => ({ name, content: name }));
  const folder = await unpacked(zip(entries), (name) => (name === "App/App" ? "electron" : undefined));
  expect(readFileSync(join(folder, "electron"), "utf8")).toBe("App/App");
  expect(() => statSync(join(folder, "App"))).toThrow();
});

test("an archive that would write outside its folder is refused", async () => {
  await expect(unpacked(zip([{ name: "../evil", content: "x" }]))).rejects.toThrow("invalid relative path");
  await expect(unpacked(zip([{ name: "evil", content: "x" }]), (name) => `../${name}`)).rejects.toThrow(
    "would write to",
  );
});

test("what is no archive, or is cut off, is refused", async () => {
  await expect(unpacked(Buffer.from("hello"))).rejects.toThrow(/not a zip file|not found/i);
  const whole = zip([{ name: "a", content: "hello" }]);
  await expect(unpacked(whole.subarray(20))).rejects.toThrow();
});
