import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { fakeJobs } from "../support/jobs.ts";

const model = { path: "/models/a", provider: "cpu", memory: "auto" } as const;
const scene = { prompt: "a cat", negativePrompt: "", regions: [], settings: DEFAULT_SETTINGS };

test("a picture is kept with its checkpoint's SHA-256 where that is known by then", async () => {
  let known: string | undefined;
  const { jobs, kept } = fakeJobs(
    async (_asked, tell) => {
      tell.image();
      await jobs.paused(() => Promise.resolve());
      known = "ab".repeat(32);
      return { finished: 1 };
    },
    { sha256Of: ({ path }) => (path === model.path ? known : undefined) },
  );
  await jobs.begin({ model, scene, seeds: ["5", "6"], previewEvery: 0, attention: false });
  await jobs.settled();
  expect(kept.map(({ record }) => record.model)).toEqual([
    { name: "a", hash: "sampled-sha256:1" },
    { name: "a", hash: "sampled-sha256:1", sha256: "ab".repeat(32) },
  ]);
});
