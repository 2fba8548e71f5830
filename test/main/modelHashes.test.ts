/** SHA-256 of checkpoints in the background: a real workshop reads, a real library keeps. */
import { createHash } from "node:crypto";
import { cpSync, readFileSync, renameSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ModelHashes } from "../../src-main/main/modelHashes.ts";
import { Library } from "../../src-main/store/library.ts";
import { openWorkshop } from "../../src-main/workshop/host.ts";
import { temporaryFolder } from "../support/projects.ts";

function scenario() {
  const base = temporaryFolder();
  const folder = join(base, "tiny-sd");
  cpSync("test/goldens/tiny-sd", folder, { recursive: true });
  const file = join(folder, "unet", "diffusion_pytorch_model.safetensors");
  const sha256 = () => createHash("sha256").update(readFileSync(file)).digest("hex");
  const workshop = openWorkshop();
  const library = new Library(join(base, "library.db"), { onNote: () => undefined });
  onTestFinished(async () => {
    library.close();
    await workshop.stop();
  });
  let read = 0;
  const counting = {
    api: {
      ...workshop.api,
      hashFile: (request: Parameters<typeof workshop.api.hashFile>[0]) => {
        read++;
        return workshop.api.hashFile(request);
      },
    },
  };
  const store = {
    knownHash: (request: Parameters<Library["knownHash"]>[0]) => Promise.resolve(library.knownHash(request)),
    rememberHash: ({ sha256, ...identity }: Parameters<Library["knownHash"]>[0] & { sha256: string }) =>
      Promise.resolve().then(() => library.rememberHash(identity, sha256)),
  };
  const problems: string[] = [];
  const begin = () => new ModelHashes(counting, (problem) => problems.push(problem));
  return { folder, file, sha256, store, begin, problems, reads: () => read };
}

test("the network's file is read once, and after that the library knows it", async () => {
  const { folder, sha256, store, begin, reads } = scenario();
  const hashes = begin();
  expect(hashes.of(folder)).toBeUndefined();
  await Promise.all([hashes.learn(folder, store), hashes.learn(folder, store)]);
  expect(hashes.of(folder)).toBe(sha256());
  const later = begin(); // the program was started again
  await later.learn(folder, store);
  expect(later.of(folder)).toBe(sha256());
  expect(reads()).toBe(1);
});

test("a file of another size or time is read again", async () => {
  const { folder, file, sha256, store, begin, reads } = scenario();
  const hashes = begin();
  await hashes.learn(folder, store);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  utimesSync(file, 1_000, 1_000);
  await hashes.learn(folder, store);
  expect(hashes.of(folder)).toBe(sha256());
  expect(reads()).toBe(2);
});

test("a checkpoint that cannot be read, or changes, has no hash, and that is told", async () => {
  const { folder, file, store, begin, problems } = scenario();
  const hashes = begin();
  await hashes.learn(folder, store);
  truncateSync(file, 100);
  await hashes.learn(folder, store);
  expect(hashes.of(folder)).toBeUndefined();
  renameSync(folder, `${folder}-elsewhere`);
  await hashes.learn(folder, store);
  expect(problems).toHaveLength(2);
});

test("weights in several files have no hash that other programs know", async () => {
  const { folder, file, store, begin, problems } = scenario();
  const name = "diffusion_pytorch_model-00001-of-00002.safetensors";
  const empty = Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("{}")]);
  writeFileSync(join(folder, "unet", name.replace("00001-of", "00002-of")), empty);
  renameSync(file, join(folder, "unet", name));
  const hashes = begin();
  await hashes.learn(folder, store);
  expect(hashes.of(folder)).toBeUndefined();
  expect(problems).toEqual([]);
}); // prettier-ignore
