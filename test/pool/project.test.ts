/** A project that is left while a pool draws for it: opened again it collects by itself what was drawn meanwhile, each picture once. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { poolPath } from "../../src-main/api/poolCalls.ts";
import type { StoreApi, StoreEvents } from "../../src-main/api/store.ts";
import { Jobs } from "../../src-main/main/jobs.ts";
import { runService } from "../../src-main/store/service.ts";
import { connect } from "../../src-main/wire/rpc.ts";
import { fakeScene } from "../support/fakePipeline.ts";
import { memoryPorts } from "../support/memoryPorts.ts";
import { CAT, eventually, poolAt } from "../support/pool.ts";
import { hostIn } from "../support/poolHost.ts";
import { sampleDraft, temporaryFolder } from "../support/projects.ts";
import { startRedis, whyNoRedis } from "../support/redis.ts";

const SEEDS = ["1", "2", "3", "4"];

test.skipIf(whyNoRedis())("what a pool owes a project is collected when that is opened again", async () => {
  const server = await startRedis();
  const s = poolAt(server.port);
  const folder = temporaryFolder();
  const { host } = hostIn(folder);
  await host.api.usePool({ address: server.url, ca: null });
  const { id } = (await host.read())!;
  const model = { path: poolPath(id, CAT.hash), provider: "cpu", memory: "auto" } as const;
  const { near, far } = memoryPorts();
  const ended = new Promise<void>((resolve) => runService(far, join(folder, "data"), resolve));
  const { api: store, close } = connect<StoreApi, StoreEvents>(near);
  onTestFinished(async () => {
    close();
    await ended;
  });
  const path = join(folder, "cats.diorama");
  await store.createProject({ path, draft: sampleDraft(), replace: false });
  const engine = { nameOf: () => "cat", cancel: () => undefined, with: () => Promise.reject(new Error("not here")) };
  const openJobs = () => new Jobs({ engine, store, pool: host, emit: () => undefined });

  const first = openJobs();
  const how = { model, previewEvery: 0, attention: false };
  const { runId } = await first.begin({ scene: fakeScene("a cat", 3), seeds: SEEDS, ...how });
  await eventually(async () => expect((await s.client.state()).queues[0]).toMatchObject({ waiting: 4 }));
  first.interruptAll();
  await first.settled();
  await store.closeProject();
  await s.work("one");
  await eventually(() => expect(s.drawn).toHaveLength(4)); // while nobody has the project open

  await store.openProject({ path });
  const again = openJobs();
  await again.collect();
  await again.settled();
  const { results } = await store.listResults({ runId, order: "seed", offset: 0, limit: 10 });
  expect(results.map(({ seed }) => seed)).toEqual(SEEDS);
  expect(await store.readRun({ id: runId })).toMatchObject({ outcome: "done", missing: [] });
  await openJobs().collect(); // nothing is owed any more
  expect(s.drawn).toHaveLength(4);
  await eventually(async () => {
    const left = await s.client.redis.keys("diorama:*");
    expect(left.filter((key) => /:(picture|state|drawn):/.test(key))).toEqual([]);
  });
});
