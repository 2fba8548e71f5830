/** A checkpoint whose folder goes away after it was opened: the disk was pulled out, the folder renamed. */
import { cpSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openCheckpoint } from "../../src-main/checkpoint/folder.ts";
import { STEERING } from "../../src-main/guidance/steering.ts";
import { Networks } from "../../src-main/engine/sessions/networks.ts";
import { temporaryFolder } from "../support/projects.ts";

async function opened() {
  const folder = join(temporaryFolder(), "tiny-sd");
  cpSync("test/goldens/tiny-sd", folder, { recursive: true });
  const networks = new Networks(await openCheckpoint(folder), { provider: "cpu", memory: "fast" }, "float32", 77);
  onTestFinished(() => networks.close());
  return { folder, networks };
}
const size = { width: 8, height: 8 };
const latent = new Float32Array(4 * 8 * 8);

test("a folder that is gone is named, in whatever network it is missed", async () => {
  const { folder, networks } = await opened();
  renameSync(folder, `${folder}-elsewhere`);
  const gone = {
    code: "file-unreadable",
    details: { path: folder },
    message: `The checkpoint's folder ${folder} is not there any more. Put it back, or connect its disk, or choose another checkpoint.`,
  };
  await expect(networks.unet(size, 77, STEERING, () => undefined)).rejects.toMatchObject(gone);
  await expect(networks.decode(latent, size)).rejects.toMatchObject(gone);
  await expect(networks.encode([[{ ids: [1], weights: [1], learned: [], end: 1 }]])).rejects.toMatchObject(gone);
  renameSync(`${folder}-elsewhere`, folder);
  await expect(networks.decode(latent, size)).resolves.toHaveLength(3 * 64 * 64);
});

test("a file that is gone is named", async () => {
  const { folder, networks } = await opened();
  const file = join(folder, "vae", "diffusion_pytorch_model.safetensors");
  rmSync(file);
  await expect(networks.decode(latent, size)).rejects.toMatchObject({ code: "file-unreadable", details: { path: file } });
}); // prettier-ignore
