/** What is said of a repository, which of its files are fetched, and what a hub may not do. */
import { describe, expect, onTestFinished, test } from "vitest";
import { OFFERS } from "../../src-main/api/models.ts";
import { readRepo } from "../../src-main/models/hub/hub.ts";
import { selections } from "../../src-main/models/hub/select.ts";
import { always, BIG, get, hub, make, repo, SMALL } from "../support/downloading.ts";
import { entryOf, oidOf, startHub } from "../support/hub.ts";

describe("a refusal is said in words:", () => {
  test.each([
    [401, {}, "wants an account"],
    [401, { "X-Error-Code": "RepoNotFound" }, "There is no model me/mine"],
    [403, {}, "Your account may not have me/mine"],
    [404, {}, "There is no model me/mine"],
    [429, {}, "asked too often"],
    [500, {}, "a fault of its own"],
  ])("%i %o of the description", async (status, headers, message) => {
    always(/^\/api\//, status, headers);
    await expect(make().downloads.describe("me/mine")).rejects.toMatchObject({
      code: "hub-failed",
      message: expect.stringContaining(message) as unknown,
    });
  });

  test.each([401, 403, 404])("%i of a file", async (status) => {
    const { downloads } = make();
    always(/\/resolve\//, status);
    expect(await get(downloads)).toMatchObject({
      state: "failed",
      message: expect.stringContaining("me/mine") as unknown,
    });
  });

  test("nothing that answers", async () => {
    const { downloads } = make();
    downloads.address = { url: "http://127.0.0.1:9" };
    await expect(downloads.describe("me/mine")).rejects.toThrow("does not answer");
  });

  test.each(["mine", "a/../b", "me/mi--ne", "<script>/x", ""])("%s is no name of a model", async (name) => {
    await expect(make().downloads.describe(name)).rejects.toThrow("owner/name");
    expect(hub.asked).toEqual([]);
  });

  test("the address of its page is its name, too", () => {
    expect(readRepo("https://huggingface.co/me/mine/tree/main?x=1")).toBe("me/mine");
  });

  test("pickles alone", async () => {
    hub.repos["me/mine"] = { files: { "pytorch_model.bin": SMALL } };
    const { choices, notes } = await make().downloads.describe("me/mine");
    expect(choices).toEqual([]);
    expect(notes[0]).toContain("pickles");
  });
});

describe("what a hub may not do:", () => {
  test("send 10 GB of JSON", async () => {
    let sent = 0;
    hub.faults.push((_request, response, { url }) => {
      if (!url.includes("/tree/")) return false;
      response.writeHead(200, { "Content-Type": "application/json" });
      const piece = Buffer.from(" ".repeat(1_000_000));
      const more = () => {
        if (response.destroyed || sent > 10e9) return;
        sent += piece.length;
        response.write(piece, () => setImmediate(more));
      };
      more();
      return true;
    });
    const before = process.memoryUsage().rss;
    await expect(make().downloads.describe("me/mine")).rejects.toThrow("more than 16 MB");
    expect(sent).toBeLessThan(64e6);
    expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
  });

  test("state 10 GB: not a byte of it is read", async () => {
    always(/\/api\//, 200, { "Content-Length": String(10e9) }, "");
    await expect(make().downloads.describe("me/mine")).rejects.toThrow("more than 16 MB");
  });

  test("send a JSON that is none, or a list that is none", async () => {
    always(/\/tree\//, 200, {}, "<html>");
    await expect(make().downloads.describe("me/mine")).rejects.toThrow("cannot be read");
    hub.faults.length = 0;
    always(/\/tree\//, 200, {}, `[{"type":"file","path":"a.safetensors","size":-1,"oid":"x"},null,7]`);
    expect((await make().downloads.describe("me/mine")).choices).toEqual([]);
  });

  test.each([
    "../../evil.safetensors",
    "/etc/evil.safetensors",
    "a\\..\\evil.safetensors",
    "con.safetensors",
    ".hidden.safetensors",
  ])("name a file %s", async (path) => {
    always(/\/tree\//, 200, {}, JSON.stringify([entryOf(path, BIG)]));
    expect((await make().downloads.describe("me/mine")).choices).toEqual([]);
  });

  test("lead in circles, or to a file", async () => {
    hub.faults.push((_request, response, { url }) => {
      if (!url.startsWith("/cdn/")) return false;
      response.writeHead(302, { Location: url }).end();
      return true;
    });
    expect(await get(make().downloads)).toMatchObject({
      state: "failed",
      message: expect.stringContaining("without end") as unknown,
    });
    hub.faults.length = 0;
    always(/^\/cdn\//, 302, { Location: "file:///etc/passwd" });
    expect(await get(make().downloads)).toMatchObject({
      state: "failed",
      message: expect.stringContaining("not a safe address") as unknown,
    });
  });

  test("have the token sent to another host", async () => {
    const other = await startHub({ "me/mine": repo() });
    onTestFinished(() => other.close());
    always(/\/resolve\//, 302, { Location: `${other.url}/cdn/${oidOf(BIG, true)}` });
    expect(await get(make(undefined, "hf_secret").downloads)).toMatchObject({ state: "done" });
    expect(hub.asked.every(({ authorization }) => authorization === "Bearer hf_secret")).toBe(true);
    expect(other.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
  });
});

describe("what of a repository is fetched", () => {
  const file = (path: string) => ({ path, bytes: 1, hash: { kind: "git" as const, hex: "0".repeat(40) } });
  const choose = (...paths: string[]) =>
    selections(paths.map(file)).map(({ id, files }) => [id, ...files.map(({ path }) => path)]);

  test("of a checkpoint the 16-bit weights of the parts that are drawn with, and the index last", () => {
    const parts = ["unet", "vae", "text_encoder"].flatMap((part) => {
      const base = part === "text_encoder" ? "model" : "diffusion_pytorch_model";
      return [
        "config.json",
        `${base}.safetensors`,
        `${base}.fp16.safetensors`,
        `${base}.non_ema.safetensors`,
        `${base}.bin`,
      ].map((name) => `${part}/${name}`);
    });
    const [folder, single] = choose(
      "model_index.json",
      ...parts,
      "safety_checker/model.safetensors",
      "scheduler/scheduler_config.json",
      "tokenizer/vocab.json",
      "tokenizer/merges.txt",
      "v1-5.safetensors",
    );
    expect(folder).toEqual([
      "folder",
      "scheduler/scheduler_config.json",
      "text_encoder/config.json",
      "text_encoder/model.fp16.safetensors",
      "tokenizer/vocab.json",
      "tokenizer/merges.txt",
      "unet/config.json",
      "unet/diffusion_pytorch_model.fp16.safetensors",
      "vae/config.json",
      "vae/diffusion_pytorch_model.fp16.safetensors",
      "model_index.json",
    ]);
    expect(single).toEqual(["v1-5.safetensors", "v1-5.safetensors"]);
  });

  test("of weights in several parts all of them, with their index", () => {
    const [folder] = choose(
      "model_index.json",
      "unet/config.json",
      "unet/diffusion_pytorch_model-00001-of-00002.safetensors",
      "unet/diffusion_pytorch_model-00002-of-00002.safetensors",
      "unet/diffusion_pytorch_model.safetensors.index.json",
      "vae/diffusion_pytorch_model.safetensors",
      "text_encoder/model.safetensors",
    );
    expect(folder).toContain("unet/diffusion_pytorch_model-00002-of-00002.safetensors");
    expect(folder).toContain("unet/diffusion_pytorch_model.safetensors.index.json");
  });

  test("a part alone comes with its configuration, a LoRA by itself", () => {
    expect(choose("config.json", "diffusion_pytorch_model.safetensors")).toEqual([
      ["diffusion_pytorch_model.safetensors", "config.json", "diffusion_pytorch_model.safetensors"],
    ]);
    expect(choose("pytorch_lora_weights.safetensors", "README.md")).toEqual([
      ["pytorch_lora_weights.safetensors", "pytorch_lora_weights.safetensors"],
    ]);
  });
});

test("every offer has a name that the hub could have", () => {
  for (const { repo: name, roughBytes } of OFFERS) {
    expect(readRepo(name)).toBe(name);
    expect(roughBytes).toBeGreaterThan(1e6);
  }
});
