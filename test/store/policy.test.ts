/** What each call of the store does when the process dies in the middle of it, by killing it there. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { storeSchemas } from "../../src-main/api/storeMessages.ts";
import type { StoreApi } from "../../src-main/api/store.ts";
import { startStore } from "../../src-main/store/host.ts";
import { is } from "../../src-main/store/policy.ts";
import { sampleDraft, sampleScene, temporaryFolder } from "../support/projects.ts";

const METHODS = Object.keys(storeSchemas) as (keyof StoreApi)[];

test("what adds something is not made again, what only reads is", () => {
  const adding = [
    "createProject",
    "copyProject",
    "nameVersion",
    "restoreVersion",
    "beginRun",
    "beginGridRuns",
    "saveGrid",
    "addResult",
    "emptyBin",
    "importPicture",
    "labelResults",
    "letGoStates",
  ];
  expect(METHODS.filter((method) => !is(method, "again")).toSorted()).toEqual(adding.toSorted());
});

test("what the library holds needs no project", () => {
  const library = METHODS.filter((method) => /^(recent|known|remember|forget|readPref|writePref)/.test(method));
  expect(library.length).toBeGreaterThan(6);
  expect(library.filter((method) => !is(method, "alone"))).toEqual([]);
});

async function started() {
  const folder = temporaryFolder();
  const store = startStore({ dataFolder: join(folder, "data"), onLine: () => undefined });
  onTestFinished(() => store.stop());
  await store.api.createProject({ path: join(folder, "cats.diorama"), draft: sampleDraft(), replace: false });
  return { store, api: store.api };
}

test("a call that may be made twice is answered by the process that takes the dead one's place", async () => {
  const { store, api } = await started();
  const calls = [api.readDraft(), api.saveDraft(sampleDraft("a dog on a mat")), api.readPreferences()];
  process.kill(store.pid!, "SIGKILL");
  await expect(Promise.all(calls)).resolves.toHaveLength(3);
  expect((await api.readDraft()).draft).toEqual(sampleDraft("a dog on a mat"));
});

test("one that may not says that the process died, and the next call works", async () => {
  const { store, api } = await started();
  process.kill(store.pid!, "SIGSTOP"); // so that it has no time to do it
  const call = api.beginRun({ scene: sampleScene(), model: "demo", asked: 1 });
  process.kill(store.pid!, "SIGKILL");
  await expect(call).rejects.toMatchObject({ code: "service-crashed" });
  expect(await api.listRuns({ offset: 0, limit: 10 })).toMatchObject({ total: 0 });
});
