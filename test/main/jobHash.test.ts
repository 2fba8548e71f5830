import { expect, test } from "vitest";
import type { GeneratedImage } from "../../src-main/api/engine.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { Jobs, type JobsOptions } from "../../src-main/main/jobs.ts";

const model = { path: "/models/a", provider: "cpu", memory: "auto" } as const;
const scene = { prompt: "a cat", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };

test("a picture is kept with its checkpoint's SHA-256 where that is known by then", async () => {
  const kept: { record: GeneratedImage["record"] }[] = [];
  let known: string | undefined;
  const jobs = new Jobs({
    engine: {
      with: ((_model: unknown, send: (api: unknown) => Promise<unknown>) => send({ generate })) as never,
      cancel: () => undefined,
      nameOf: () => "a",
    },
    store: {
      beginRun: () => Promise.resolve({ id: 1 }),
      endRun: () => Promise.resolve({}),
      addResult: (result: { record: GeneratedImage["record"] }) => Promise.resolve(void kept.push(result)),
    } as unknown as JobsOptions["store"],
    sha256Of: ({ path }) => (path === model.path ? known : undefined),
    emit: () => undefined,
  });
  async function generate({ jobId, seeds }: { jobId: string; seeds: string[] }) {
    for (const [index, seed] of seeds.entries()) {
      const record = { model: { name: "a", hash: "sampled-sha256:1" } };
      jobs.onImage({ jobId, index, seed, record, seconds: 1 } as unknown as GeneratedImage);
      await jobs.paused(() => Promise.resolve());
      known = "ab".repeat(32);
    }
    return { finished: seeds.length };
  }
  await jobs.begin({ model, scene, seeds: ["5", "6"], previewEvery: 0, attention: false });
  await jobs.settled();
  expect(kept.map(({ record }) => record.model)).toEqual([
    { name: "a", hash: "sampled-sha256:1" },
    { name: "a", hash: "sampled-sha256:1", sha256: "ab".repeat(32) },
  ]);
});
