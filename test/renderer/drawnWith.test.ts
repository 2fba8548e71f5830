/** The checkpoint that a picture was drawn with, when another one is open. */
import { expect, test } from "vitest";
import type { App } from "@api/bridge.ts";
import type { ModelSummary } from "@api/engine.ts";
import type { ModelEntry } from "@api/main.ts";
import type { HomeModel, MissingModel, MissingRequest } from "@api/models.ts";
import { Checkpoint } from "../../src-renderer/state/checkpoint.ts";
import { Editor } from "../../src-renderer/state/editor.svelte.ts";
import { Models } from "../../src-renderer/state/models.svelte.ts";
import { Notices } from "../../src-renderer/state/notices.svelte.ts";

const entry = (name: string, demo = false): ModelEntry => {
  const request = { path: `/m/${name}`, provider: "cpu", memory: "auto" } as const;
  return { request, name, demo, used: null, present: true };
};

/** A window that has `open` open, with these answers about a checkpoint that is missing. */
function windowWith(open: string, missing: Partial<MissingModel> = {}) {
  const asked: MissingRequest[] = [];
  const api = {
    findMissingModel: (request: MissingRequest) => {
      asked.push(request);
      return Promise.resolve({ path: null, name: "", moved: null, closest: [], ...missing });
    },
  };
  const app = { api, on: () => () => undefined } as unknown as App;
  const notices = new Notices();
  const models = new Models(app);
  models.summary = { name: open } as ModelSummary;
  models.known = [entry("Demo model", true), entry("dreams")];
  const checkpoint = new Checkpoint(app, new Editor(), models, notices);
  const offer = async (name: string, sha256?: string) => {
    await checkpoint.offer({ name, hash: "x", ...(sha256 === undefined ? {} : { sha256 }) });
    return notices.doings.map(({ text, action }) => [text, action?.label]);
  };
  return { offer, asked };
}

const home = (name: string) => ({ path: `/home/${name}.safetensors`, name }) as HomeModel;

test("the same one is no news, and neither is a picture that says nothing", async () => {
  const { offer } = windowWith("dreams");
  expect(await offer("dreams")).toEqual([]);
  expect(await offer("")).toEqual([]);
});

test("one that is known is offered, also the demo model", async () => {
  expect(await windowWith("other").offer("dreams")).toEqual([
    ["The picture was drawn with dreams; other is open.", "Use dreams"],
  ]);
  expect(await windowWith("other").offer("demo")).toEqual([
    ["The picture was drawn with Demo model; other is open.", "Use Demo model"],
  ]);
});

test("one that is at home under another name is found by its hash", async () => {
  const { offer, asked } = windowWith("dreams", { moved: home("renamed") });
  expect(await offer("lost", "ab")).toEqual([["The picture was drawn with lost; dreams is open.", "Use renamed"]]);
  expect(asked).toEqual([{ name: "lost", sha256: "ab" }]);
});

test("of one that is nowhere, what is most like it is offered", async () => {
  expect(await windowWith("dreams", { closest: [home("lost v2"), home("zebra")] }).offer("lost v1")).toEqual([
    [
      "The picture was drawn with lost v1, which is not on this disk; dreams is open. Most like it here is lost v2.",
      "Use lost v2",
    ],
  ]);
  expect(await windowWith("dreams").offer("lost")).toEqual([
    ["The picture was drawn with lost, which is not on this disk; dreams is open.", undefined],
  ]);
});
