/** Which files the engine is given: only those that a person has chosen, whatever a project that came by mail names. */
import { expect, test } from "vitest";
import type { LoadRequest } from "../../src-main/api/engine.ts";
import { DEMO_MODEL } from "../../src-main/api/main.ts";
import { Models } from "../../src-main/main/models.ts";

const request = (path: string, more: Partial<LoadRequest> = {}): LoadRequest => ({
  path,
  provider: "cpu",
  memory: "auto",
  ...more,
});

function models(known: LoadRequest[], atHome: string[] = []) {
  const remembered: LoadRequest[] = [];
  const store = {
    knownModels: () => Promise.resolve(known.map((each) => ({ request: each, name: "x", used: null }))),
    rememberModel: ({ request: each }: { request: LoadRequest }) => Promise.resolve(void remembered.push(each)),
  };
  const workshop = { api: { inspectModel: () => Promise.resolve({ name: "x" }) } };
  const home = { has: ({ path }: { path: string }) => Promise.resolve(atHome.includes(path)) };
  return { models: new Models(store as never, workshop as never, {} as never, "/demo", home), remembered };
}

test("autoencoders, too, are taken only where the person chose them", async () => {
  const { models: mine } = models([request("/a.safetensors", { vae: "/known.vae" })], ["/home/taesd.safetensors"]);
  await mine.refuseUnknown(request("/a.safetensors", { vae: "/known.vae", tiny: "/home/taesd.safetensors" }));
  await mine.refuseUnknown(request(DEMO_MODEL));
  const foreign = request("/a.safetensors", { vae: "/etc/secret.safetensors" });
  await expect(mine.refuseUnknown(foreign)).rejects.toThrow(
    "The autoencoder /etc/secret.safetensors is not among your models",
  );
  await expect(mine.refuseUnknown(request(DEMO_MODEL, { tiny: "/x" }))).rejects.toThrow("The autoencoder /x");
  await expect(mine.refuseUnknown(request("/b"))).rejects.toThrow("The checkpoint /b is not among your models");
  mine.allow("/etc/secret.safetensors");
  await mine.refuseUnknown(foreign);
});

test("a checkpoint that is added again keeps what it was taken with", async () => {
  const before = request("/a.safetensors", { prediction: "v_prediction", vae: "/known.vae" });
  const { models: mine, remembered } = models([before]);
  expect((await mine.add("/a.safetensors")).request).toEqual(before);
  expect((await mine.add("/b.safetensors")).request).toEqual(request("/b.safetensors"));
  expect(remembered).toHaveLength(2);
});
