/** A store process that does not answer: here it is stopped by a signal, as a disk that is gone would stop it. */
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startStore, type StoreSilence } from "../../src-main/store/host.ts";
import { writeHonest } from "../campaign/hostileProjects.ts";
import { sampleDraft, temporaryFolder } from "../support/projects.ts";

function start() {
  const folder = temporaryFolder();
  const silences: StoreSilence[] = [];
  const store = startStore({
    dataFolder: join(folder, "data"),
    onLine: () => undefined,
    onSilence: (silence) => silences.push(silence),
    patienceOf: () => 1_500,
  });
  onTestFinished(() => store.stop());
  const path = join(folder, "cats.diorama");
  writeHonest(path);
  const isTold = () => expect.poll(() => silences.length, { timeout: 20_000 }).toBeGreaterThan(0);
  return { store, silences, path, folder, isTold };
}

describe.skipIf(process.platform === "win32")("a project that does not answer", () => {
  test("is told; when it answers after all, that is over and nothing is lost", async () => {
    const { store, silences, path, isTold } = start();
    await store.api.openProject({ path });
    process.kill(store.pid!, "SIGSTOP");
    const saving = store.api.saveDraft(sampleDraft("a dog on a mat"));
    await isTold();
    expect(silences[0]).toMatchObject({ name: "cats", isOpening: false });
    process.kill(store.pid!, "SIGCONT");
    await saving;
    expect(silences[0]!.over.aborted).toBe(true);
    expect((await store.api.readDraft()).draft.scene.prompt).toBe("a dog on a mat");
  });

  test("can be given up: what waits fails with its name, and the next call finds it open again", async () => {
    const { store, silences, path, isTold } = start();
    await store.api.openProject({ path });
    await store.api.saveDraft(sampleDraft("a dog on a mat"));
    const pid = store.pid!;
    process.kill(pid, "SIGSTOP");
    const reading = store.api.listRuns({ offset: 0, limit: 9 }).catch((error: unknown) => error);
    await isTold();
    silences[0]!.giveUp();
    expect(await reading).toMatchObject({ code: "project-invalid", message: expect.stringContaining(path) as string });
    expect((await store.api.readDraft()).draft.scene.prompt).toBe("a dog on a mat");
    expect(store.pid).not.toBe(pid);
  });

  test("while it is being opened, can be given up for the one before", async () => {
    const { store, silences, path, folder, isTold } = start();
    const before = join(folder, "before.diorama");
    writeHonest(before);
    await store.api.openProject({ path: before });
    process.kill(store.pid!, "SIGSTOP");
    const opening = store.api.openProject({ path }).catch((error: unknown) => error);
    await isTold();
    expect(silences[0]).toMatchObject({ name: "cats", isOpening: true });
    silences[0]!.giveUp();
    expect(await opening).toMatchObject({ code: "project-invalid", details: { path } });
    expect(await store.api.currentProject()).toMatchObject({ path: before });
  });
});
