/** One engine for all windows: what comes of a call is told to whoever made it. */
import { expect, test } from "vitest";
import type { EngineEvents, LoadRequest, ModelSummary } from "../../src-main/api/engine.ts";
import { SharedEngine, type Listener } from "../../src-main/main/sharedEngine.ts";

const cats: LoadRequest = { path: "/models/cats", provider: "cpu", memory: "auto" };
const dogs: LoadRequest = { ...cats, path: "/models/dogs" };

/** An engine that opens at once, telling how far it is, and draws when it is told to. */
function scenario() {
  const listeners = new Map<string, (payload: never) => void>();
  const emit = <Name extends keyof EngineEvents>(name: Name, payload: Partial<EngineEvents[Name]>) =>
    listeners.get(name)?.(payload as never);
  const engine = new SharedEngine(
    {
      api: {
        load: ({ path }: LoadRequest) => {
          emit("loading", { message: path });
          return Promise.resolve({ path, name: path } as ModelSummary);
        },
      } as never,
      kill: () => undefined,
      on: (name: string, listener: (payload: never) => void) => {
        listeners.set(name, listener);
        return () => listeners.delete(name);
      },
    },
    "/models/demo",
  );
  return { engine, emit };
}

function window(...jobs: string[]): { told: string[]; listener: Listener } {
  const told: string[] = [];
  const listener: Listener = {
    jobs,
    onLoading: ({ message }) => told.push(`loading ${message}`),
    onStep: ({ jobId, step }) => told.push(`step ${step} of ${jobId}`),
    onImage: ({ jobId }) => told.push(`image of ${jobId}`),
  };
  return { told, listener };
}

test("steps, pictures and the opening of a checkpoint are told to the call that they belong to", async () => {
  const { engine, emit } = scenario();
  const [a, b] = [window("job a"), window("job b")];
  let end: (value: string) => void = () => undefined;
  const first = engine.with(cats, () => new Promise<string>((resolve) => (end = resolve)), a.listener);
  await expect.poll(() => a.told).toEqual(["loading /models/cats"]);
  const second = engine.with(
    dogs,
    () => {
      emit("step", { jobId: "job a", step: 1 });
      emit("step", { jobId: "job b", step: 1 });
      emit("image", { jobId: "job b" });
      return Promise.resolve("drawn");
    },
    b.listener,
  );
  expect(await second).toBe("drawn");
  emit("image", { jobId: "job a" });
  end("drawn too");
  expect(await first).toBe("drawn too");
  emit("step", { jobId: "job b", step: 2 }); // nobody waits for it any more
  expect(a.told).toEqual(["loading /models/cats", "step 1 of job a", "image of job a"]);
  expect(b.told).toEqual(["loading /models/dogs", "step 1 of job b", "image of job b"]);
});

test("a call that fails is told of no more", async () => {
  const { engine, emit } = scenario();
  const { told, listener } = window("job");
  await expect(engine.with(cats, () => Promise.reject(new Error("no")), listener)).rejects.toThrow("no");
  emit("step", { jobId: "job", step: 1 });
  expect(told).toEqual(["loading /models/cats"]);
});
